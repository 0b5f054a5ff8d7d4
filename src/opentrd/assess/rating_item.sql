-- rating_item: one row is one answer to one item of a rating scale, as recorded.
--   person_id, measurement_id
--   measure        the scale
--   item           number of the item in its scale
--   date_low, date_high   first and last possible day, not after as_of; null: undated
--   value          the answer, points; null: not answered, or no number that the item can take (a refusal code)
--   last           is this among the latest answers to this item: no answer to it is certainly later. Undated answers are
--                  the latest only where none is dated. Rows without an answer are not
WITH answer AS (
  SELECT m.person_id, m.measurement_id, i.scale, i.item, m.date_earliest AS date_low,
         CASE WHEN m.date_latest > a.anchor THEN a.anchor ELSE m.date_latest END AS date_high,
         CASE WHEN m.sign = '=' AND m.value BETWEEN k.min_value AND k.max_value THEN m.value END AS value
  FROM knowledge.scale_item AS i
  JOIN knowledge.measure AS k ON k.measure = i.measure
  JOIN record.measurement AS m ON m.measure = i.measure
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  WHERE coalesce(m.date_earliest <= a.anchor, TRUE)
), latest AS (
  SELECT *, max(CASE WHEN value IS NOT NULL THEN date_low END) OVER (PARTITION BY person_id, scale, item) AS latest_low
  FROM answer
)
SELECT person_id, measurement_id, CAST(scale AS VARCHAR) AS measure, item,
       CAST(date_low AS DATE) AS date_low, CAST(date_high AS DATE) AS date_high, CAST(value AS DOUBLE) AS value,
       CAST(value IS NOT NULL AND coalesce(date_high >= latest_low, latest_low IS NULL) AS BOOLEAN) AS last
FROM latest
