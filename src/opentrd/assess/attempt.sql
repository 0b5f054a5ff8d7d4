-- attempt: one row is one attempt at treatment before it is placed in an episode.
--   person_id, trial_id
--   kind         drug, combination, augmentation, procedure, psychotherapy
--   agents       what was given; for a combination or augmentation the base agent first, joined by ' + '
--   classes      the same for their classes
--   agent        the agent or procedure that the attempt is about (the added one, for a combination or augmentation)
--   era_no       its era or course
--   base_trial   the drug trial that it was added to
--   sure_start, supply_end, bridged_end, last_issue, may_start, may_end   as in era
--   days_low, days_high   days, certain and possible; for joint use the joint days
--   sessions, laterality  of a procedure
WITH drug AS (
  SELECT e.person_id, e.person_id || '/' || e.agent || '/' || CAST(e.era_no AS VARCHAR) AS trial_id, e.agent, k.class, k.role, e.era_no,
         e.sure_start, e.supply_end, e.bridged_end, e.last_issue, e.may_start, e.may_end, e.days_low, e.days_high, e.top_dose_mg
  FROM assess.era AS e JOIN knowledge.agent AS k ON k.agent = e.agent
  WHERE e.gap_rule = 'trial'
), pair AS (
  SELECT b.person_id, b.trial_id AS base_trial, b.agent AS base_agent, b.class AS base_class, a.agent, a.class, a.role, a.era_no, a.trial_id AS added_trial,
         a.top_dose_mg,
         CASE WHEN b.sure_start > a.sure_start THEN b.sure_start ELSE a.sure_start END AS sure_start,
         CASE WHEN b.bridged_end < a.bridged_end THEN b.bridged_end ELSE a.bridged_end END AS sure_end,
         CASE WHEN b.supply_end < a.supply_end THEN b.supply_end ELSE a.supply_end END AS supply_end,
         CASE WHEN b.last_issue < a.last_issue THEN b.last_issue ELSE a.last_issue END AS last_issue,
         CASE WHEN b.may_start > a.may_start THEN b.may_start ELSE a.may_start END AS may_start,
         CASE WHEN b.may_end < a.may_end THEN b.may_end ELSE a.may_end END AS may_end
  FROM drug AS b
  JOIN drug AS a ON a.person_id = b.person_id AND a.agent <> b.agent AND a.may_start <= b.may_end AND b.may_start <= a.may_end
  WHERE b.role = 'antidepressant'
    AND (a.role = 'augmenting'
         OR (a.role = 'antidepressant' AND (b.may_start < a.may_start OR (b.may_start = a.may_start AND b.agent < a.agent))))
), joint AS (
  SELECT p.*, coalesce(CASE WHEN sure_start <= sure_end AND sure_start IS NOT NULL THEN date_diff('day', sure_start, sure_end) + 1 END, 0) AS days_low,
         date_diff('day', may_start, may_end) + 1 AS days_high
  FROM pair AS p
)
SELECT person_id, CAST(trial_id AS VARCHAR) AS trial_id, CAST('drug' AS VARCHAR) AS kind, CAST(agent AS VARCHAR) AS agents,
       CAST(class AS VARCHAR) AS classes, CAST(agent AS VARCHAR) AS agent, era_no, CAST(NULL AS VARCHAR) AS base_trial,
       sure_start, supply_end, bridged_end, last_issue, may_start, may_end,
       CAST(days_low AS BIGINT) AS days_low, CAST(days_high AS BIGINT) AS days_high, CAST(top_dose_mg AS DOUBLE) AS top_dose_mg,
       CAST(NULL AS BIGINT) AS sessions, CAST(NULL AS VARCHAR) AS laterality
FROM drug
WHERE role IN ('antidepressant', 'augmenting', 'rapid-acting')
UNION ALL
SELECT j.person_id, j.base_trial || ' + ' || j.agent || '/' || CAST(j.era_no AS VARCHAR),
       CASE WHEN j.role = 'augmenting' THEN 'augmentation' ELSE 'combination' END,
       j.base_agent || ' + ' || j.agent, j.base_class || ' + ' || j.class, j.agent, j.era_no, j.base_trial,
       CASE WHEN j.days_low > 0 THEN j.sure_start END, CASE WHEN j.days_low > 0 AND j.supply_end >= j.sure_start THEN j.supply_end END,
       CASE WHEN j.days_low > 0 THEN j.sure_end END,
       j.last_issue, j.may_start, j.may_end, j.days_low, j.days_high, j.top_dose_mg, NULL, NULL
FROM joint AS j
JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
WHERE j.days_high >= g.value
UNION ALL
SELECT person_id, person_id || '/' || procedure || '/' || CAST(course_no AS VARCHAR),
       CASE WHEN grp = 'psychotherapy' THEN 'psychotherapy' ELSE 'procedure' END,
       procedure, grp, procedure, course_no, NULL, sure_start, sure_end, sure_end, sure_start, may_start, may_end,
       CASE WHEN sure_start <= sure_end THEN date_diff('day', sure_start, sure_end) + 1 ELSE 0 END,
       date_diff('day', may_start, may_end) + 1, NULL, sessions, laterality
FROM assess.course
