-- trace_verdict: one row is one edge of the argument from a verdict down to what it rests on.
--   person_id, table_name, row_key   the verdict (key: definition)
--   from_table, from_key             the row it rests on
--   role                             the clause or rule
--   truth                            what that row says for the clause; null: not known, or a rule
WITH clause AS (
  SELECT 'dose' AS clause UNION ALL SELECT 'duration' UNION ALL SELECT 'adherence' UNION ALL SELECT 'stop'
  UNION ALL SELECT 'response' UNION ALL SELECT 'episode' UNION ALL SELECT 'counts'
), used AS (
  SELECT v.person_id, v.definition, v.episode_id, d.family, d.adequacy_rule, d.failure_rule, d.min_depression_rows
  FROM assess.verdict AS v JOIN knowledge.definition AS d ON d.definition = v.definition
)
SELECT j.person_id, CAST('verdict' AS VARCHAR) AS table_name, CAST(j.definition AS VARCHAR) AS row_key,
       CAST('trial' AS VARCHAR) AS from_table, CAST(j.trial_id AS VARCHAR) AS from_key, CAST(c.clause AS VARCHAR) AS role,
       CAST(CASE c.clause WHEN 'dose' THEN j.dose_ok WHEN 'duration' THEN j.duration_ok WHEN 'adherence' THEN j.adherence_ok WHEN 'stop' THEN j.stop_ok
                          WHEN 'response' THEN j.response_ok WHEN 'episode' THEN j.episode_ok ELSE j.counts END AS BOOLEAN) AS truth
FROM assess.judgement AS j
JOIN used AS u ON u.person_id = j.person_id AND u.definition = j.definition
CROSS JOIN clause AS c
UNION ALL
SELECT person_id, 'verdict', definition, 'switch', event_id, 'counts', counts FROM assess.switch
UNION ALL
SELECT person_id, 'verdict', definition, 'entry', event_id, 'counts', counts AND exclusion_ok FROM assess.entry
UNION ALL
SELECT person_id, 'verdict', definition, 'episode', episode_id, 'deciding episode', NULL FROM used WHERE episode_id IS NOT NULL
UNION ALL
SELECT person_id, 'verdict', definition, 'definition', definition, 'rule', NULL FROM used
UNION ALL
SELECT person_id, 'verdict', definition, 'adequacy_rule', adequacy_rule, 'rule', NULL FROM used WHERE adequacy_rule IS NOT NULL
UNION ALL
SELECT person_id, 'verdict', definition, 'failure_rule', failure_rule, 'rule', NULL FROM used WHERE failure_rule IS NOT NULL
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'switch_rule', r.definition, 'rule', NULL FROM used AS u JOIN knowledge.switch_rule AS r ON r.definition = u.definition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'window_rule', r.definition || '/' || r.path, 'rule', NULL
FROM used AS u JOIN knowledge.window_rule AS r ON r.definition = u.definition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'definition_exclusion', x.definition || '/' || x.condition_set, 'rule', NULL
FROM used AS u JOIN knowledge.definition_exclusion AS x ON x.definition = u.definition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'condition', c.condition_id, 'diagnosis', coalesce(c.present, TRUE)
FROM used AS u
JOIN record.condition AS c ON c.person_id = u.person_id
JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'condition', c.condition_id, 'exclusion: ' || x.says, coalesce(c.present, TRUE)
FROM used AS u
JOIN knowledge.definition_exclusion AS x ON x.definition = u.definition
JOIN knowledge.condition_set AS s ON s.condition_set = x.condition_set
JOIN record.condition AS c ON c.person_id = u.person_id AND c.condition = s.condition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'definition_gate', g.definition || '/' || g.gate, g.says, NULL
FROM used AS u JOIN knowledge.definition_gate AS g ON g.definition = u.definition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'score_rule', g.definition, 'cut-off', NULL
FROM used AS u JOIN knowledge.score_rule AS g ON g.definition = u.definition
UNION ALL
SELECT u.person_id, 'verdict', u.definition, 'stage', g.instrument || '/' || g.item, 'score', NULL
FROM used AS u JOIN knowledge.score_rule AS g ON g.definition = u.definition
