-- finding_level: one row is one person, one drug with a measured level, one published range and one side of it.
--   person_id, finding   level_below_range, level_above_range
--   subject, source      the drug; the scheme of the range
--   grp, place    pseudo_resistance, order on the page
--   present       true, false; null: not known (the range is that of a sum, and the metabolite is missing)
--   value, unit   level, lowest (with its metabolite where the range is a sum), ng/mL or mmol/L;  threshold  the range, rounded
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   the level of the drug; null
--   knowledge_status   of the range
WITH level AS (
  SELECT person_id, measure, min(measurement_id) AS measurement_id, min(low) AS low, max(high) AS high, min(unit) AS unit
  FROM assess.lab WHERE kind = 'drug level' AND usable AND last GROUP BY person_id, measure
), held AS (
  SELECT l.person_id, r.agent, r.scheme, r.value_low, r.value_high, r.unit, l.measurement_id, r.knowledge_status, l.low + coalesce(m.low, 0) AS low,
         CASE WHEN NOT r.is_sum THEN l.high WHEN m.high IS NOT NULL THEN l.high + m.high END AS high
  FROM level AS l
  JOIN knowledge.level_range AS r ON r.measure = l.measure AND r.unit = l.unit AND r.kind = 'range' AND r.from_age IS NULL
  LEFT JOIN level AS m ON m.person_id = l.person_id AND m.measure = r.metabolite AND r.is_sum
), judged AS (
  SELECT *, 'level_below_range' AS finding, CASE WHEN high < value_low THEN TRUE WHEN low >= value_low THEN FALSE END AS present FROM held WHERE value_low IS NOT NULL
  UNION ALL
  SELECT *, 'level_above_range', CASE WHEN low > value_high THEN TRUE WHEN high <= value_high THEN FALSE END FROM held WHERE value_high IS NOT NULL
), rounded AS (
  SELECT *, CAST(low * 10 AS BIGINT) AS tenths FROM judged
)
SELECT j.person_id, CAST(j.finding AS VARCHAR) AS finding, CAST(j.agent AS VARCHAR) AS subject, CAST(j.scheme AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(j.present AS BOOLEAN) AS present,
       CAST(CAST(CAST(j.tenths / nullif(10, 0) - 0.45 AS BIGINT) AS VARCHAR) || CASE WHEN j.tenths = CAST(j.tenths / nullif(10, 0) - 0.45 AS BIGINT) * 10 THEN ''
            ELSE '.' || CAST(j.tenths - CAST(j.tenths / nullif(10, 0) - 0.45 AS BIGINT) * 10 AS VARCHAR) END AS VARCHAR) AS value,
       CAST(j.unit AS VARCHAR) AS unit,
       CAST(CASE WHEN j.unit = 'ng/mL' THEN coalesce(CAST(CAST(j.value_low AS BIGINT) AS VARCHAR), '') || ' to ' || coalesce(CAST(CAST(j.value_high AS BIGINT) AS VARCHAR), '')
                 ELSE 'range of ' || j.scheme END AS VARCHAR) AS threshold,
       CAST(CASE WHEN j.present THEN f.says_present WHEN NOT j.present THEN f.says_absent ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN j.present IS NULL THEN f.settles END AS VARCHAR) AS settles, CAST(j.measurement_id AS VARCHAR) AS measurement_id,
       CAST(NULL AS VARCHAR) AS basis_id, CAST(j.knowledge_status AS VARCHAR) AS knowledge_status
FROM rounded AS j
JOIN knowledge.finding AS f ON f.finding = j.finding
