-- attempt: one row is one attempt at treatment before it is placed in an episode.
--   person_id, trial_id
--   kind         drug, combination, augmentation, procedure, psychotherapy
--   agents       what was given; for a combination or augmentation the base agent first, joined by ' + '
--   classes      the same for their classes
--   agent        the agent or procedure that the attempt is about (the added one, for a combination or augmentation)
--   era_no       its era or course;  use_no  number of person and agent (of a drug), as in era
--   base_trial   the drug trial that it was added to
--   sure_start, supply_end, bridged_end, last_issue, may_start, may_end   as in era
--   days_low, days_high   days, certain and possible; for joint use the joint days
--   top_dose_mg  largest known daily dose, mg
--   sessions, laterality  of a procedure
--   trial_no     number within the person: the short key of joins
WITH drug AS (
  SELECT e.person_id, e.person_id || '/' || e.agent || '/' || CAST(e.era_no AS VARCHAR) AS trial_id, e.agent, k.class, k.role, e.era_no, e.use_no,
         e.sure_start, e.supply_end, e.bridged_end, e.last_issue, e.may_start, e.may_end, e.days_low, e.days_high, e.top_dose_mg
  FROM assess.era AS e JOIN knowledge.agent AS k ON k.agent = e.agent
  WHERE e.gap_rule = 'trial'
), pair AS (
  SELECT b.person_id, b.trial_id AS base_trial, b.agent AS base_agent, b.class AS base_class, b.use_no AS base_use, b.era_no AS base_era,
         a.agent, a.class, a.role, a.use_no, a.era_no, a.top_dose_mg, a.last_issue,
         CASE WHEN b.may_start > a.may_start THEN b.may_start ELSE a.may_start END AS may_start,
         CASE WHEN b.may_end < a.may_end THEN b.may_end ELSE a.may_end END AS may_end
  FROM drug AS b
  JOIN drug AS a ON a.person_id = b.person_id AND a.agent <> b.agent AND a.may_start <= b.may_end AND b.may_start <= a.may_end
  WHERE b.role = 'antidepressant'
    AND (a.role = 'augmenting'
         OR (a.role = 'antidepressant' AND (b.may_start < a.may_start OR (b.may_start = a.may_start AND b.agent < a.agent))))
), overlap AS (  -- certain joint use: the longest overlap of a certain piece of one with a certain piece of the other
  SELECT p.base_use, p.base_era, p.use_no, p.era_no,
         max(date_diff('day', CASE WHEN b.start_date > a.start_date THEN b.start_date ELSE a.start_date END,
                       CASE WHEN b.end_date < a.end_date THEN b.end_date ELSE a.end_date END) + 1) AS days,
         min(CASE WHEN b.start_date > a.start_date THEN b.start_date ELSE a.start_date END) AS start_date,
         max(CASE WHEN b.end_date < a.end_date THEN b.end_date ELSE a.end_date END) AS end_date
  FROM pair AS p
  JOIN assess.piece AS b ON b.use_no = p.base_use AND b.era_no = p.base_era
  JOIN assess.piece AS a ON a.use_no = p.use_no AND a.era_no = p.era_no AND a.start_date <= b.end_date AND b.start_date <= a.end_date
  GROUP BY p.base_use, p.base_era, p.use_no, p.era_no
), either AS (
  SELECT base_use, base_era, use_no, era_no, start_date, end_date, use_no AS part FROM overlap
  UNION ALL
  SELECT base_use, base_era, use_no, era_no, start_date, end_date, base_use FROM overlap
), gap AS (  -- where the supply of one of the two breaks off
  SELECT u.use_no, c.covered_to
  FROM assess.chain AS c JOIN assess.drug_use AS u ON u.reading_no = c.reading_no AND u.bound <> 'may'
  WHERE c.covered_to < c.start_date - 1
  UNION ALL
  SELECT use_no, end_date FROM assess.piece
), broken AS (
  SELECT e.base_use, e.base_era, e.use_no, e.era_no, min(g.covered_to) AS covered_to
  FROM either AS e JOIN gap AS g ON g.use_no = e.part AND g.covered_to >= e.start_date AND g.covered_to < e.end_date
  GROUP BY e.base_use, e.base_era, e.use_no, e.era_no
), joint AS (
  SELECT p.*, coalesce(b.covered_to, o.end_date) AS supply_end, o.start_date AS joint_start, o.end_date AS joint_end, coalesce(o.days, 0) AS days_low,
         date_diff('day', p.may_start, p.may_end) + 1 AS days_high
  FROM pair AS p
  LEFT JOIN overlap AS o ON o.base_use = p.base_use AND o.base_era = p.base_era AND o.use_no = p.use_no AND o.era_no = p.era_no
  LEFT JOIN broken AS b ON b.base_use = p.base_use AND b.base_era = p.base_era AND b.use_no = p.use_no AND b.era_no = p.era_no
), attempted AS (
  SELECT person_id, CAST(trial_id AS VARCHAR) AS trial_id, CAST('drug' AS VARCHAR) AS kind, CAST(agent AS VARCHAR) AS agents,
         CAST(class AS VARCHAR) AS classes, CAST(agent AS VARCHAR) AS agent, era_no, use_no, CAST(NULL AS VARCHAR) AS base_trial,
         sure_start, supply_end, bridged_end, last_issue, may_start, may_end,
         CAST(days_low AS BIGINT) AS days_low, CAST(days_high AS BIGINT) AS days_high, CAST(top_dose_mg AS DOUBLE) AS top_dose_mg,
         CAST(NULL AS BIGINT) AS sessions, CAST(NULL AS VARCHAR) AS laterality
  FROM drug
  WHERE role IN ('antidepressant', 'augmenting', 'rapid-acting')
  UNION ALL
  SELECT j.person_id, j.base_trial || ' + ' || j.agent || '/' || CAST(j.era_no AS VARCHAR),
         CASE WHEN j.role = 'augmenting' THEN 'augmentation' ELSE 'combination' END,
         j.base_agent || ' + ' || j.agent, j.base_class || ' + ' || j.class, j.agent, j.era_no, j.use_no, j.base_trial,
         j.joint_start, j.supply_end, j.joint_end,
         j.last_issue, j.may_start, j.may_end, j.days_low, j.days_high, j.top_dose_mg, NULL, NULL
  FROM joint AS j
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  WHERE j.days_high >= g.value
  UNION ALL
  SELECT person_id, person_id || '/' || procedure || '/' || CAST(course_no AS VARCHAR),
         CASE WHEN grp = 'psychotherapy' THEN 'psychotherapy' ELSE 'procedure' END,
         procedure, grp, procedure, course_no, NULL, NULL, sure_start, supply_end, sure_end, last_issue, may_start, may_end,
         days_low, days_high, NULL, sessions, laterality
  FROM assess.course
)
SELECT person_id, trial_id, kind, agents, classes, agent, era_no, use_no, base_trial, sure_start, supply_end, bridged_end, last_issue, may_start, may_end,
       days_low, days_high, top_dose_mg, sessions, laterality,
       CAST(row_number() OVER (PARTITION BY person_id ORDER BY kind, agent, era_no, base_trial NULLS FIRST) AS BIGINT) AS trial_no
FROM attempted
