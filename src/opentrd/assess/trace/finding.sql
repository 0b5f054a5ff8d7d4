-- trace_finding: one row is one edge of the argument from a finding down to what it rests on (biomarkers and genes: trace_biology).
--   person_id, table_name, row_key   the finding (key: finding/subject/source)
--   from_table, from_key             the row it rests on
--   role                             what the row is to the finding
--   truth                            what that row says, where it can say it; null: not known, or a rule
WITH keyed AS (
  SELECT person_id, finding, subject, source, finding || '/' || subject || '/' || source AS row_key, grp, present, measurement_id, basis_id FROM assess.finding
), checked AS (
  SELECT k.person_id, k.row_key, f.sign FROM keyed AS k JOIN knowledge.finding AS f ON f.finding = k.finding AND f.sign IS NOT NULL
), of_trial AS (
  SELECT k.*, t.agent, t.may_start, t.reckoned_from, t.reckoned_to FROM keyed AS k JOIN assess.trial AS t ON t.person_id = k.person_id AND t.trial_id = k.basis_id
), inducer AS (
  SELECT q.person_id, q.row_key, i.agent, i.enzyme, i.kind, s.agent AS substrate
  FROM of_trial AS q
  JOIN knowledge.cyp_modifier AS s ON s.agent = q.agent AND s.kind = 'substrate'
  JOIN knowledge.cyp_modifier AS i ON i.enzyme = s.enzyme AND i.kind = 'inducer'
  WHERE q.finding = 'inducer'
), needed AS (  -- tables without which nothing recorded says nothing
  SELECT finding, table_name FROM (
    SELECT 'inducer' AS finding, 'exposure' AS table_name UNION ALL SELECT 'bipolar_induced', 'condition' UNION ALL SELECT 'bipolar_induced', 'exposure'
    UNION ALL SELECT 'bipolar_rapid_cycling', 'condition' UNION ALL SELECT 'diagnosis_missing', 'condition' UNION ALL SELECT 'rating_due', 'measurement'
    UNION ALL SELECT 'rating_missed', 'measurement' UNION ALL SELECT 'side_effects_unrated', 'measurement' UNION ALL SELECT 'trial_unmeasured', 'measurement') AS n
), ruled AS (
  SELECT finding, from_table, from_key FROM (
    SELECT 'short_duration' AS finding, 'adequacy_rule' AS from_table, 'atrq_42' AS from_key UNION ALL SELECT 'poor_adherence', 'parameter', 'good_adherence'
    UNION ALL SELECT 'bipolar_rapid_cycling', 'parameter', 'rapid_cycling_episodes' UNION ALL SELECT 'bipolar_rapid_cycling', 'parameter', 'rapid_cycling_days'
    UNION ALL SELECT 'bipolar_screen', 'parameter', 'bipolar_prevalence' UNION ALL SELECT 'trial_unmeasured', 'parameter', 'outcome_tail_days'
    UNION ALL SELECT 'rating_due', 'parameter', 'visit_window_days' UNION ALL SELECT 'rating_missed', 'parameter', 'visit_window_days') AS r
)
SELECT c.person_id, CAST('finding' AS VARCHAR) AS table_name, CAST(c.row_key AS VARCHAR) AS row_key, CAST('sign' AS VARCHAR) AS from_table,
       CAST(s.sign AS VARCHAR) AS from_key, CAST('sign' AS VARCHAR) AS role, CAST(s.present AS BOOLEAN) AS truth
FROM checked AS c JOIN assess.sign AS s ON s.person_id = c.person_id AND s.sign = c.sign
UNION ALL
SELECT c.person_id, 'finding', c.row_key, 'knowledge.sign', c.sign, 'nothing recorded', NULL
FROM checked AS c LEFT JOIN assess.sign AS s ON s.person_id = c.person_id AND s.sign = c.sign WHERE s.sign IS NULL
UNION ALL
SELECT c.person_id, 'finding', c.row_key, 'kept', 'condition', 'would be recorded', k.kept
FROM checked AS c
JOIN knowledge.sign AS g ON g.sign = c.sign AND g.silence = 'absent'
JOIN assess.kept AS k ON k.person_id = c.person_id AND k.table_name = 'condition'
LEFT JOIN assess.sign AS s ON s.person_id = c.person_id AND s.sign = c.sign WHERE s.sign IS NULL
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'knowledge.finding', f.finding, 'rule', NULL FROM keyed AS k JOIN knowledge.finding AS f ON f.finding = k.finding
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'care_check', c.finding, 'rule', NULL FROM keyed AS k JOIN knowledge.care_check AS c ON c.finding = k.finding
UNION ALL
SELECT k.person_id, 'finding', k.row_key, CASE WHEN m.person_id IS NULL THEN 'rating' ELSE 'measurement' END, k.measurement_id, 'value', NULL
FROM keyed AS k LEFT JOIN record.measurement AS m ON m.person_id = k.person_id AND m.measurement_id = k.measurement_id
WHERE k.measurement_id IS NOT NULL
UNION ALL
SELECT person_id, 'finding', row_key, 'trial', basis_id, 'trial', NULL FROM of_trial
UNION ALL
SELECT k.person_id, 'finding', k.row_key, r.from_table, r.from_key, 'rule', NULL FROM keyed AS k JOIN ruled AS r ON r.finding = k.finding
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'kept', p.table_name, 'would be recorded', p.kept
FROM keyed AS k JOIN needed AS n ON n.finding = k.finding JOIN assess.kept AS p ON p.person_id = k.person_id AND p.table_name = n.table_name
UNION ALL
SELECT DISTINCT person_id, 'finding', row_key, 'cyp_modifier', agent || '/' || kind || '/' || enzyme, 'rule', CAST(NULL AS BOOLEAN) FROM inducer
UNION ALL
SELECT DISTINCT i.person_id, 'finding', i.row_key, 'exposure', x.exposure_id, 'inducer', CAST(NULL AS BOOLEAN)
FROM inducer AS i
JOIN of_trial AS q ON q.person_id = i.person_id AND q.row_key = i.row_key
JOIN assess.issue AS x ON x.person_id = i.person_id AND x.agent = i.agent AND x.may_start <= q.reckoned_to AND x.may_end >= q.reckoned_from
UNION ALL
SELECT q.person_id, 'finding', q.row_key, 'smoking_effect', e.agent, 'rule', NULL
FROM of_trial AS q JOIN knowledge.smoking_effect AS e ON e.agent = q.agent WHERE q.finding = 'smoking_lowers_level'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'sign', s.sign, 'sign', s.present
FROM keyed AS k
JOIN assess.sign AS s ON s.person_id = k.person_id
WHERE (k.finding = 'smoking_lowers_level' AND s.sign = 'smoking') OR (k.finding = 'bipolar_induced' AND s.sign = 'induced_mania')
   OR (k.finding = 'bipolar_atypical' AND s.sign IN ('atypical', 'atypical_ids'))
UNION ALL
SELECT q.person_id, 'finding', q.row_key, 'domain', d.domain, 'poorly matched with ' || q.agent, NULL
FROM of_trial AS q
JOIN knowledge.agent AS k ON k.agent = q.agent
JOIN knowledge.mechanism AS m ON m.relation = 'poorly matched with' AND m.to_kind = 'class' AND m.to_node = k.class
JOIN assess.domain AS d ON d.person_id = q.person_id AND d.domain = m.from_node WHERE q.finding = 'domain_mismatch'
UNION ALL
SELECT q.person_id, 'finding', q.row_key, 'mechanism', m.from_kind || '/' || m.from_node || '/' || m.relation || '/class/' || m.to_node, 'rule', NULL
FROM of_trial AS q
JOIN knowledge.agent AS k ON k.agent = q.agent
JOIN knowledge.mechanism AS m ON m.relation = 'poorly matched with' AND m.to_kind = 'class' AND m.to_node = k.class WHERE q.finding = 'domain_mismatch'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'condition', c.condition_id, c.condition, coalesce(c.present, TRUE)
FROM keyed AS k
JOIN record.condition AS c ON c.person_id = k.person_id
LEFT JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
WHERE (k.finding = 'bipolar_induced' AND c.condition = 'mania') OR (k.finding = 'diagnosis_missing' AND s.condition IS NOT NULL)
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'episode', e.episode_id, 'episode', NULL
FROM keyed AS k JOIN assess.episode AS e ON e.person_id = k.person_id WHERE k.finding = 'bipolar_rapid_cycling'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'trial', t.trial_id, t.agents, CASE WHEN k.finding = 'bipolar_worsening' THEN t.improvement_pct < 0 END
FROM keyed AS k
JOIN assess.trial AS t ON t.person_id = k.person_id AND t.kind = 'drug'
JOIN knowledge.agent AS g ON g.agent = t.agent AND g.role = 'antidepressant'
WHERE (k.finding = 'bipolar_worsening' AND coalesce(k.basis_id <> t.trial_id, TRUE)) OR k.finding IN ('bipolar_induced', 'left_truncation')
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'screening_accuracy', k.subject, 'rule', NULL FROM keyed AS k WHERE k.finding = 'bipolar_screen'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'care_visit', v.scheme || '/' || CAST(v.week AS VARCHAR), 'rule', NULL
FROM keyed AS k JOIN knowledge.care_visit AS v ON v.scheme = k.source AND k.subject LIKE '% week ' || CAST(v.week AS VARCHAR) WHERE k.grp = 'monitoring'
UNION ALL
SELECT person_id, 'finding', row_key, 'person', person_id, 'recorded', NULL FROM keyed
WHERE finding IN ('age_unknown', 'socioeconomic', 'language', 'race_ethnicity')
UNION ALL
SELECT person_id, 'finding', row_key, 'as_of', person_id, 'recorded', NULL FROM keyed WHERE finding IN ('age_unknown', 'no_dates', 'left_truncation')
UNION ALL
SELECT person_id, 'finding', row_key, 'kept', subject, 'kept', NOT present FROM keyed WHERE finding = 'table_not_kept'
UNION ALL
SELECT person_id, 'finding', row_key, 'unused', subject, 'not understood', NULL FROM keyed WHERE finding = 'unread_rows'
