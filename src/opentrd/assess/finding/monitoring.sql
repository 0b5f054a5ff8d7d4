-- finding_monitoring: one row is one person and one check of measurement-based care: what is due, what was missed.
--   person_id
--   finding        rating_due (the visit window is open), rating_missed (it has passed), side_effects_unrated, trial_unmeasured
--   subject        the trial, and the week of the visit
--   source, grp, place   the schedule of visits (or 'record'), monitoring, order on the page
--   present        true: due, missed, not rated; false: rated; null: not known
--   value, unit    days from the start of the trial to as_of
--   threshold      the days of the visit window
--   says, settles  what the page says, and what would settle it
--   measurement_id, basis_id   a rating in the window; the trial
--   knowledge_status   weakest status of the facts behind it
-- Visits are asked of antidepressants that may go on at as_of, from the baseline to the last planned visit. Side effects: of the same
-- trials at any age. Any rating at all: of the antidepressants of the last episode.
WITH trial AS (
  SELECT t.person_id, t.trial_id, t.certain_start, t.reckoned_to, a.as_of, date_diff('day', t.certain_start, a.as_of) AS age, t.reckoned_to >= a.as_of AS going_on,
         t.episode_id, o.kept
  FROM assess.trial AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  JOIN assess.as_of AS a ON a.person_id = t.person_id
  JOIN assess.kept AS o ON o.person_id = t.person_id AND o.table_name = 'measurement'
  WHERE t.kind = 'drug' AND t.certain_start <= a.as_of
), planned AS (
  SELECT scheme, week, knowledge_status, lead(week) OVER (PARTITION BY scheme ORDER BY week) AS next_week FROM knowledge.care_visit
), visit AS (
  SELECT p.scheme, p.week, CASE WHEN p.week = 0 THEN -b.value ELSE p.week * 7 - w.value END AS opens,
         CASE WHEN p.week = 0 THEN 0 WHEN p.next_week IS NULL THEN p.week * 7 + l.value ELSE p.next_week * 7 - w.value - 1 END AS closes,
         max(CASE WHEN p.knowledge_status = 'recalled' OR w.knowledge_status = 'recalled' THEN 'recalled' ELSE p.knowledge_status END) OVER (PARTITION BY p.scheme) AS knowledge_status
  FROM planned AS p
  JOIN knowledge.parameter AS b ON b.parameter = 'baseline_days'
  JOIN knowledge.parameter AS w ON w.parameter = 'visit_window_days'
  JOIN knowledge.parameter AS l ON l.parameter = 'last_visit_days'
), end_of_plan AS (
  SELECT max(closes) AS closes FROM visit
), rated AS (  -- a rating whose value cannot be read may be one
  SELECT person_id, rating_id, measure, trial_outcome, date_low, date_high, reason IS NULL AND coalesce(low, high) IS NOT NULL AS is_read FROM assess.rating
  WHERE origin <> 'converted' AND (trial_outcome OR measure = 'FIBSER burden')
), asked AS (  -- a visit that does not come before as_of is not asked for
  SELECT t.person_id, t.trial_id, t.certain_start, t.age, t.kept, v.scheme, v.week, v.opens, v.closes, v.knowledge_status, TRUE AS of_depression
  FROM trial AS t
  CROSS JOIN visit AS v
  CROSS JOIN end_of_plan AS z
  WHERE t.going_on AND v.opens <= t.age AND t.age <= z.closes
  UNION ALL
  SELECT t.person_id, t.trial_id, t.certain_start, t.age, t.kept, 'record', NULL, 1, t.age, 'verified', FALSE FROM trial AS t WHERE t.going_on AND t.age > 0
  UNION ALL
  SELECT t.person_id, t.trial_id, t.certain_start, t.age, t.kept, 'record', NULL, 1, date_diff('day', t.certain_start, t.reckoned_to) + g.value, g.knowledge_status, TRUE
  FROM trial AS t
  JOIN assess.episode AS e ON e.episode_id = t.episode_id AND e.is_last
  JOIN knowledge.parameter AS g ON g.parameter = 'outcome_tail_days'
  WHERE t.age > 0
), answered AS (
  SELECT q.person_id, q.trial_id, q.age, q.kept, q.scheme, q.week, q.opens, q.closes, q.knowledge_status, q.of_depression,
         min(CASE WHEN r.is_read AND date_diff('day', q.certain_start, r.date_low) >= q.opens AND date_diff('day', q.certain_start, r.date_high) <= q.closes THEN r.rating_id END) AS rating_id,
         max(CASE WHEN r.person_id IS NOT NULL AND coalesce(date_diff('day', q.certain_start, r.date_high) >= q.opens AND date_diff('day', q.certain_start, r.date_low) <= q.closes, TRUE)
                  THEN 1 ELSE 0 END) AS maybe
  FROM asked AS q
  LEFT JOIN rated AS r ON r.person_id = q.person_id AND r.trial_outcome = q.of_depression
  GROUP BY q.person_id, q.trial_id, q.age, q.kept, q.scheme, q.week, q.opens, q.closes, q.knowledge_status, q.of_depression
), judged AS (
  SELECT *, CASE WHEN rating_id IS NOT NULL THEN FALSE WHEN maybe = 1 THEN NULL WHEN kept THEN TRUE END AS present,
         CASE WHEN week IS NOT NULL THEN CASE WHEN age <= closes THEN 'rating_due' ELSE 'rating_missed' END
              WHEN of_depression THEN 'trial_unmeasured' ELSE 'side_effects_unrated' END AS finding
  FROM answered
)
SELECT j.person_id, CAST(j.finding AS VARCHAR) AS finding,
       CAST(CASE WHEN j.week IS NULL THEN j.trial_id ELSE j.trial_id || ' week ' || CAST(j.week AS VARCHAR) END AS VARCHAR) AS subject,
       CAST(j.scheme AS VARCHAR) AS source, CAST('monitoring' AS VARCHAR) AS grp, CAST(c.place AS BIGINT) AS place, CAST(j.present AS BOOLEAN) AS present,
       CAST(CAST(j.age AS BIGINT) AS VARCHAR) AS value, CAST('days' AS VARCHAR) AS unit,
       CAST(CASE WHEN j.week IS NOT NULL THEN 'day ' || CAST(CAST(j.opens AS BIGINT) AS VARCHAR) || ' to ' || CAST(CAST(j.closes AS BIGINT) AS VARCHAR) END AS VARCHAR) AS threshold,
       CAST(CASE WHEN j.present THEN c.says_present WHEN NOT j.present THEN c.says_absent ELSE c.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN j.present IS NULL THEN c.settles END AS VARCHAR) AS settles, CAST(j.rating_id AS VARCHAR) AS measurement_id, CAST(j.trial_id AS VARCHAR) AS basis_id,
       CAST(j.knowledge_status AS VARCHAR) AS knowledge_status
FROM judged AS j
JOIN knowledge.care_check AS c ON c.finding = j.finding
