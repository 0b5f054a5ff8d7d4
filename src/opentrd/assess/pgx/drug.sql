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
  SELECT person_id, system, gene, 'genotype' AS reading, phenotype AS named_1, phenotype AS named_2, score_low, score_high, CAST(NULL AS VARCHAR) AS inhibitors,
         FALSE AS converts, knowledge_status
  FROM assess.pgx_metabolism
  UNION ALL
  SELECT person_id, system, gene, 'with inhibitors', coalesce(converted_most, CASE WHEN converted_low IS NULL AND phenotype IS NOT NULL THEN 'not settled' END),
         coalesce(converted_least, CASE WHEN converted_low IS NULL AND phenotype IS NOT NULL THEN 'not settled' END), converted_low, converted_high, inhibitors,
         coalesce(changed, TRUE), converted_status
  FROM assess.pgx_metabolism
), person AS (  -- the second reading only where it may differ
  SELECT DISTINCT person_id, system, reading FROM state WHERE reading = 'genotype' OR converts
), asked AS (
  SELECT DISTINCT system, gene_1, gene_2 FROM knowledge.pgx_recommendation
), couple AS (  -- a gene that was not tested, or not understood, has No Result
  SELECT p.person_id, p.system, p.reading, q.gene_1, q.gene_2, coalesce(a.named_1, CASE WHEN a.score_low IS NULL THEN 'No Result' ELSE '' END) AS a_1,
         coalesce(a.named_2, CASE WHEN a.score_low IS NULL THEN 'No Result' ELSE '' END) AS a_2, coalesce(a.score_low, -1) AS low, coalesce(a.score_high, -1) AS high,
         coalesce(b.named_1, 'No Result') AS b_1, coalesce(b.named_2, 'No Result') AS b_2,
         CASE WHEN a.inhibitors IS NOT NULL AND b.inhibitors IS NOT NULL THEN a.inhibitors || ', ' || b.inhibitors ELSE coalesce(a.inhibitors, b.inhibitors) END AS inhibitors,
         coalesce(a.converts, FALSE) OR coalesce(b.converts, FALSE) AS converts,
         CASE WHEN 'recalled' IN (coalesce(a.knowledge_status, ''), coalesce(b.knowledge_status, '')) THEN 2
              WHEN coalesce(a.knowledge_status, 'verified') = 'verified' AND coalesce(b.knowledge_status, 'verified') = 'verified' THEN 0 ELSE 1 END AS weakest
  FROM person AS p
  JOIN asked AS q ON q.system = p.system
  LEFT JOIN state AS a ON a.person_id = p.person_id AND a.system = p.system AND a.reading = p.reading AND a.gene = q.gene_1
  LEFT JOIN state AS b ON b.person_id = p.person_id AND b.system = p.system AND b.reading = p.reading AND b.gene = q.gene_2
  WHERE a.person_id IS NOT NULL OR b.person_id IS NOT NULL
), kind AS (  -- many persons, few different genotypes: the guideline is asked once for each
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2 FROM couple
), matched AS (
  SELECT k.*, r.agent, r.gene_1 || ' ' || r.phenotype_1 || CASE WHEN r.gene_2 IS NULL THEN '' ELSE ' + ' || r.gene_2 || ' ' || r.phenotype_2 END AS phenotype,
         r.action, r.strength, r.start_dose, r.maintenance_dose, r.avoid, r.consider_alternative, r.measure_level, r.actionable,
         CASE r.knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END AS weakest
  FROM kind AS k
  JOIN knowledge.pgx_recommendation AS r ON r.system = k.system AND r.gene_1 = k.gene_1 AND coalesce(r.gene_2, '') = coalesce(k.gene_2, '')
    AND CASE WHEN r.score_from IS NULL OR k.low < 0 THEN r.phenotype_1 = k.a_1 OR r.phenotype_1 = k.a_2
             ELSE (k.high < 0 OR r.score_from <= k.high) AND coalesce(r.score_to >= k.low, TRUE) END
    AND (r.gene_2 IS NULL OR r.phenotype_2 = k.b_1 OR r.phenotype_2 = k.b_2)
), different AS (
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, 'phenotype' AS field, phenotype AS text FROM matched
  UNION ALL
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, 'action', action FROM matched
  UNION ALL
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, 'strength', strength FROM matched WHERE strength IS NOT NULL
  UNION ALL
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, 'start', start_dose FROM matched WHERE start_dose IS NOT NULL
  UNION ALL
  SELECT DISTINCT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, 'maintenance', maintenance_dose FROM matched WHERE maintenance_dose IS NOT NULL
), joined AS (
  SELECT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, string_agg(CASE WHEN field = 'phenotype' THEN text END, ' or ' ORDER BY text) AS phenotype,
         string_agg(CASE WHEN field = 'action' THEN text END, ' or ' ORDER BY text) AS action, string_agg(CASE WHEN field = 'strength' THEN text END, ' or ' ORDER BY text) AS strength,
         string_agg(CASE WHEN field = 'start' THEN text END, ' or ' ORDER BY text) AS start_dose,
         string_agg(CASE WHEN field = 'maintenance' THEN text END, ' or ' ORDER BY text) AS maintenance_dose
  FROM different GROUP BY system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent
), tally AS (
  SELECT system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent, min(CASE WHEN avoid THEN 1 ELSE 0 END) AS avoid_low, max(CASE WHEN avoid THEN 1 ELSE 0 END) AS avoid_high,
         max(CASE WHEN consider_alternative THEN 1 ELSE 0 END) AS consider, max(CASE WHEN measure_level THEN 1 ELSE 0 END) AS level,
         min(CASE WHEN actionable THEN 1 ELSE 0 END) AS actionable_low, max(CASE WHEN actionable THEN 1 ELSE 0 END) AS actionable_high, max(weakest) AS weakest
  FROM matched GROUP BY system, gene_1, gene_2, a_1, a_2, low, high, b_1, b_2, agent
), advice AS (
  SELECT t.*, j.phenotype, j.action, j.strength, j.start_dose, j.maintenance_dose
  FROM tally AS t
  JOIN joined AS j ON j.system = t.system AND j.gene_1 = t.gene_1 AND coalesce(j.gene_2, '') = coalesce(t.gene_2, '') AND j.a_1 = t.a_1 AND j.a_2 = t.a_2
    AND j.low = t.low AND j.high = t.high AND j.b_1 = t.b_1 AND j.b_2 = t.b_2 AND j.agent = t.agent
), itself AS (
  SELECT DISTINCT person_id, gene, agent FROM assess.pgx_inhibition WHERE strength <> 'weak'
)
SELECT c.person_id, CAST(d.agent AS VARCHAR) AS agent, CAST(c.system AS VARCHAR) AS source,
       CAST(CASE WHEN c.gene_2 IS NULL THEN c.gene_1 ELSE c.gene_1 || ' + ' || c.gene_2 END AS VARCHAR) AS genes, CAST(c.reading AS VARCHAR) AS reading,
       CAST(d.phenotype AS VARCHAR) AS phenotype, CAST(d.action AS VARCHAR) AS action, CAST(d.strength AS VARCHAR) AS strength,
       CAST(d.start_dose AS VARCHAR) AS start_dose, CAST(d.maintenance_dose AS VARCHAR) AS maintenance_dose,
       CAST(CASE WHEN d.avoid_low = d.avoid_high THEN d.avoid_low = 1 END AS BOOLEAN) AS avoid, CAST(d.consider = 1 AS BOOLEAN) AS consider_alternative,
       CAST(d.level = 1 AS BOOLEAN) AS measure_level, CAST(CASE WHEN d.actionable_low = d.actionable_high THEN d.actionable_low = 1 END AS BOOLEAN) AS actionable,
       CAST(c.inhibitors AS VARCHAR) AS inhibitors,
       CAST(CASE WHEN c.weakest = 2 OR d.weakest = 2 THEN 'recalled' WHEN c.weakest = 0 AND d.weakest = 0 THEN 'verified' ELSE 'transcribed' END AS VARCHAR) AS knowledge_status
FROM couple AS c
JOIN advice AS d ON d.system = c.system AND d.gene_1 = c.gene_1 AND coalesce(d.gene_2, '') = coalesce(c.gene_2, '') AND d.a_1 = c.a_1 AND d.a_2 = c.a_2
  AND d.low = c.low AND d.high = c.high AND d.b_1 = c.b_1 AND d.b_2 = c.b_2
LEFT JOIN itself AS i ON i.person_id = c.person_id AND i.agent = d.agent AND i.gene = c.gene_1
LEFT JOIN itself AS o ON o.person_id = c.person_id AND o.agent = d.agent AND o.gene = c.gene_2
-- what a drug does to itself is in the recommendation
WHERE c.reading = 'genotype' OR (c.converts AND i.agent IS NULL AND o.agent IS NULL)
