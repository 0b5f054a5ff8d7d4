-- option_open: one row is one adult, one treatment in one role whose standing a fact missing in the person's own history may turn, and why.
--   person_id, treatment, role
--   why     block: what blocks it, or may, rests on a drug of which no end is recorded (it counts as still taken); trial: a trial of it may have
--           failed, and none has for certain; dose: the dose that would be raised is not recorded
--   agent   block: the one drug that it all rests on; null: there are several
WITH open_end AS (  -- of no row of the drug an end is stated in part only: that is not asked
  SELECT x.person_id, x.agent
  FROM record.exposure AS x JOIN assess.as_of AS a ON a.person_id = x.person_id AND coalesce(x.start_earliest <= a.anchor, TRUE)
  GROUP BY x.person_id, x.agent
  HAVING max(CASE WHEN x.end_latest IS NULL AND coalesce(NOT x.ongoing, TRUE) THEN 1 ELSE 0 END) = 1
     AND max(CASE WHEN x.end_earliest < x.end_latest THEN 1 ELSE 0 END) = 0 AND max(CASE WHEN x.ongoing THEN 1 ELSE 0 END) = 0
), weighed AS (
  SELECT p.person_id, p.treatment, r.weight
  FROM assess.option_pattern AS p JOIN assess.option_ruling AS r ON r.treatment = p.treatment AND r.pattern = p.pattern
  WHERE r.weight >= 3
), blocking AS (
  SELECT w.person_id, w.treatment, max(CASE WHEN h.acts AND e.agent IS NULL THEN 1 ELSE 0 END) AS certain, max(CASE WHEN e.agent IS NULL THEN 1 ELSE 0 END) AS other,
         count(DISTINCT e.agent) AS agents, min(e.agent) AS agent
  FROM weighed AS w
  JOIN assess.option_hit AS h ON h.person_id = w.person_id AND h.treatment = w.treatment AND coalesce(h.acts, TRUE)
  JOIN knowledge.safety_rule AS s ON s.rule = h.rule AND s.effect = 'block'
  LEFT JOIN open_end AS e ON e.person_id = h.person_id AND e.agent = h.because
  GROUP BY w.person_id, w.treatment
), shut AS (
  SELECT person_id, treatment FROM blocking WHERE certain = 1
), tried AS (
  SELECT t.person_id, t.treatment, t.role, max(CASE WHEN t.failed IS NULL THEN 1 ELSE 0 END) AS maybe, max(CASE WHEN t.failed THEN 1 ELSE 0 END) AS certain
  FROM assess.option_tried AS t WHERE t.role <> 'optimise' AND t.role <> 'stop' GROUP BY t.person_id, t.treatment, t.role
), raised AS (  -- the last trial of what may still be taken
  SELECT t.person_id, t.treatment, t.role, t.top_dose_mg, row_number() OVER (PARTITION BY t.person_id, t.treatment ORDER BY t.reckoned_to DESC, t.trial_no DESC) AS nth
  FROM assess.option_tried AS t
  JOIN knowledge.treatment_role AS r ON r.treatment = t.treatment AND r.role = 'optimise' AND r.max_dose_mg IS NOT NULL
  WHERE t.role = 'optimise' AND coalesce(t.taken_now, TRUE)
), found AS (
  SELECT l.person_id, l.treatment, l.role, 'block' AS why, CASE WHEN b.agents = 1 AND b.other = 0 THEN b.agent END AS agent
  FROM assess.option_listed AS l JOIN blocking AS b ON b.person_id = l.person_id AND b.treatment = l.treatment AND b.certain = 0
  WHERE l.role <> 'stop'
  UNION ALL
  SELECT t.person_id, t.treatment, t.role, 'trial', NULL FROM tried AS t WHERE t.maybe = 1 AND t.certain = 0
  UNION ALL
  SELECT person_id, treatment, role, 'dose', NULL FROM raised WHERE nth = 1 AND top_dose_mg IS NULL
)
SELECT f.person_id, CAST(f.treatment AS VARCHAR) AS treatment, CAST(f.role AS VARCHAR) AS role, CAST(f.why AS VARCHAR) AS why, CAST(f.agent AS VARCHAR) AS agent
FROM found AS f
LEFT JOIN shut AS s ON s.person_id = f.person_id AND s.treatment = f.treatment
WHERE s.person_id IS NULL
