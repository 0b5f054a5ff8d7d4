-- rating: one row is one person, one rating scale (or subscale) and one occasion: its total.
--   person_id
--   rating_id      the measurement of the total, else '<measure>/<date>' of the summed items, else
--                  '<measure>/<conversion>/<rating_id of the source>'; unique within the person
--   measure        the scale
--   date_low, date_high   first and last possible day, not after as_of; null: undated
--   low, high      bounds of the total, points; equal when it is known
--   origin         recorded: the total is recorded; summed: its items are; converted: worked out from another scale, only where the
--                  person was never rated by this one. No response or remission is read from a converted total
--   converted_from   the rating that was converted;  crosswalk  the published conversion
--   complete       is the total recorded without < or >, or is every item answered
--   band_low, band_high   severity band at either bound;  band_scheme  the scheme that names them
--   higher_is      worse, better, positive (a screen), morning
--   construct      what the scale measures
--   trial_outcome  may its change say whether an antidepressant treatment worked
--   reason         why a recorded total is not used (low and high are then null); null: it is
--   last           is this among the latest occasions of the scale: none is certainly later. Undated ones are the latest only
--                  where none is dated. A converted total never is
--   answered       answers given, where items are recorded
--   prorated       the total with unanswered items at the mean of the others, where a rule is published
--   agrees         does a recorded total lie within what the items of the same day allow; null: no items
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH latest AS (
  SELECT *, max(CASE WHEN reason IS NULL THEN date_low END) OVER (PARTITION BY person_id, scale) AS latest_low FROM assess.measure_total
), united AS (
  SELECT person_id, scale, rating_id, date_low, date_high, low, high, origin, complete, answered, prorated, agrees, reason,
         reason IS NULL AND coalesce(date_high >= latest_low, latest_low IS NULL) AS last, CAST(NULL AS VARCHAR) AS converted_from, CAST(NULL AS VARCHAR) AS crosswalk
  FROM latest
  UNION ALL
  SELECT person_id, scale, rating_id, date_low, date_high, low, high, 'converted', complete, NULL, NULL, NULL, NULL, FALSE, converted_from, crosswalk
  FROM assess.measure_converted
), fact AS (
  SELECT scale, knowledge_status FROM knowledge.scale
  UNION ALL SELECT measure, knowledge_status FROM knowledge.measure
  UNION ALL SELECT scale, knowledge_status FROM knowledge.scale_rule
), status AS (
  SELECT scale, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest FROM fact GROUP BY scale
)
SELECT t.person_id, CAST(t.rating_id AS VARCHAR) AS rating_id, CAST(t.scale AS VARCHAR) AS measure,
       CAST(t.date_low AS DATE) AS date_low, CAST(t.date_high AS DATE) AS date_high, CAST(t.low AS DOUBLE) AS low, CAST(t.high AS DOUBLE) AS high,
       CAST(t.origin AS VARCHAR) AS origin, CAST(t.complete AS BOOLEAN) AS complete,
       CAST(l.band AS VARCHAR) AS band_low, CAST(h.band AS VARCHAR) AS band_high, CAST(s.band_scheme AS VARCHAR) AS band_scheme,
       CAST(s.higher_is AS VARCHAR) AS higher_is, CAST(s.construct AS VARCHAR) AS construct, CAST(s.trial_outcome AS BOOLEAN) AS trial_outcome,
       CAST(t.reason AS VARCHAR) AS reason,
       CAST(t.last AS BOOLEAN) AS last,
       t.answered, t.prorated, CAST(t.agrees AS BOOLEAN) AS agrees, CAST(t.converted_from AS VARCHAR) AS converted_from, CAST(t.crosswalk AS VARCHAR) AS crosswalk,
       CAST(CASE w.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM united AS t
JOIN knowledge.scale AS s ON s.scale = t.scale
JOIN status AS w ON w.scale = t.scale
LEFT JOIN knowledge.scale_band AS l ON l.scheme = s.band_scheme AND l.scale = s.scale AND t.low >= l.from_score AND t.low < l.to_score + 1
LEFT JOIN knowledge.scale_band AS h ON h.scheme = s.band_scheme AND h.scale = s.scale AND t.high >= h.from_score AND t.high < h.to_score + 1
