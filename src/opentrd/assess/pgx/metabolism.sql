-- pgx_metabolism: one row is one person, one gene and one system: how fast the enzyme works, by genotype and with the drugs taken now.
--   person_id, gene, system
--   score_low, score_high   activity score by genotype (high null: or more); null: not scored
--   phenotype               by genotype; null: not settled, or the genotype rows contradict each other
--   inhibitors              drugs that may inhibit the enzyme at as_of, each with its strength; null: none recorded
--   converted_low, converted_high   activity score with these drugs
--   converted_least, converted_most   phenotype with the drugs certainly taken, and with all that may be taken
--   converted_phenotype     phenotype with the inhibitors, where these two agree; without inhibitors the phenotype by genotype
--   changed                 is the phenotype with the inhibitors another one; null: not settled
--   knowledge_status        of the phenotype by genotype;  converted_status   of the phenotype with the inhibitors
WITH genotype AS (
  SELECT person_id, gene, system, min(score_low) AS score_low,
         CASE WHEN max(CASE WHEN score_low IS NOT NULL AND score_high IS NULL THEN 1 ELSE 0 END) = 0 THEN max(score_high) END AS score_high,
         CASE WHEN count(DISTINCT phenotype) = 1 THEN min(phenotype) END AS phenotype,
         CASE WHEN min(CASE WHEN phenotype IS NOT NULL AND score_low IS NULL THEN 0 ELSE 1 END) = 1 THEN count(score_low) ELSE 0 END AS scored,
         max(CASE WHEN phenotype IS NULL THEN 0 WHEN knowledge_status = 'verified' THEN 0 WHEN knowledge_status = 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM assess.pgx_genotype GROUP BY person_id, gene, system
), inhibitor AS (
  SELECT person_id, gene, agent, certain, agent || ' (' || strength || CASE WHEN certain THEN ')' ELSE ', possibly taken)' END AS called,
         CASE strength WHEN 'strong' THEN 2 WHEN 'moderate' THEN 1 ELSE 0 END AS power,
         CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END AS weakest
  FROM assess.pgx_inhibition
), inhibited AS (
  SELECT person_id, gene, string_agg(called, ', ' ORDER BY agent) AS inhibitors, max(CASE WHEN certain AND power > 0 THEN power END) AS least, max(CASE WHEN power > 0 THEN power END) AS most,
         max(weakest) AS weakest
  FROM inhibitor GROUP BY person_id, gene
), rule AS (
  SELECT gene, CASE strength WHEN 'strong' THEN 2 WHEN 'moderate' THEN 1 ELSE 0 END AS power, phenotype, score_factor, converted,
         CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END AS weakest
  FROM knowledge.phenoconversion
), factored AS (
  SELECT g.*, i.inhibitors, i.least, i.most, i.weakest AS inhibitor_weakest, g.score_low * coalesce(m.score_factor, 1) AS converted_low,
         CASE WHEN l.score_factor = 0 THEN 0 ELSE g.score_high * coalesce(l.score_factor, 1) END AS converted_high,
         CASE WHEN i.least IS NULL THEN g.phenotype ELSE s.converted END AS named_least, CASE WHEN i.most IS NULL THEN g.phenotype ELSE t.converted END AS named_most,
         CASE WHEN g.scored > 0 THEN coalesce(m.weakest, 0) WHEN coalesce(s.weakest, 0) > coalesce(t.weakest, 0) THEN s.weakest ELSE coalesce(t.weakest, 0) END AS rule_weakest
  FROM genotype AS g
  LEFT JOIN inhibited AS i ON i.person_id = g.person_id AND i.gene = g.gene
  LEFT JOIN rule AS m ON m.gene = g.gene AND m.power = i.most AND m.phenotype IS NULL
  LEFT JOIN rule AS l ON l.gene = g.gene AND l.power = i.least AND l.phenotype IS NULL
  LEFT JOIN rule AS s ON s.gene = g.gene AND s.power = i.least AND s.phenotype = g.phenotype
  LEFT JOIN rule AS t ON t.gene = g.gene AND t.power = i.most AND t.phenotype = g.phenotype
), banded AS (  -- the bands at both ends of the converted score
  SELECT f.person_id, f.gene, f.system,
         min(CASE WHEN coalesce(f.converted_high >= r.score_from, TRUE) AND coalesce(f.converted_high <= r.score_to, r.score_to IS NULL) THEN r.phenotype END) AS least,
         min(CASE WHEN f.converted_low >= r.score_from AND coalesce(f.converted_low <= r.score_to, TRUE) THEN r.phenotype END) AS most
  FROM factored AS f
  JOIN knowledge.phenotype_rule AS r ON r.system = f.system AND r.gene = f.gene AND r.score_from IS NOT NULL
  WHERE f.scored > 0 GROUP BY f.person_id, f.gene, f.system
), read_so AS (
  SELECT f.*, CASE WHEN f.inhibitors IS NULL THEN f.phenotype WHEN f.scored > 0 THEN b.least ELSE f.named_least END AS converted_least,
         CASE WHEN f.inhibitors IS NULL THEN f.phenotype WHEN f.scored > 0 THEN b.most ELSE f.named_most END AS converted_most,
         CASE WHEN f.inhibitors IS NULL THEN f.weakest
              WHEN f.inhibitor_weakest > f.weakest AND f.inhibitor_weakest > f.rule_weakest THEN f.inhibitor_weakest
              WHEN f.rule_weakest > f.weakest THEN f.rule_weakest ELSE f.weakest END AS converted_weakest
  FROM factored AS f
  LEFT JOIN banded AS b ON b.person_id = f.person_id AND b.gene = f.gene AND b.system = f.system
)
SELECT person_id, gene, system, CAST(CASE WHEN scored > 0 THEN score_low END AS DOUBLE) AS score_low, CAST(CASE WHEN scored > 0 THEN score_high END AS DOUBLE) AS score_high,
       CAST(phenotype AS VARCHAR) AS phenotype, CAST(inhibitors AS VARCHAR) AS inhibitors,
       CAST(CASE WHEN scored > 0 THEN converted_low END AS DOUBLE) AS converted_low, CAST(CASE WHEN scored > 0 THEN converted_high END AS DOUBLE) AS converted_high,
       CAST(converted_least AS VARCHAR) AS converted_least, CAST(converted_most AS VARCHAR) AS converted_most,
       CAST(CASE WHEN converted_least = converted_most THEN converted_most END AS VARCHAR) AS converted_phenotype,
       CAST(CASE WHEN inhibitors IS NULL THEN FALSE WHEN converted_least = converted_most THEN converted_most <> phenotype END AS BOOLEAN) AS changed,
       CAST(CASE weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status,
       CAST(CASE converted_weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS converted_status
FROM read_so
