-- rating: one row is one person, one rating scale (or subscale) and one occasion: its total.
--   person_id
--   rating_id      the measurement of the total, else '<measure>/<date>' of the summed items; unique within the person
--   measure        the scale
--   date_low, date_high   first and last possible day, not after as_of; null: undated
--   low, high      bounds of the total, points; equal when it is known
--   origin         recorded: the total is recorded; summed: its items are
--   complete       is the total recorded without < or >, or is every item answered
--   band_low, band_high   severity band at either bound;  band_scheme  the scheme that names them
--   higher_is      worse, better, positive (a screen), morning
--   construct      what the scale measures
--   trial_outcome  may its change say whether an antidepressant treatment worked
--   reason         why a recorded total is not used (low and high are then null); null: it is
--   last           is this among the latest occasions of the scale: none is certainly later. Undated ones are the latest only
--                  where none is dated
--   answered       answers given, where items are recorded
--   prorated       the total with unanswered items at the mean of the others, where a rule is published
--   agrees         does a recorded total lie within what the items of the same day allow; null: no items
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH recorded AS (
  SELECT m.person_id, m.measurement_id AS rating_id, s.scale, m.date_earliest AS date_low,
         CASE WHEN m.date_latest > a.anchor THEN a.anchor ELSE m.date_latest END AS date_high,
         CASE WHEN m.value < k.min_value OR m.value > k.max_value THEN NULL WHEN m.sign = '<' THEN k.min_value ELSE m.value END AS low,
         CASE WHEN m.value < k.min_value OR m.value > k.max_value THEN NULL WHEN m.sign = '>' THEN k.max_value ELSE m.value END AS high,
         coalesce(m.sign, '=') = '=' AND m.value BETWEEN coalesce(k.min_value, m.value) AND coalesce(k.max_value, m.value) AS complete,
         CASE WHEN m.value IS NULL THEN 'no value' WHEN m.value < k.min_value OR m.value > k.max_value THEN 'outside the range of the scale' END AS reason
  FROM knowledge.scale AS s
  JOIN knowledge.measure AS k ON k.measure = s.scale
  JOIN record.measurement AS m ON m.measure = s.scale
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  WHERE coalesce(m.date_earliest <= a.anchor, TRUE)
), keyed AS (  -- days that join: no day at all is a day of its own
  SELECT *, coalesce(date_low, CAST('0001-01-01' AS DATE)) AS key_low, coalesce(date_high, CAST('0001-01-01' AS DATE)) AS key_high FROM recorded
), summed AS (
  SELECT *, coalesce(date_low, CAST('0001-01-01' AS DATE)) AS key_low, coalesce(date_high, CAST('0001-01-01' AS DATE)) AS key_high FROM assess.measure_sum
), total AS (
  SELECT r.person_id, r.rating_id, r.scale, r.date_low, r.date_high, r.low, r.high, 'recorded' AS origin, r.complete, s.answered, s.prorated,
         r.low <= s.high AND r.high >= s.low AS agrees, r.reason
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
), latest AS (
  SELECT *, max(CASE WHEN reason IS NULL THEN date_low END) OVER (PARTITION BY person_id, scale) AS latest_low FROM total
), fact AS (
  SELECT scale, knowledge_status FROM knowledge.scale
  UNION ALL SELECT measure, knowledge_status FROM knowledge.measure
  UNION ALL SELECT scale, knowledge_status FROM knowledge.scale_rule
), status AS (
  SELECT scale, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest FROM fact GROUP BY scale
)
SELECT t.person_id, CAST(t.rating_id AS VARCHAR) AS rating_id, CAST(t.scale AS VARCHAR) AS measure,
       CAST(t.date_low AS DATE) AS date_low, CAST(t.date_high AS DATE) AS date_high, CAST(t.low AS DOUBLE) AS low, CAST(t.high AS DOUBLE) AS high,
       CAST(t.origin AS VARCHAR) AS origin, CAST(coalesce(t.complete, FALSE) AS BOOLEAN) AS complete,
       CAST(l.band AS VARCHAR) AS band_low, CAST(h.band AS VARCHAR) AS band_high, CAST(s.band_scheme AS VARCHAR) AS band_scheme,
       CAST(s.higher_is AS VARCHAR) AS higher_is, CAST(s.construct AS VARCHAR) AS construct, CAST(s.trial_outcome AS BOOLEAN) AS trial_outcome,
       CAST(t.reason AS VARCHAR) AS reason,
       CAST(t.reason IS NULL AND coalesce(t.date_high >= t.latest_low, t.latest_low IS NULL) AS BOOLEAN) AS last,
       t.answered, t.prorated, CAST(t.agrees AS BOOLEAN) AS agrees,
       CAST(CASE w.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM latest AS t
JOIN knowledge.scale AS s ON s.scale = t.scale
JOIN status AS w ON w.scale = t.scale
LEFT JOIN knowledge.scale_band AS l ON l.scheme = s.band_scheme AND l.scale = s.scale AND t.low >= l.from_score AND t.low < l.to_score + 1
LEFT JOIN knowledge.scale_band AS h ON h.scheme = s.band_scheme AND h.scale = s.scale AND t.high >= h.from_score AND t.high < h.to_score + 1
