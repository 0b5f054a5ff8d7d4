-- trace_trial: one row is one edge of the argument from a trial, an episode or an event down to the record and the knowledge.
--   person_id, table_name, row_key   the trial, episode, switch or entry
--   from_table, from_key             the row it rests on
--   role                             in which role
--   truth                            null
SELECT t.person_id, CAST('trial' AS VARCHAR) AS table_name, CAST(t.trial_id AS VARCHAR) AS row_key, CAST('exposure' AS VARCHAR) AS from_table,
       CAST(i.exposure_id AS VARCHAR) AS from_key, CAST('days and dose' AS VARCHAR) AS role, CAST(NULL AS BOOLEAN) AS truth
FROM assess.trial AS t
JOIN assess.era AS e ON e.person_id = t.person_id AND e.agent = t.agent AND e.era_no = t.era_no AND e.gap_rule = 'trial'
JOIN assess.issue AS i ON i.person_id = t.person_id AND i.agent = t.agent AND i.may_start BETWEEN e.may_start AND e.may_end
WHERE t.kind IN ('drug', 'combination', 'augmentation')
UNION ALL
SELECT person_id, 'trial', trial_id, 'trial', base_trial, 'added to', NULL FROM assess.trial WHERE base_trial IS NOT NULL
UNION ALL
SELECT t.person_id, 'trial', t.trial_id, 'procedure', p.procedure_id, 'session', NULL
FROM assess.trial AS t
JOIN assess.course AS c ON c.person_id = t.person_id AND c.procedure = t.agent AND c.course_no = t.era_no
JOIN record.procedure AS p ON p.person_id = t.person_id AND p.procedure = t.agent
  AND coalesce(p.start_earliest BETWEEN c.may_start AND c.may_end, TRUE)
WHERE t.kind IN ('procedure', 'psychotherapy')
UNION ALL
SELECT t.person_id, 'trial', t.trial_id, 'dose_minimum', m.dose_table || '/' || m.agent || '/' || coalesce(m.form, ''), 'minimum dose', NULL
FROM assess.trial AS t
JOIN knowledge.dose_minimum AS m ON m.agent = t.agent AND m.dose_table IN (SELECT dose_table FROM knowledge.adequacy_rule)
WHERE t.kind IN ('drug', 'combination', 'augmentation')
UNION ALL
SELECT person_id, 'trial', trial_id, 'agent', agent, 'class', NULL FROM assess.trial WHERE kind IN ('drug', 'combination', 'augmentation')
UNION ALL
SELECT person_id, 'trial', trial_id, 'gap_rule', 'trial', 'continuous use', NULL FROM assess.trial WHERE kind = 'drug'
UNION ALL
SELECT person_id, 'trial', trial_id, 'parameter', 'min_joint_days', 'joint use', NULL FROM assess.trial WHERE kind IN ('combination', 'augmentation')
UNION ALL
SELECT person_id, 'trial', trial_id, 'episode', episode_id, 'episode', episode_ok FROM assess.trial WHERE episode_id IS NOT NULL
UNION ALL
SELECT e.person_id, 'episode', e.episode_id, 'condition', c.condition_id, 'diagnosis', NULL
FROM assess.episode AS e
JOIN record.condition AS c ON c.person_id = e.person_id AND coalesce(c.present, TRUE)
  AND coalesce(c.start_earliest BETWEEN e.reckoned_from AND e.reckoned_to, TRUE)
JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
UNION ALL
SELECT e.person_id, 'episode', e.episode_id, 'parameter', CASE WHEN e.stated THEN 'episode_remission_days' ELSE 'episode_washout_days' END, 'rule', NULL
FROM assess.episode AS e
UNION ALL
SELECT s.person_id, 'switch', s.event_id, 'exposure', i.exposure_id, CASE WHEN i.agent = s.agent THEN 'issue' ELSE 'next issue' END, NULL
FROM assess.switch AS s
JOIN assess.issue AS i ON i.person_id = s.person_id
  AND ((i.agent = s.agent AND i.may_start BETWEEN s.first_issue AND s.last_issue) OR (i.agent = s.next_agent AND i.may_start = s.next_issue))
UNION ALL
SELECT n.person_id, 'entry', n.event_id, 'exposure', i.exposure_id, 'in the window', NULL
FROM assess.entry AS n
JOIN knowledge.window_rule AS r ON r.definition = n.definition AND r.path = n.path
JOIN assess.issue AS i ON i.person_id = n.person_id AND i.may_start <= n.on_date AND date_diff('day', i.may_end, n.on_date) <= r.lookback_days
LEFT JOIN knowledge.agent_set AS s ON s.agent_set = r.prior_set AND s.agent = i.agent
WHERE s.agent IS NOT NULL OR i.agent = n.agent
