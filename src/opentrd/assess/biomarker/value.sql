-- biomarker_value: one row is one person and one biomarker: its latest value. Values that cannot be read are rows only where no other is there.
--   person_id, measure
--   side             blood, saliva, urine or brain
--   low, high        bounds of the value in the unit of the measure (imaging: as recorded); high null: no upper bound; both null: not read
--   unit             the unit of low and high
--   value            the value in words
--   reason           why it cannot be read; null: it is
--   assay            as recorded; null: not recorded with one of them, or several
--   measurement_id   the measurement, the first by id of several of the same day
--   date_low, date_high   first and last possible day
--   knowledge_status weakest of the measure and its unit
WITH asked AS (
  SELECT d.measure, d.side, m.kind FROM knowledge.biomarker_direction AS d JOIN knowledge.measure AS m ON m.measure = d.measure
  UNION ALL
  SELECT DISTINCT r.measure, 'blood', m.kind FROM knowledge.biomarker_rule AS r JOIN knowledge.measure AS m ON m.measure = r.measure WHERE r.kind = 'challenge'
), imaged AS (
  SELECT m.person_id, m.measurement_id, m.measure, m.date_earliest AS date_low, m.date_latest AS date_high, m.value AS low, m.value AS high, m.unit,
         CASE WHEN m.value IS NULL THEN 'no value' WHEN m.sign IS NULL THEN 'a sign that is not understood' WHEN m.sign <> '=' THEN 'not a value but a bound' END AS reason, m.assay, k.knowledge_status,
         max(CASE WHEN m.value IS NOT NULL THEN m.date_earliest END) OVER (PARTITION BY m.person_id, m.measure) AS latest_low
  FROM knowledge.measure AS k
  JOIN record.measurement AS m ON m.measure = k.measure
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  WHERE k.kind = 'imaging' AND coalesce(m.date_earliest <= a.anchor, TRUE)
), latest AS (
  SELECT person_id, measurement_id, measure, date_low, date_high, low, high, unit, reason, assay, knowledge_status, coalesce(last, FALSE) AS last
  FROM assess.lab
  UNION ALL
  SELECT person_id, measurement_id, measure, date_low, date_high, low, high, unit, reason, assay, knowledge_status,
         reason IS NULL AND coalesce(date_high >= latest_low, latest_low IS NULL)
  FROM imaged
), ranked AS (
  SELECT l.*, q.side, rank() OVER (PARTITION BY l.person_id, l.measure ORDER BY CASE WHEN l.last THEN 0 WHEN l.reason IS NOT NULL THEN 1 ELSE 2 END) AS nth
  FROM latest AS l JOIN asked AS q ON q.measure = l.measure
  WHERE l.last OR l.reason IS NOT NULL
), one AS (
  SELECT person_id, measure, side, min(low) AS low, CASE WHEN max(CASE WHEN reason IS NULL AND high IS NULL THEN 1 ELSE 0 END) = 0 THEN max(high) END AS high, min(unit) AS unit,
         min(reason) AS reason, CASE WHEN count(DISTINCT assay) = 1 AND count(assay) = count(*) THEN min(assay) END AS assay, min(measurement_id) AS measurement_id, min(date_low) AS date_low, max(date_high) AS date_high,
         max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM ranked WHERE nth = 1 GROUP BY person_id, measure, side
), hundredths AS (  -- numbers become text in whole hundredths; beyond a million million they stay unwritten
  SELECT *, CASE WHEN low BETWEEN -1000000000000 AND 1000000000000 THEN CAST(low * 100 AS BIGINT) END AS low_100,
         CASE WHEN high BETWEEN -1000000000000 AND 1000000000000 THEN CAST(high * 100 AS BIGINT) END AS high_100
  FROM one
), whole AS (
  SELECT *, CAST(low_100 / nullif(100, 0) - 0.495 AS BIGINT) AS low_1, CAST(high_100 / nullif(100, 0) - 0.495 AS BIGINT) AS high_1 FROM hundredths
), written AS (
  SELECT *, CAST(low_1 AS VARCHAR) || CASE WHEN low_100 = low_1 * 100 THEN ''
           WHEN low_100 - low_1 * 100 = 10 * CAST((low_100 - low_1 * 100) / nullif(10, 0) AS BIGINT) THEN '.' || CAST(CAST((low_100 - low_1 * 100) / nullif(10, 0) AS BIGINT) AS VARCHAR)
           WHEN low_100 - low_1 * 100 < 10 THEN '.0' || CAST(low_100 - low_1 * 100 AS VARCHAR) ELSE '.' || CAST(low_100 - low_1 * 100 AS VARCHAR) END AS low_text,
         CAST(high_1 AS VARCHAR) || CASE WHEN high_100 = high_1 * 100 THEN ''
           WHEN high_100 - high_1 * 100 = 10 * CAST((high_100 - high_1 * 100) / nullif(10, 0) AS BIGINT) THEN '.' || CAST(CAST((high_100 - high_1 * 100) / nullif(10, 0) AS BIGINT) AS VARCHAR)
           WHEN high_100 - high_1 * 100 < 10 THEN '.0' || CAST(high_100 - high_1 * 100 AS VARCHAR) ELSE '.' || CAST(high_100 - high_1 * 100 AS VARCHAR) END AS high_text
  FROM whole
)
SELECT person_id, measure, CAST(side AS VARCHAR) AS side, CAST(low AS DOUBLE) AS low, CAST(high AS DOUBLE) AS high, CAST(unit AS VARCHAR) AS unit,
       CAST(CASE WHEN reason IS NOT NULL THEN NULL WHEN low = high THEN low_text WHEN high IS NULL THEN low_text || ' or more' ELSE low_text || ' to ' || high_text END AS VARCHAR) AS value,
       CAST(reason AS VARCHAR) AS reason, assay, measurement_id, CAST(date_low AS DATE) AS date_low, CAST(date_high AS DATE) AS date_high,
       CAST(CASE weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM written
