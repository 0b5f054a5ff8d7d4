-- lab: one row is one laboratory value, vital sign, drug level or count of the history, in the unit of its measure.
--   person_id, measurement_id, measure
--   kind           lab, vital, drug level, history
--   date_low, date_high   first and last possible day, not after as_of; null: undated
--   low, high      bounds of the value; '<5' gives 0 to 5. usable and high null: no upper bound; both null when not usable
--   unit           the unit of low and high
--   usable         can the value be read in that unit
--   reason         why not usable; null when usable
--   sign           <, > or =, as recorded; null: not understood
--   recorded_value, recorded_unit   as recorded
--   assay          as recorded
--   last           is this among the latest usable values of the measure: none is certainly later. Undated ones are the latest
--                  only where none is dated
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH read AS (
  SELECT m.person_id, m.measurement_id, m.measure, k.kind, m.date_earliest AS date_low,
         CASE WHEN m.date_latest > a.anchor THEN a.anchor ELSE m.date_latest END AS date_high,
         m.sign, m.value, m.unit AS recorded_unit, m.assay, k.unit, k.min_value, k.max_value,
         lower(m.unit) = lower(k.unit) OR n.unit = k.unit OR (m.unit IS NULL AND k.kind = 'history') AS same_unit,
         c.factor, c.divisor, c.plus, k.knowledge_status AS measure_status, c.knowledge_status AS unit_status
  FROM knowledge.measure AS k
  JOIN record.measurement AS m ON m.measure = k.measure
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  LEFT JOIN (SELECT DISTINCT lower(name) AS name, unit FROM knowledge.unit_name) AS n ON n.name = lower(m.unit)
  LEFT JOIN knowledge.lab_unit AS c ON c.measure = m.measure AND c.unit = n.unit
  WHERE k.kind IN ('lab', 'vital', 'drug level', 'history') AND coalesce(m.date_earliest <= a.anchor, TRUE)
), converted AS (
  SELECT *, CASE WHEN same_unit THEN value WHEN factor IS NOT NULL THEN value * factor / nullif(divisor, 0) + plus END AS point FROM read
), judged AS (
  SELECT *, CASE WHEN value IS NULL THEN 'no value'
                 WHEN sign IS NULL THEN 'a sign that is not understood'
                 WHEN unit IS NULL THEN 'not a quantity'
                 WHEN recorded_unit IS NULL AND kind <> 'history' THEN 'no unit recorded'
                 WHEN point IS NULL THEN 'a unit that cannot be converted to ' || unit
                 WHEN point < min_value OR point > max_value THEN 'outside what the measure can be' END AS reason
  FROM converted
), latest AS (
  SELECT *, max(CASE WHEN reason IS NULL THEN date_low END) OVER (PARTITION BY person_id, measure) AS latest_low FROM judged
)
SELECT person_id, measurement_id, measure, CAST(kind AS VARCHAR) AS kind, CAST(date_low AS DATE) AS date_low, CAST(date_high AS DATE) AS date_high,
       CAST(CASE WHEN reason IS NULL THEN CASE WHEN sign = '<' THEN min_value ELSE point END END AS DOUBLE) AS low,
       CAST(CASE WHEN reason IS NULL THEN CASE WHEN sign = '>' THEN max_value ELSE point END END AS DOUBLE) AS high,
       CAST(unit AS VARCHAR) AS unit, CAST(reason IS NULL AS BOOLEAN) AS usable, CAST(reason AS VARCHAR) AS reason,
       CAST(sign AS VARCHAR) AS sign, CAST(value AS DOUBLE) AS recorded_value, recorded_unit, assay,
       CAST(reason IS NULL AND coalesce(date_high >= latest_low, latest_low IS NULL) AS BOOLEAN) AS last,
       CAST(CASE WHEN measure_status = 'recalled' OR (NOT same_unit AND unit_status = 'recalled') THEN 'recalled'
                 WHEN measure_status = 'verified' AND (same_unit OR coalesce(unit_status, 'verified') = 'verified') THEN 'verified'
                 ELSE 'transcribed' END AS VARCHAR) AS knowledge_status
FROM latest
