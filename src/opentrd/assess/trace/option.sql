-- trace_option: one row is one edge of the argument from an option down to safety rules, the person's own history, guideline lines and fit.
--   person_id, table_name, row_key   the option (key: treatment/role), a safety rule as it is decided for it (option_hit: treatment/rule), or a
--                                    circumstance that guideline lines ask for (option_state: state)
--   from_table, from_key             the row it rests on
--   role                             what the row is to the option: the effect of a rule, 'unchecked', a guideline, the outcome of a trial, ...
--   truth                            does the rule act, does the line apply, did the trial fail; null: not known, or a rule
WITH hit AS (
  SELECT person_id, treatment, rule, acts, because FROM assess.option_hit
), listed AS (
  SELECT person_id, treatment, role, treatment || '/' || role AS row_key FROM assess.option_listed
), spoken AS (
  SELECT DISTINCT u.treatment, k.rule, k.kind, k.member FROM assess.option_rule AS k JOIN assess.option_unit AS u ON u.unit = k.unit
), acting AS (  -- the rows of the members that a rule acts on; of a rule shown not to act, the rows that speak of it
  SELECT h.person_id, h.treatment, h.rule, h.treatment || '/' || h.rule AS row_key, h.acts, r.kind, r.member
  FROM hit AS h
  JOIN spoken AS r ON r.treatment = h.treatment AND r.rule = h.rule
  WHERE '; ' || h.because || '; ' LIKE '%; ' || r.member || '; %' OR h.because IS NULL
), valued AS (
  SELECT v.person_id, s.safety_set AS measure_set, min(v.low) AS low, CASE WHEN count(v.high) = count(*) THEN max(v.high) END AS high
  FROM knowledge.safety_set AS s JOIN assess.lab AS v ON v.measure = s.member AND v.last AND v.usable
  WHERE s.kind = 'measure' GROUP BY v.person_id, s.safety_set
), fitting AS (  -- what the fit of an option rests on: domains that may stand first, values, weak strategies
  SELECT l.person_id, l.row_key, x.domain, x.relation, x.measure_set, d.domain IS NOT NULL AND x.measure_set IS NULL AND x.relation <> 'weak' AS by_domain,
         x.domain || '/' || x.target || '/' || x.relation || '/' || x.says AS from_key
  FROM listed AS l
  JOIN assess.option_target AS t ON t.treatment = l.treatment AND t.whole
  JOIN knowledge.domain_match AS x ON x.target = t.target
  LEFT JOIN assess.domain AS d ON d.person_id = l.person_id AND d.domain = x.domain AND d.present > 0 AND d.rank_best = 1
  LEFT JOIN valued AS v ON v.person_id = l.person_id AND v.measure_set = x.measure_set AND (v.low > x.above OR v.high <= x.up_to)
  WHERE l.role <> 'stop' AND (x.relation = 'weak' OR v.person_id IS NOT NULL OR (d.domain IS NOT NULL AND x.measure_set IS NULL AND coalesce(x.role = l.role, TRUE)))
), failing AS (
  SELECT DISTINCT t.person_id, t.trial_id, t.agent, t.failed FROM assess.option_tried AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant' WHERE t.role = 'switch'
)
SELECT l.person_id, CAST('option' AS VARCHAR) AS table_name, CAST(l.row_key AS VARCHAR) AS row_key, CAST('option_hit' AS VARCHAR) AS from_table,
       CAST(h.treatment || '/' || h.rule AS VARCHAR) AS from_key, CAST(r.effect AS VARCHAR) AS role, CAST(h.acts AS BOOLEAN) AS truth
FROM listed AS l
JOIN hit AS h ON h.person_id = l.person_id AND h.treatment = l.treatment
JOIN knowledge.safety_rule AS r ON r.rule = h.rule
WHERE l.role <> 'stop'
UNION ALL
SELECT l.person_id, 'option', l.row_key, 'safety_rule', r.rule, CASE WHEN r.always THEN r.effect ELSE 'unchecked' END, CASE WHEN r.always THEN TRUE END
FROM listed AS l
JOIN assess.option_ruled AS r ON r.treatment = l.treatment
LEFT JOIN hit AS h ON h.person_id = l.person_id AND h.treatment = l.treatment AND h.rule = r.rule
WHERE l.role <> 'stop' AND h.rule IS NULL
UNION ALL
SELECT person_id, 'option_hit', treatment || '/' || rule, 'safety_rule', rule, 'rule', NULL FROM hit
UNION ALL
SELECT a.person_id, 'option_hit', a.row_key, 'exposure', e.exposure_id, a.member, a.acts
FROM acting AS a JOIN record.exposure AS e ON e.person_id = a.person_id AND a.kind = 'exposure' AND e.agent = a.member
UNION ALL
SELECT a.person_id, 'option_hit', a.row_key, 'condition', c.condition_id, a.member, coalesce(c.present, TRUE)
FROM acting AS a JOIN record.condition AS c ON c.person_id = a.person_id AND a.kind = 'condition' AND c.condition = a.member
UNION ALL  -- thoughts of suicide that a rating showed
SELECT a.person_id, 'option_hit', a.row_key, 'finding', f.finding || '/' || f.subject || '/' || f.source, a.member, f.present
FROM acting AS a JOIN assess.finding_suicide AS f ON f.person_id = a.person_id AND a.kind = 'condition' AND a.member = 'suicidal ideation' AND a.acts
 AND f.finding IN ('suicidality', 'suicidal_behaviour') AND f.present
UNION ALL
SELECT a.person_id, 'option_hit', a.row_key, 'procedure', p.procedure_id, a.member, coalesce(p.present, TRUE)
FROM acting AS a JOIN record.procedure AS p ON p.person_id = a.person_id AND a.kind = 'procedure' AND p.procedure = a.member
UNION ALL
SELECT a.person_id, 'option_hit', a.row_key, 'measurement', v.measurement_id, a.member, a.acts
FROM acting AS a JOIN assess.lab AS v ON v.person_id = a.person_id AND a.kind = 'measure' AND v.measure = a.member AND v.last AND v.usable
UNION ALL
SELECT DISTINCT a.person_id, 'option_hit', a.row_key, 'genotype', g.gene || ' ' || coalesce(g.diplotype, g.phenotype, ''), a.member, a.acts
FROM acting AS a JOIN record.genotype AS g ON g.person_id = a.person_id AND a.kind = 'phenotype' AND a.member LIKE g.gene || ' %'
UNION ALL
SELECT DISTINCT a.person_id, 'option_hit', a.row_key, 'person', a.person_id, r.kind, a.acts
FROM acting AS a JOIN spoken AS r ON r.treatment = a.treatment AND r.rule = a.rule AND r.kind IN ('age', 'sex')
UNION ALL
SELECT DISTINCT l.person_id, 'option', l.row_key, 'trial', t.trial_id, t.outcome, t.failed
FROM listed AS l JOIN assess.option_tried AS t ON t.person_id = l.person_id AND t.treatment = l.treatment AND t.role = l.role
UNION ALL
SELECT DISTINCT n.person_id, 'option', n.treatment || '/' || n.role, 'guideline_line', k.guideline || '/' || k.target || '/' || k.role || '/' || k.line || '/' || coalesce(k.condition, ''),
       n.guideline || ': ' || n.line, n.applies
FROM assess.recommendation AS n
JOIN assess.option_target AS g ON g.treatment = n.treatment AND g.whole
JOIN knowledge.guideline_line AS k ON k.target = g.target AND k.role = n.role AND k.guideline = n.guideline AND k.line = n.line
 AND coalesce(k.condition, '') = coalesce(n.condition, '') AND coalesce(k.level, '') = coalesce(n.level, '')
JOIN listed AS l ON l.person_id = n.person_id AND l.treatment = n.treatment AND l.role = n.role
UNION ALL
SELECT DISTINCT l.person_id, 'option', l.row_key, 'option_state', s.state, 'asked for by a guideline line', s.holds
FROM listed AS l
JOIN assess.option_lined AS k ON k.treatment = l.treatment AND k.role = l.role
JOIN assess.option_state AS s ON s.person_id = l.person_id AND s.state = k.asks
UNION ALL
SELECT l.person_id, 'option', l.row_key, 'switch_logic', w.role || '/' || w.state || '/' || w.says, w.stance, s.holds
FROM listed AS l
JOIN knowledge.switch_logic AS w ON w.role = l.role
JOIN assess.option_state AS s ON s.person_id = l.person_id AND s.state = w.state AND s.holds
JOIN (SELECT DISTINCT treatment, role FROM assess.option_lined WHERE place < 4) AS k ON k.treatment = l.treatment AND k.role = l.role
UNION ALL
SELECT person_id, 'option', row_key, 'domain', domain, relation || ' (a hypothesis)', CAST(NULL AS BOOLEAN) FROM fitting WHERE by_domain GROUP BY person_id, row_key, domain, relation
UNION ALL
SELECT DISTINCT person_id, 'option', row_key, 'domain_match', from_key, 'hypothesis', CAST(NULL AS BOOLEAN) FROM fitting
UNION ALL
SELECT DISTINCT f.person_id, 'option', f.row_key, 'measurement', v.measurement_id, v.measure, CAST(NULL AS BOOLEAN)
FROM fitting AS f
JOIN knowledge.safety_set AS s ON s.kind = 'measure' AND s.safety_set = f.measure_set
JOIN assess.lab AS v ON v.person_id = f.person_id AND v.measure = s.member AND v.last AND v.usable
UNION ALL
SELECT l.person_id, 'option', l.row_key, 'option_evidence', e.evidence, e.stance, NULL
FROM listed AS l JOIN knowledge.option_evidence AS e ON e.target = l.treatment AND e.role = l.role
UNION ALL
SELECT DISTINCT l.person_id, 'option', l.row_key, 'finding', f.finding || '/' || f.subject || '/' || f.source, 'pharmacogenetics', f.present
FROM listed AS l
JOIN knowledge.treatment_part AS p ON p.treatment = l.treatment AND p.kind = 'agent'
JOIN assess.finding AS f ON f.person_id = l.person_id AND f.finding IN ('gene_drug', 'gene_drug_inhibited') AND f.basis_id = p.member WHERE l.role <> 'stop'
UNION ALL
SELECT person_id, 'option', row_key, 'treatment', treatment, 'rule', NULL FROM listed
UNION ALL
SELECT s.person_id, 'option_state', s.state, 'circumstance', c.state, 'rule', NULL FROM assess.option_state AS s JOIN knowledge.circumstance AS c ON c.state = s.state
UNION ALL
SELECT s.person_id, 'option_state', s.state, 'trial', f.trial_id, f.agent, f.failed
FROM assess.option_state AS s
JOIN failing AS f ON f.person_id = s.person_id
LEFT JOIN knowledge.circumstance AS c ON c.state = s.state
WHERE c.kind IN ('failures', 'used') OR s.state IN ('taken', 'taking_antidepressant', 'response', 'partial_response', 'no_response', 'not_tolerated', 'ect_indicated')
UNION ALL
SELECT s.person_id, 'option_state', s.state, 'condition', c.condition_id, c.condition, coalesce(c.present, TRUE)
FROM assess.option_state AS s
JOIN knowledge.safety_set AS x ON x.kind = 'condition' AND x.safety_set = s.state
JOIN record.condition AS c ON c.person_id = s.person_id AND c.condition = x.member
UNION ALL
SELECT s.person_id, 'option_state', s.state, 'stage', g.instrument || '/' || g.item, 'severity', NULL
FROM assess.option_state AS s JOIN assess.stage AS g ON g.person_id = s.person_id AND g.instrument = 'maudsley' AND g.item = 'severity'
WHERE s.state IN ('severe', 'not_severe', 'mild', 'life_threatening')
UNION ALL
SELECT s.person_id, 'option_state', s.state, 'finding', f.finding || '/' || f.subject || '/' || f.source, 'suicidality', f.present
FROM assess.option_state AS s JOIN assess.finding_suicide AS f ON f.person_id = s.person_id AND f.finding IN ('suicidality', 'suicidal_behaviour')
WHERE s.state IN ('suicidal', 'ect_indicated')
