-- sign_evidence: one row is one row of the record that speaks for or against a sign.
--   person_id, sign
--   table_name, row_id   the row: a condition, a measurement, or a rating (the occasion whose items were summed)
--   subject       the condition or the measure
--   low, high     value, lower and upper bound; null: a condition, or no bound known
--   day_low, day_high   the day on which it was last so, as an interval; null: not known
--   truth         true: shows the sign; false: rules it out; null: may show it (no value, a value between bounds, a day that is not known, two
--                 values that may both be the latest and disagree)
--   past          it rules the sign out, but on a day too long ago to speak of the time since: truth is null then
--   knowledge_status    of the rule by which it speaks
WITH measured AS (
  SELECT person_id, CASE WHEN origin = 'summed' THEN 'rating' ELSE 'measurement' END AS table_name, rating_id AS row_id, measure AS subject, low, high, date_low, date_high
  FROM assess.rating WHERE origin <> 'converted'
  UNION ALL
  SELECT i.person_id, 'measurement', i.measurement_id, k.measure, i.value, i.value, i.date_low, i.date_high
  FROM assess.rating_item AS i
  JOIN knowledge.scale_item AS k ON k.scale = i.measure AND k.item = i.item
  UNION ALL
  SELECT person_id, 'measurement', measurement_id, measure, low, high, date_low, date_high FROM assess.lab
), wanted_measure AS (
  SELECT DISTINCT subject FROM assess.sign_wanted WHERE kind = 'measure'
), placed AS (
  SELECT m.*, max(m.date_low) OVER (PARTITION BY m.person_id, m.subject) AS latest_low
  FROM measured AS m JOIN wanted_measure AS w ON w.subject = m.subject
), reading AS (  -- last: no row of the measure is certainly later
  SELECT c.person_id, 'condition' AS kind, 'condition' AS table_name, c.condition_id AS row_id, c.condition AS subject, coalesce(c.present, TRUE) AS there,
         CAST(NULL AS DOUBLE) AS low, CAST(NULL AS DOUBLE) AS high,
         CASE WHEN c.course = 'open' THEN CASE WHEN coalesce(c.present, TRUE) THEN a.anchor ELSE c.start_earliest END  -- ruled out once is not ruled out ever after
              WHEN c.course = 'point' THEN c.start_earliest WHEN c.end_earliest > a.anchor THEN a.anchor ELSE c.end_earliest END AS day_low,
         CASE WHEN c.course = 'open' THEN CASE WHEN NOT coalesce(c.present, TRUE) AND coalesce(c.start_latest < a.anchor, c.start_earliest IS NULL) THEN c.start_latest ELSE a.anchor END
              WHEN c.course = 'point' THEN c.start_latest WHEN c.end_latest > a.anchor THEN a.anchor ELSE c.end_latest END AS day_high,
         TRUE AS last, a.anchor
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  WHERE coalesce(c.start_earliest <= a.anchor, TRUE)
  UNION ALL
  SELECT p.person_id, 'measure', p.table_name, p.row_id, p.subject, TRUE, p.low, p.high, p.date_low, p.date_high, coalesce(p.date_high >= p.latest_low, TRUE), a.anchor
  FROM placed AS p
  JOIN assess.as_of AS a ON a.person_id = p.person_id
), asked AS (
  SELECT r.person_id, w.sign, w.last_only, w.kind, w.at_least, w.above, w.up_to, w.below, r.table_name, r.row_id, r.subject, r.low, r.high, r.day_low, r.day_high, w.speaks, w.knowledge_status,
         NOT coalesce(date_diff('day', r.day_low, r.anchor) <= w.denied_days, w.denied_days IS NULL) AS late,
         CASE WHEN w.within_days IS NULL THEN TRUE WHEN date_diff('day', r.day_low, r.anchor) <= w.within_days THEN TRUE
              WHEN date_diff('day', r.day_high, r.anchor) > w.within_days THEN FALSE END AS in_time,
         CASE WHEN NOT r.there THEN FALSE
              ELSE CASE WHEN w.at_least IS NULL THEN TRUE WHEN r.low >= w.at_least THEN TRUE WHEN r.high < w.at_least THEN FALSE END
               AND CASE WHEN w.above IS NULL THEN TRUE WHEN r.low > w.above THEN TRUE WHEN r.high <= w.above THEN FALSE END
               AND CASE WHEN w.up_to IS NULL THEN TRUE WHEN r.high <= w.up_to THEN TRUE WHEN r.low > w.up_to THEN FALSE END
               AND CASE WHEN w.below IS NULL THEN TRUE WHEN r.high < w.below THEN TRUE WHEN r.low >= w.below THEN FALSE END END AS each_holds
  FROM reading AS r
  JOIN assess.sign_wanted AS w ON w.kind = r.kind AND w.subject = r.subject
  WHERE r.last OR NOT w.last_only
), agreed AS (  -- of several that may be the latest, all have to say the same
  SELECT *, min(CASE WHEN each_holds THEN 1 WHEN NOT each_holds THEN 0 ELSE 2 END) OVER (PARTITION BY person_id, sign, subject, speaks, at_least, above, up_to, below) AS least,
         max(CASE WHEN each_holds THEN 1 WHEN NOT each_holds THEN 0 ELSE 2 END) OVER (PARTITION BY person_id, sign, subject, speaks, at_least, above, up_to, below) AS most
  FROM asked WHERE coalesce(in_time, TRUE)
), spoken AS (
  SELECT *, CASE WHEN last_only AND least <> most THEN NULL WHEN speaks = 'against' THEN NOT each_holds ELSE each_holds END AS says_so FROM agreed
)
SELECT person_id, CAST(sign AS VARCHAR) AS sign, CAST(table_name AS VARCHAR) AS table_name, CAST(row_id AS VARCHAR) AS row_id, CAST(subject AS VARCHAR) AS subject,
       CAST(low AS DOUBLE) AS low, CAST(high AS DOUBLE) AS high, CAST(day_low AS DATE) AS day_low, CAST(day_high AS DATE) AS day_high,
       CAST(CASE WHEN NOT says_so AND late THEN NULL WHEN NOT says_so THEN FALSE WHEN in_time THEN says_so END AS BOOLEAN) AS truth,
       CAST(coalesce(NOT says_so AND late, FALSE) AS BOOLEAN) AS past, CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM spoken
WHERE CASE WHEN speaks = 'both' OR kind = 'condition' THEN says_so IS NULL OR says_so OR in_time
           WHEN speaks = 'for' THEN coalesce(says_so, TRUE)
           ELSE NOT coalesce(says_so, TRUE) AND in_time END
