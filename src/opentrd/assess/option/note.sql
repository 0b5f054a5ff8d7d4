-- option_note: one row is one adult, one treatment in one role, and one thing that the person's own history says about it.
--   person_id, treatment, role
--   slot      reason or caution
--   note      the text: a reason begins with for, not known or tried, a caution with history or pharmacogenetics
--   weight    what it makes of the standing: 0 nothing, 1 caution, 2 already tried, 3 not known
--   safety    the same for safety alone
--   weakest   knowledge status of what it rests on: 0 verified or computed, 1 transcribed, 2 recalled
WITH asked AS (
  SELECT max(CASE WHEN parameter = 'early_improvement_days' THEN value END) AS early_days, max(CASE WHEN parameter = 'early_improvement_pct' THEN value END) AS early_pct,
         max(CASE WHEN parameter = 'too_early_days' THEN value END) AS too_early
  FROM knowledge.parameter
), listed AS (
  SELECT person_id, treatment, role, since_end FROM assess.option_listed
), now AS (  -- the last trial of a drug that may still be taken
  SELECT t.*, row_number() OVER (PARTITION BY t.person_id, t.treatment ORDER BY t.reckoned_to DESC, t.trial_no DESC) AS nth
  FROM assess.option_tried AS t WHERE t.role = 'optimise' AND coalesce(t.taken_now, TRUE)
), advised AS (
  SELECT DISTINCT d.person_id, p.treatment, CASE WHEN u.size > 1 THEN 'for ' || d.agent || ': ' ELSE '' END || d.source || ', ' || d.phenotype || ': ' || d.action AS says,
         CASE d.knowledge_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END AS weakest
  FROM assess.pgx_drug AS d
  JOIN knowledge.treatment_part AS p ON p.kind = 'agent' AND p.member = d.agent
  LEFT JOIN (SELECT DISTINCT treatment, part, size FROM assess.option_unit) AS u ON u.treatment = p.treatment AND u.part = p.part
  WHERE coalesce(d.avoid, FALSE) OR (coalesce(d.consider_alternative, FALSE) AND coalesce(d.actionable, FALSE))
), noted AS (
  SELECT l.person_id, l.treatment, l.role, CASE WHEN t.harm THEN 'caution' ELSE 'reason' END AS slot, t.outcome AS note,
         CASE WHEN t.harm THEN 1 WHEN t.failed AND l.role <> 'optimise' AND l.role <> 'stop' THEN 2 ELSE 0 END AS weight, CASE WHEN t.harm THEN 1 ELSE 0 END AS safety, 1 AS weakest
  FROM listed AS l JOIN assess.option_tried AS t ON t.person_id = l.person_id AND t.treatment = l.treatment AND t.role = l.role
  UNION ALL
  SELECT n.person_id, n.treatment, 'optimise', 'reason',
         CASE WHEN r.max_dose_mg IS NULL THEN 'not known: no dose range is known for it'
              WHEN n.top_dose_mg >= r.max_dose_mg THEN 'tried: at the top of the CANMAT range, ' || CAST(CAST(r.max_dose_mg AS BIGINT) AS VARCHAR) || ' mg a day'
              WHEN n.top_dose_mg IS NULL THEN 'not known: its dose is not recorded'
              ELSE 'for: below the top of the CANMAT range, ' || CAST(CAST(r.max_dose_mg AS BIGINT) AS VARCHAR) || ' mg a day' END,
         CASE WHEN n.top_dose_mg >= r.max_dose_mg THEN 2 WHEN n.top_dose_mg IS NULL OR r.max_dose_mg IS NULL THEN 3 ELSE 0 END, 0, 1
  FROM now AS n JOIN knowledge.treatment_role AS r ON r.treatment = n.treatment AND r.role = 'optimise' WHERE n.nth = 1
  UNION ALL
  SELECT n.person_id, n.treatment, 'optimise', CASE WHEN n.days_high < q.too_early THEN 'caution' ELSE 'reason' END,
         CASE WHEN n.days_high < q.too_early THEN 'history: too early to judge, ' || CAST(n.days_high AS VARCHAR) || ' days so far'
              ELSE 'for: less than ' || CAST(CAST(q.early_pct AS BIGINT) AS VARCHAR) || ' % improvement after ' || CAST(CAST(q.early_days AS BIGINT) AS VARCHAR)
                   || ' days: CANMAT 2023 raises the dose, or switches if poorly tolerated' END,
         CASE WHEN n.days_high < q.too_early THEN 1 ELSE 0 END, 0, CASE WHEN n.days_high < q.too_early THEN 2 ELSE 1 END
  FROM now AS n CROSS JOIN asked AS q
  WHERE n.nth = 1 AND (n.days_high < q.too_early OR (n.days_low >= q.early_days AND n.improvement_pct < q.early_pct))
  UNION ALL
  SELECT l.person_id, l.treatment, l.role, 'caution', 'pharmacogenetics: ' || d.says, 1, 1, d.weakest
  FROM listed AS l JOIN advised AS d ON d.person_id = l.person_id AND d.treatment = l.treatment WHERE l.role <> 'stop'
  UNION ALL
  SELECT person_id, treatment, role, 'caution', 'history: ended ' || CAST(since_end AS VARCHAR) || ' days before: what began since may be withdrawal and not relapse', 1, 0, 2
  FROM listed WHERE since_end IS NOT NULL
)
SELECT DISTINCT person_id, CAST(treatment AS VARCHAR) AS treatment, CAST(role AS VARCHAR) AS role, CAST(slot AS VARCHAR) AS slot, CAST(note AS VARCHAR) AS note,
       CAST(weight AS BIGINT) AS weight, CAST(safety AS BIGINT) AS safety, CAST(weakest AS BIGINT) AS weakest
FROM noted
