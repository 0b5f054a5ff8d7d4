-- trace_biology: one row is one edge of the argument from a finding on a biomarker, an enzyme or a drug level down to what it rests on.
--   person_id, table_name, row_key   the finding (key: finding/subject/source)
--   from_table, from_key             the row it rests on (genotype: gene and alleles)
--   role                             what the row is to the finding
--   truth                            what that row says, where it can say it; null: not known, or a rule
WITH keyed AS (
  SELECT person_id, finding, subject, source, value, grp, says, basis_id, measurement_id, finding || '/' || subject || '/' || source AS row_key FROM assess.finding
  WHERE grp IN ('inflammation', 'biomarker', 'pharmacogenetics') OR finding = 'cyp_poor'
), ruled AS (
  SELECT k.person_id, k.row_key, r.rule, c.holds
  FROM keyed AS k
  JOIN assess.biomarker_crp AS c ON c.person_id = k.person_id AND c.scheme = k.source
   AND k.finding = CASE c.kind WHEN 'stratum' THEN 'crp_stratum' WHEN 'cut' THEN 'crp_cut' WHEN 'acute' THEN 'crp_acute_phase' WHEN 'stable' THEN 'crp_two_values' ELSE 'crp_bmi_adjusted' END
  JOIN knowledge.biomarker_rule AS r ON r.rule = c.rule
  WHERE k.subject = CASE WHEN c.kind = 'cut' THEN c.measure || ' ' || r.label ELSE c.measure END
  UNION ALL
  SELECT k.person_id, k.row_key, r.rule, NULL
  FROM keyed AS k
  JOIN knowledge.biomarker_rule AS r ON (k.finding = 'crp_confounder' AND r.kind = 'confounder' AND r.scheme = k.subject)
    OR (k.finding = 'inflamed_composite' AND (r.kind = 'composite_part' OR r.rule = 'inflamed')) OR (k.finding = 'peripheral_not_central' AND r.kind = 'limit')
    OR (k.finding = 'assay_reference' AND r.kind = 'reference' AND r.measure = k.subject AND r.scheme = k.source)
    OR (k.finding = 'dexamethasone_nonsuppression' AND r.kind = 'challenge' AND r.measure = k.subject AND r.scheme = k.source)
    OR (k.finding = 'tspo_binding' AND r.kind = 'genotype' AND (r.scheme = k.source OR k.measurement_id IS NOT NULL))
), gene AS (  -- the genes that a finding speaks of, with the person's rows of them
  SELECT DISTINCT k.person_id, k.row_key, k.finding, k.source, k.value, g.gene, g.diplotype,
         g.gene || ' ' || coalesce(g.diplotype, g.phenotype, '') AS from_key
  FROM keyed AS k
  JOIN record.genotype AS g ON g.person_id = k.person_id
  LEFT JOIN assess.trial AS t ON k.finding IN ('cyp_poor', 'exposure_failure') AND t.person_id = k.person_id AND t.trial_id = k.basis_id
  LEFT JOIN knowledge.pgx_recommendation AS p ON p.agent = t.agent AND (p.gene_1 = g.gene OR p.gene_2 = g.gene)
  WHERE (k.finding IN ('enzyme_activity', 'phenoconversion') AND k.subject = g.gene) OR (k.finding IN ('gene_drug', 'gene_drug_inhibited') AND k.subject LIKE '%' || g.gene || '%')
     OR (k.finding = 'cyp_poor' AND p.agent IS NOT NULL) OR (k.finding = 'exposure_failure' AND p.agent IS NOT NULL AND k.source LIKE '% ' || g.gene || '%')
     OR (k.finding = 'genotype_problem' AND k.subject LIKE g.gene || ' %') OR (k.finding = 'tspo_binding' AND g.gene = 'TSPO')
), drug AS (  -- findings on a drug, and the drugs that inhibit its enzyme
  SELECT DISTINCT k.person_id, k.row_key, d.agent, CAST(NULL AS VARCHAR) AS enzyme
  FROM keyed AS k JOIN assess.pgx_drug AS d ON d.person_id = k.person_id AND d.agent = k.basis_id
  WHERE k.finding IN ('gene_drug', 'gene_drug_inhibited')
  UNION ALL
  SELECT DISTINCT k.person_id, k.row_key, p.agent, CAST(NULL AS VARCHAR)
  FROM keyed AS k CROSS JOIN (SELECT DISTINCT agent FROM knowledge.pgx_recommendation) AS p WHERE k.finding = 'genotype'
  UNION ALL
  SELECT DISTINCT k.person_id, k.row_key, i.agent, i.gene
  FROM keyed AS k JOIN assess.pgx_inhibition AS i ON i.person_id = k.person_id
  WHERE (k.finding = 'phenoconversion' AND i.gene = k.subject) OR (k.finding = 'gene_drug_inhibited' AND k.subject LIKE '%' || i.gene || '%')
)
SELECT person_id, CAST('finding' AS VARCHAR) AS table_name, CAST(row_key AS VARCHAR) AS row_key, CAST('biomarker_rule' AS VARCHAR) AS from_table,
       CAST(rule AS VARCHAR) AS from_key, CAST('rule' AS VARCHAR) AS role, CAST(holds AS BOOLEAN) AS truth
FROM ruled
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'biomarker_direction', d.measure, 'reported direction', NULL
FROM keyed AS k JOIN knowledge.biomarker_direction AS d ON d.measure = k.subject WHERE k.finding = 'biomarker_reported'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'condition', c.condition_id, c.condition, TRUE
FROM keyed AS k
JOIN record.condition AS c ON c.person_id = k.person_id AND coalesce(c.present, TRUE)
WHERE k.finding = 'crp_confounder' AND k.subject <> 'oestrogen' AND ', ' || k.value || ', ' LIKE '%, ' || c.condition || ', %'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'exposure', e.exposure_id, e.agent, TRUE
FROM keyed AS k
JOIN record.exposure AS e ON e.person_id = k.person_id
WHERE k.finding = 'crp_confounder' AND k.subject = 'oestrogen' AND ', ' || k.value || ', ' LIKE '%, ' || e.agent || ', %'
UNION ALL
SELECT DISTINCT k.person_id, 'finding', k.row_key, CASE WHEN m.person_id IS NULL THEN 'rating' ELSE 'measurement' END, r.rating_id, r.measure, CAST(NULL AS BOOLEAN)
FROM keyed AS k
JOIN assess.rating AS r ON r.person_id = k.person_id AND r.last AND r.measure IN ('IDS-SR30', 'AES')
LEFT JOIN record.measurement AS m ON m.person_id = r.person_id AND m.measurement_id = r.rating_id
WHERE k.finding = 'inflamed_composite'
UNION ALL
SELECT DISTINCT k.person_id, 'finding', k.row_key, 'measurement', v.measurement_id, v.measure, CAST(NULL AS BOOLEAN)
FROM keyed AS k
JOIN assess.biomarker_value AS v ON v.person_id = k.person_id
WHERE (k.finding = 'inflamed_composite' AND v.measure IN ('CRP', 'hs-CRP')) OR (k.finding = 'peripheral_not_central' AND ', ' || k.value || ', ' LIKE '%, ' || v.measure || ', %')
UNION ALL
SELECT DISTINCT person_id, 'finding', row_key, 'genotype', from_key, 'genotype', CAST(NULL AS BOOLEAN) FROM gene
UNION ALL
SELECT DISTINCT g.person_id, 'finding', g.row_key, 'allele_function', a.system || '/' || a.gene || '/' || a.allele, 'rule', CAST(NULL AS BOOLEAN)
FROM gene AS g
JOIN knowledge.allele_function AS a ON a.gene = g.gene AND (g.diplotype LIKE a.allele || '/%' OR g.diplotype LIKE '%/' || a.allele)
WHERE g.source LIKE '%' || a.system || '%'
UNION ALL
SELECT DISTINCT g.person_id, 'finding', g.row_key, 'phenotype_rule', p.system || '/' || p.gene || '/' || p.phenotype, 'rule', CAST(NULL AS BOOLEAN)
FROM gene AS g JOIN knowledge.phenotype_rule AS p ON p.gene = g.gene AND p.system = g.source AND p.phenotype = g.value
WHERE g.finding = 'enzyme_activity'
UNION ALL
SELECT DISTINCT d.person_id, 'finding', d.row_key, 'exposure', e.exposure_id, e.agent, CAST(NULL AS BOOLEAN)
FROM drug AS d JOIN record.exposure AS e ON e.person_id = d.person_id AND e.agent = d.agent
UNION ALL
SELECT DISTINCT d.person_id, 'finding', d.row_key, 'cyp_modifier', c.agent || '/' || c.kind || '/' || c.enzyme, 'rule', CAST(NULL AS BOOLEAN)
FROM drug AS d JOIN knowledge.cyp_modifier AS c ON c.agent = d.agent AND c.enzyme = d.enzyme AND c.kind = 'inhibitor'
UNION ALL
SELECT DISTINCT k.person_id, 'finding', k.row_key, 'phenoconversion', p.gene || '/' || p.strength || '/' || coalesce(p.phenotype, ''), 'rule', CAST(NULL AS BOOLEAN)
FROM keyed AS k
JOIN assess.pgx_inhibition AS i ON i.person_id = k.person_id AND i.gene = k.subject
JOIN knowledge.phenoconversion AS p ON p.gene = i.gene AND p.strength = i.strength WHERE k.finding = 'phenoconversion'
UNION ALL
SELECT DISTINCT k.person_id, 'finding', k.row_key, 'pgx_recommendation',
       p.system || '/' || p.agent || '/' || p.gene_1 || '/' || coalesce(p.phenotype_1, '') || '/' || coalesce(p.gene_2, '') || '/' || coalesce(p.phenotype_2, ''), 'rule', CAST(NULL AS BOOLEAN)
FROM keyed AS k
JOIN knowledge.pgx_recommendation AS p ON p.agent = k.basis_id AND p.system = k.source AND k.says LIKE '%' || p.action || '%'
WHERE k.finding IN ('gene_drug', 'gene_drug_inhibited') AND k.subject = p.agent || ', ' || p.gene_1 || coalesce(' + ' || p.gene_2, '')
  AND coalesce(k.value LIKE '%' || p.phenotype_1 || '%', TRUE) AND coalesce(k.value LIKE '%' || p.phenotype_2 || '%', TRUE)
UNION ALL
SELECT DISTINCT k.person_id, 'finding', k.row_key, 'level_range', r.scheme || '/' || r.agent || '/' || r.kind || '/' || coalesce(r.note, ''), 'rule', CAST(NULL AS BOOLEAN)
FROM keyed AS k
JOIN knowledge.level_range AS r ON k.source = r.scheme || coalesce(', ' || r.note, '') AND k.subject = r.agent || ', ' || r.kind || ', ' || k.measurement_id
WHERE k.finding = 'drug_level'
UNION ALL
SELECT k.person_id, 'finding', k.row_key, 'trial', t.trial_id, 'trial', NULL
FROM keyed AS k JOIN assess.trial AS t ON t.person_id = k.person_id AND t.trial_id = k.basis_id WHERE k.finding = 'exposure_failure'
