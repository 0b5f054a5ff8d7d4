-- pgx_drug: one row is what one guideline says about one drug at one person's genotype, or at it with the inhibitors taken now.
--   person_id, agent
--   source             CPIC or DPWG; never merged
--   genes              the gene, or the two genes, that the row of the guideline asks (a drug may have one row for each gene)
--   reading            genotype; or with inhibitors (only where they change the phenotype or may change it)
--   phenotype          each gene with its phenotype; No Result: not tested
--   action             what the guideline says; several, joined by `or`: the genotype leaves several of its rows open
--   strength           CPIC's strength of recommendation; null: the guideline has none
--   start_dose, maintenance_dose   change of dose where one is given
--   avoid              the guideline says to avoid the drug; null: open
--   consider_alternative, measure_level   it prefers another drug or names one as a choice; it asks for a plasma level
--   actionable         it departs from the usual dose; null: open
--   inhibitors         the drugs that the second reading takes into account
--   knowledge_status   weakest of what it rests on
WITH state AS (
  SELECT person_id, system, gene, 'genotype' AS reading, phenotype, score_low, score_high, CAST(NULL AS VARCHAR) AS inhibitors, FALSE AS converts, knowledge_status
  FROM assess.pgx_metabolism
  UNION ALL
  SELECT person_id, system, gene, 'with inhibitors', coalesce(converted_most, CASE WHEN converted_low IS NULL AND phenotype IS NOT NULL THEN 'not settled' END), converted_low, converted_high, inhibitors, coalesce(changed, TRUE), converted_status
  FROM assess.pgx_metabolism
  UNION ALL
  SELECT person_id, system, gene, 'with inhibitors', converted_least, converted_low, converted_high, inhibitors, coalesce(changed, TRUE), converted_status
  FROM assess.pgx_metabolism WHERE converted_least <> converted_most
), person AS (
  SELECT DISTINCT person_id, system, reading FROM state
), asked AS (
  SELECT system, gene_1 AS gene FROM knowledge.pgx_recommendation
  UNION
  SELECT system, gene_2 FROM knowledge.pgx_recommendation WHERE gene_2 IS NOT NULL
), complete AS (  -- a gene that was not tested, or not understood, has No Result
  SELECT p.person_id, p.system, p.reading, q.gene, coalesce(s.phenotype, CASE WHEN s.score_low IS NULL THEN 'No Result' END) AS phenotype, s.score_low, s.score_high,
         s.inhibitors, coalesce(s.converts, FALSE) AS converts,
         CASE WHEN s.phenotype IS NULL AND s.score_low IS NULL THEN 0 WHEN s.knowledge_status = 'verified' THEN 0 WHEN s.knowledge_status = 'recalled' THEN 2 ELSE 1 END AS weakest
  FROM person AS p
  JOIN asked AS q ON q.system = p.system
  LEFT JOIN state AS s ON s.person_id = p.person_id AND s.system = p.system AND s.reading = p.reading AND s.gene = q.gene
), matched AS (
  SELECT a.person_id, r.agent, r.system, a.reading, CASE WHEN r.gene_2 IS NULL THEN r.gene_1 ELSE r.gene_1 || ' + ' || r.gene_2 END AS genes,
         r.gene_1 || ' ' || coalesce(a.phenotype, r.phenotype_1) || CASE WHEN r.gene_2 IS NULL THEN '' ELSE ' + ' || r.gene_2 || ' ' || b.phenotype END AS phenotype,
         r.action, r.strength, r.start_dose, r.maintenance_dose, r.avoid, r.consider_alternative, r.measure_level, r.actionable,
         CASE WHEN a.inhibitors IS NOT NULL AND b.inhibitors IS NOT NULL THEN a.inhibitors || ', ' || b.inhibitors ELSE coalesce(a.inhibitors, b.inhibitors) END AS inhibitors,
         CASE WHEN coalesce(b.weakest, 0) > a.weakest THEN b.weakest ELSE a.weakest END AS weakest,
         CASE r.knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END AS rule_weakest
  FROM complete AS a
  JOIN knowledge.pgx_recommendation AS r ON r.system = a.system AND r.gene_1 = a.gene
    AND CASE WHEN r.score_from IS NULL OR a.score_low IS NULL THEN coalesce(a.phenotype = r.phenotype_1, FALSE)
             ELSE coalesce(r.score_from <= a.score_high, TRUE) AND coalesce(r.score_to >= a.score_low, TRUE) END
  LEFT JOIN complete AS b ON b.person_id = a.person_id AND b.system = a.system AND b.reading = a.reading AND b.gene = r.gene_2
  LEFT JOIN assess.pgx_inhibition AS i ON i.person_id = a.person_id AND i.agent = r.agent AND i.gene IN (r.gene_1, r.gene_2) AND i.strength <> 'weak'
  WHERE (r.gene_2 IS NULL OR coalesce(b.phenotype = r.phenotype_2, FALSE))
    AND (a.reading = 'genotype' OR ((a.converts OR coalesce(b.converts, FALSE)) AND i.agent IS NULL))  -- what a drug does to itself is in the recommendation
), different AS (
  SELECT DISTINCT person_id, agent, system, reading, genes, 'phenotype' AS field, phenotype AS text FROM matched
  UNION ALL
  SELECT DISTINCT person_id, agent, system, reading, genes, 'action', action FROM matched
  UNION ALL
  SELECT DISTINCT person_id, agent, system, reading, genes, 'strength', strength FROM matched WHERE strength IS NOT NULL
  UNION ALL
  SELECT DISTINCT person_id, agent, system, reading, genes, 'start', start_dose FROM matched WHERE start_dose IS NOT NULL
  UNION ALL
  SELECT DISTINCT person_id, agent, system, reading, genes, 'maintenance', maintenance_dose FROM matched WHERE maintenance_dose IS NOT NULL
), joined AS (
  SELECT person_id, agent, system, reading, genes, string_agg(CASE WHEN field = 'phenotype' THEN text END, ' or ' ORDER BY text) AS phenotype,
         string_agg(CASE WHEN field = 'action' THEN text END, ' or ' ORDER BY text) AS action, string_agg(CASE WHEN field = 'strength' THEN text END, ' or ' ORDER BY text) AS strength,
         string_agg(CASE WHEN field = 'start' THEN text END, ' or ' ORDER BY text) AS start_dose,
         string_agg(CASE WHEN field = 'maintenance' THEN text END, ' or ' ORDER BY text) AS maintenance_dose
  FROM different GROUP BY person_id, agent, system, reading, genes
), tally AS (
  SELECT person_id, agent, system, reading, genes, min(CASE WHEN avoid THEN 1 ELSE 0 END) AS avoid_low, max(CASE WHEN avoid THEN 1 ELSE 0 END) AS avoid_high,
         max(CASE WHEN consider_alternative THEN 1 ELSE 0 END) AS consider, max(CASE WHEN measure_level THEN 1 ELSE 0 END) AS level,
         min(CASE WHEN actionable THEN 1 ELSE 0 END) AS actionable_low, max(CASE WHEN actionable THEN 1 ELSE 0 END) AS actionable_high, max(inhibitors) AS inhibitors,
         max(CASE WHEN rule_weakest > weakest THEN rule_weakest ELSE weakest END) AS weakest
  FROM matched GROUP BY person_id, agent, system, reading, genes
)
SELECT t.person_id, CAST(t.agent AS VARCHAR) AS agent, CAST(t.system AS VARCHAR) AS source, CAST(t.genes AS VARCHAR) AS genes, CAST(t.reading AS VARCHAR) AS reading,
       CAST(j.phenotype AS VARCHAR) AS phenotype, CAST(j.action AS VARCHAR) AS action, CAST(j.strength AS VARCHAR) AS strength,
       CAST(j.start_dose AS VARCHAR) AS start_dose, CAST(j.maintenance_dose AS VARCHAR) AS maintenance_dose,
       CAST(CASE WHEN t.avoid_low = t.avoid_high THEN t.avoid_low = 1 END AS BOOLEAN) AS avoid, CAST(t.consider = 1 AS BOOLEAN) AS consider_alternative,
       CAST(t.level = 1 AS BOOLEAN) AS measure_level, CAST(CASE WHEN t.actionable_low = t.actionable_high THEN t.actionable_low = 1 END AS BOOLEAN) AS actionable,
       CAST(t.inhibitors AS VARCHAR) AS inhibitors, CAST(CASE t.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM tally AS t
JOIN joined AS j ON j.person_id = t.person_id AND j.agent = t.agent AND j.system = t.system AND j.reading = t.reading AND j.genes = t.genes
