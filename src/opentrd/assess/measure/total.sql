-- measure_total: one row is one person, one rating scale and one occasion, recorded or summed from its items. Without severity bands.
--   person_id, scale
--   rating_id      the measurement of the total, else '<scale>/<date>'
--   date_low, date_high   first and last possible day, not after as_of; null: undated
--   low, high      bounds of the total, points
--   origin         recorded, summed
--   complete       is the total recorded without < or >, or is every item answered
--   answered, prorated, agrees, reason   as in rating
WITH recorded AS (
  SELECT m.person_id, m.measurement_id AS rating_id, s.scale, m.date_earliest AS date_low,
         CASE WHEN m.date_latest > a.anchor THEN a.anchor ELSE m.date_latest END AS date_high,
         CASE WHEN m.sign IS NULL OR m.value < k.min_value OR m.value > k.max_value THEN NULL WHEN m.sign = '<' THEN k.min_value ELSE m.value END AS low,
         CASE WHEN m.sign IS NULL OR m.value < k.min_value OR m.value > k.max_value THEN NULL WHEN m.sign = '>' THEN k.max_value ELSE m.value END AS high,
         m.sign = '=' AND m.value BETWEEN coalesce(k.min_value, m.value) AND coalesce(k.max_value, m.value) AS complete,
         CASE WHEN m.value IS NULL THEN 'no value' WHEN m.sign IS NULL THEN 'a sign that is not understood' WHEN m.value < k.min_value OR m.value > k.max_value THEN 'outside the range of the scale' END AS reason
  FROM knowledge.scale AS s
  JOIN knowledge.measure AS k ON k.measure = s.scale
  JOIN record.measurement AS m ON m.measure = s.scale
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  WHERE coalesce(m.date_earliest <= a.anchor, TRUE)
), keyed AS (  -- days that join: no day at all is a day of its own
  SELECT *, coalesce(date_low, CAST('0001-01-01' AS DATE)) AS key_low, coalesce(date_high, CAST('0001-01-01' AS DATE)) AS key_high FROM recorded
), summed AS (
  SELECT *, coalesce(date_low, CAST('0001-01-01' AS DATE)) AS key_low, coalesce(date_high, CAST('0001-01-01' AS DATE)) AS key_high FROM assess.measure_sum
)
SELECT r.person_id, CAST(r.rating_id AS VARCHAR) AS rating_id, CAST(r.scale AS VARCHAR) AS scale, CAST(r.date_low AS DATE) AS date_low, CAST(r.date_high AS DATE) AS date_high,
       CAST(r.low AS DOUBLE) AS low, CAST(r.high AS DOUBLE) AS high, CAST('recorded' AS VARCHAR) AS origin, CAST(coalesce(r.complete, FALSE) AS BOOLEAN) AS complete, s.answered, s.prorated,
       CAST(r.low <= s.high AND r.high >= s.low AS BOOLEAN) AS agrees, CAST(r.reason AS VARCHAR) AS reason
FROM keyed AS r
LEFT JOIN summed AS s ON s.person_id = r.person_id AND s.measure = r.scale AND s.key_low = r.key_low AND s.key_high = r.key_high
UNION ALL
SELECT s.person_id,
       s.measure || '/' || CASE WHEN s.date_low IS NULL THEN 'undated' WHEN s.date_low = s.date_high THEN CAST(s.date_low AS VARCHAR)
                                ELSE CAST(s.date_low AS VARCHAR) || '/' || CAST(s.date_high AS VARCHAR) END,
       s.measure, s.date_low, s.date_high, s.low, s.high, 'summed', s.complete, s.answered, s.prorated, NULL, NULL
FROM summed AS s
LEFT JOIN (SELECT DISTINCT person_id, scale, key_low, key_high FROM keyed WHERE reason IS NULL) AS r
  ON r.person_id = s.person_id AND r.scale = s.measure AND r.key_low = s.key_low AND r.key_high = s.key_high
WHERE r.person_id IS NULL
