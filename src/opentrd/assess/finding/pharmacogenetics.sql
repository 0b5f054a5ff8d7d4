-- finding_pharmacogenetics: one row is one person and one statement about how a drug is broken down: an enzyme, a drug at it, a level, a trial.
--   person_id
--   finding       enzyme_activity, phenoconversion, gene_drug, gene_drug_inhibited, drug_level, exposure_failure, genotype_problem, genotype
--   subject       the gene, the drug with its gene, the drug with its kind of range, or the trial
--   source        CPIC, DPWG, a scheme of ranges, 'OpenTRD, by ...' (an inference of its own), or 'record'
--   grp, place    pharmacogenetics, order on the page
--   present       enzyme: not the normal phenotype; drug: the guideline departs from the usual dose; level: outside the range; trial: too little
--                 reached the person; null: not known
--   value, unit   phenotype, or level;  threshold  strength of the recommendation, or the range
--   says          what the page says;  settles  what would settle it when it is not known
--   measurement_id, basis_id   the level; the gene and its alleles, or the trial
--   knowledge_status   weakest status of the facts behind it
WITH alleles AS (
  SELECT person_id, gene, system, min(coalesce(diplotype, reported)) AS called, count(DISTINCT phenotype) AS phenotypes, min(problem) AS problem
  FROM assess.pgx_genotype GROUP BY person_id, gene, system
), taken AS (
  SELECT x.person_id, x.agent, max(CASE WHEN coalesce(x.end_latest >= a.anchor, x.ongoing, FALSE) THEN 1 ELSE 0 END) AS now
  FROM record.exposure AS x
  JOIN assess.as_of AS a ON a.person_id = x.person_id
  JOIN (SELECT DISTINCT agent FROM knowledge.pgx_recommendation) AS k ON k.agent = x.agent
  WHERE coalesce(x.start_earliest <= a.anchor, TRUE) GROUP BY x.person_id, x.agent
), level AS (  -- the value in hundredths, to be written as text
  SELECT *, CASE WHEN low < 1000000000000 THEN CAST(low * 100 AS BIGINT) END AS hundredths FROM assess.pgx_level WHERE last
), written AS (
  SELECT *, CAST(hundredths / nullif(100, 0) - 0.495 AS BIGINT) AS whole FROM level
), judged AS (
  SELECT m.person_id, 'enzyme_activity' AS finding, m.gene AS subject, m.system AS source, 1 AS nth,
         CASE WHEN m.phenotype <> 'Indeterminate' THEN m.phenotype <> 'Normal Metabolizer' END AS present, m.phenotype AS value, CAST(NULL AS VARCHAR) AS unit,
         CAST(NULL AS VARCHAR) AS threshold,
         m.gene || CASE WHEN g.called IS NULL THEN '' ELSE ' ' || g.called END
         || CASE WHEN m.phenotype IS NOT NULL THEN ': ' || m.phenotype WHEN g.phenotypes > 1 THEN ': the genotype rows contradict each other'
                 ELSE ': ' || coalesce(g.problem, 'not understood') END AS says,
         'the two star alleles, or the activity score, in one report' AS settles, CAST(NULL AS VARCHAR) AS measurement_id,
         m.gene || coalesce(' ' || g.called, '') AS basis_id, m.knowledge_status
  FROM assess.pgx_metabolism AS m
  JOIN alleles AS g ON g.person_id = m.person_id AND g.gene = m.gene AND g.system = m.system
  UNION ALL
  SELECT m.person_id, 'phenoconversion', m.gene, m.system, 2, m.changed, m.converted_phenotype, NULL, NULL,
         m.gene || ' with ' || m.inhibitors || CASE WHEN m.converted_phenotype IS NOT NULL THEN ': ' || m.converted_phenotype
                                                    WHEN m.converted_least <> m.converted_most THEN ': ' || m.converted_most || ' if it is still taken, else ' || m.converted_least
                                                    ELSE ': not computable' END,
         CASE WHEN m.converted_least <> m.converted_most THEN 'whether the inhibitor is still taken' ELSE 'the activity score; a rule for this enzyme' END, NULL, m.gene, m.converted_status
  FROM assess.pgx_metabolism AS m WHERE m.inhibitors IS NOT NULL
  UNION ALL
  SELECT d.person_id, CASE WHEN d.reading = 'genotype' THEN 'gene_drug' ELSE 'gene_drug_inhibited' END, d.agent || ', ' || d.genes, d.source, 3, d.actionable, d.phenotype, NULL,
         CASE WHEN d.strength IS NOT NULL THEN d.strength || CASE WHEN d.strength LIKE '%recommendation%' THEN '' ELSE ' recommendation' END END,
         CASE WHEN t.now = 1 THEN 'taken now; ' ELSE 'taken earlier; ' END || d.source || CASE WHEN d.reading = 'genotype' THEN '' ELSE ', read with ' || coalesce(d.inhibitors, 'inhibitors') END
         || ': ' || d.action,
         'a genotype that settles one row of the guideline', NULL, d.agent, d.knowledge_status
  FROM assess.pgx_drug AS d
  JOIN taken AS t ON t.person_id = d.person_id AND t.agent = d.agent
  UNION ALL
  SELECT person_id, 'drug_level', agent || ', ' || kind || ', ' || measurement_id, scheme || coalesce(', ' || note, ''), 4, CASE WHEN below OR above THEN TRUE WHEN NOT below AND NOT above THEN FALSE END,
         CAST(whole AS VARCHAR) || CASE WHEN hundredths = whole * 100 THEN ''
           WHEN hundredths - whole * 100 = 10 * CAST((hundredths - whole * 100) / nullif(10, 0) AS BIGINT) THEN '.' || CAST(CAST((hundredths - whole * 100) / nullif(10, 0) AS BIGINT) AS VARCHAR)
           WHEN hundredths - whole * 100 < 10 THEN '.0' || CAST(hundredths - whole * 100 AS VARCHAR) ELSE '.' || CAST(hundredths - whole * 100 AS VARCHAR) END,
         unit, shown, CASE WHEN below THEN 'below the range' WHEN above THEN CASE WHEN kind = 'alert' THEN 'at or above the alert level' ELSE 'above the range' END
                           WHEN NOT below AND NOT above THEN CASE WHEN kind = 'alert' THEN 'below the alert level' ELSE 'within the range' END ELSE 'cannot be placed' END,
         'an uncensored trough level with the metabolite', measurement_id, NULL, knowledge_status
  FROM written
  UNION ALL
  SELECT person_id, 'exposure_failure', trial_id, 'OpenTRD, by ' || source || ' ' || about || coalesce(' ' || measurement_id, ''), 5, failed, value, NULL, NULL,
         'OpenTRD''s inference: ' || says, settles, measurement_id, trial_id, knowledge_status
  FROM assess.pgx_exposure
  UNION ALL
  SELECT person_id, 'genotype_problem', gene || ' ' || called, system, 6, CASE WHEN min(phenotype) IS NOT NULL THEN TRUE END, coalesce(min(reported), min(diplotype)), NULL, NULL,
         gene || ' ' || called || ': ' || min(problem), 'the two star alleles, or the activity score', NULL, gene || ' ' || called,
         CASE max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END
  FROM (SELECT *, coalesce(diplotype, reported, 'without a result') AS called FROM assess.pgx_genotype WHERE problem IS NOT NULL) AS g GROUP BY person_id, gene, called, system
  UNION ALL
  SELECT DISTINCT g.person_id, 'genotype_problem', g.gene || ' ' || coalesce(g.diplotype, g.phenotype, ''), 'record', 6, CAST(NULL AS BOOLEAN), coalesce(g.diplotype, g.phenotype), NULL, NULL,
         g.gene || ': CPIC and DPWG give no recommendation here by this gene', 'nothing: the gene is reported, not used', NULL, g.gene, 'verified'
  FROM record.genotype AS g
  LEFT JOIN (SELECT DISTINCT gene FROM knowledge.phenotype_rule) AS k ON k.gene = g.gene
  WHERE k.gene IS NULL AND g.gene <> 'TSPO'
  UNION ALL
  SELECT t.person_id, 'genotype', '', 'record', 7, CAST(NULL AS BOOLEAN), NULL, NULL, NULL, 'no genotype is recorded for ' || string_agg(t.agent, ', ' ORDER BY t.agent),
         'a genotype of the enzymes concerned', NULL, NULL, 'verified'
  FROM taken AS t
  LEFT JOIN (SELECT DISTINCT person_id FROM record.genotype) AS g ON g.person_id = t.person_id
  WHERE g.person_id IS NULL GROUP BY t.person_id
)
SELECT person_id, CAST(finding AS VARCHAR) AS finding, CAST(subject AS VARCHAR) AS subject, CAST(source AS VARCHAR) AS source,
       CAST('pharmacogenetics' AS VARCHAR) AS grp, CAST(300 + nth AS BIGINT) AS place, CAST(present AS BOOLEAN) AS present, CAST(value AS VARCHAR) AS value,
       CAST(unit AS VARCHAR) AS unit, CAST(threshold AS VARCHAR) AS threshold, CAST(says AS VARCHAR) AS says,
       CAST(CASE WHEN present IS NULL THEN settles END AS VARCHAR) AS settles, CAST(measurement_id AS VARCHAR) AS measurement_id, CAST(basis_id AS VARCHAR) AS basis_id,
       CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM judged
