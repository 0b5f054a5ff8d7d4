-- pgx_genotype: one row is one reported genotype of one person, read under one system (CPIC or DPWG).
--   person_id, gene, system
--   diplotype, reported   the star alleles and the phenotype as the record has them
--   stated_score          the activity score as the record has it
--   score_low, score_high activity score, lower and upper bound; null: the gene is not scored or the score is not known (high alone null: or more)
--   phenotype             the phenotype under this system; null: not settled
--   basis                 diplotype, activity score, or phenotype as reported; null: nothing could be read
--   problem               why there is no phenotype, or what contradicts it
--   knowledge_status      weakest of the allele and phenotype rows it rests on
WITH text AS (
  SELECT DISTINCT gene, diplotype FROM record.genotype WHERE diplotype IS NOT NULL
), pair AS (  -- both star alleles are in the system's table
  SELECT t.gene, t.diplotype, a.system, a.function AS function_1, b.function AS function_2, a.value_low + b.value_low AS score_low,
         a.value_high + b.value_high AS score_high,
         CASE WHEN a.knowledge_status = 'verified' AND b.knowledge_status = 'verified' THEN 0
              WHEN a.knowledge_status = 'recalled' OR b.knowledge_status = 'recalled' THEN 2 ELSE 1 END AS weakest
  FROM text AS t
  JOIN knowledge.allele_function AS a ON a.gene = t.gene AND t.diplotype LIKE a.allele || '/%'
  JOIN knowledge.allele_function AS b ON b.system = a.system AND b.gene = a.gene AND t.diplotype = a.allele || '/' || b.allele
), ruled AS (
  SELECT DISTINCT system, gene, CASE WHEN score_from IS NULL THEN 0 ELSE 1 END AS by_score FROM knowledge.phenotype_rule
), covered AS (
  SELECT system, gene, max(by_score) = 1 AS is_scored FROM ruled GROUP BY system, gene
), reported AS (
  SELECT DISTINCT person_id, gene, diplotype, phenotype, activity_score FROM record.genotype
), said AS (  -- the alleles come first: reports differ in how they translate them
  SELECT r.person_id, r.gene, c.system, r.diplotype, r.phenotype AS reported, r.activity_score AS stated_score, p.function_1, p.function_2,
         CASE WHEN p.gene IS NOT NULL THEN p.score_low WHEN c.is_scored THEN r.activity_score END AS score_low,
         CASE WHEN p.gene IS NOT NULL THEN p.score_high WHEN c.is_scored THEN r.activity_score END AS score_high,
         CASE WHEN p.gene IS NOT NULL THEN 'diplotype' WHEN c.is_scored AND r.activity_score IS NOT NULL THEN 'activity score'
              WHEN n.phenotype IS NOT NULL THEN 'phenotype as reported' END AS basis,
         n.phenotype AS named, coalesce(p.weakest, 0) AS weakest,
         CASE n.knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END AS name_weakest
  FROM reported AS r
  JOIN covered AS c ON c.gene = r.gene
  LEFT JOIN pair AS p ON p.gene = r.gene AND p.diplotype = r.diplotype AND p.system = c.system
  LEFT JOIN knowledge.phenotype_name AS n ON n.name = lower(r.phenotype)
), banded AS (
  SELECT s.system, s.gene, s.score_low, s.score_high, count(*) AS bands, min(r.phenotype) AS phenotype,
         min(CASE WHEN s.score_low < r.score_from OR (r.score_to IS NOT NULL AND coalesce(s.score_high > r.score_to, TRUE)) THEN 0 ELSE 1 END) AS inside,
         max(CASE r.knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM (SELECT DISTINCT system, gene, score_low, score_high FROM said WHERE score_low IS NOT NULL) AS s
  JOIN knowledge.phenotype_rule AS r ON r.system = s.system AND r.gene = s.gene AND coalesce(r.score_from <= s.score_high, r.score_from IS NOT NULL)
    AND coalesce(r.score_to >= s.score_low, TRUE)
  GROUP BY s.system, s.gene, s.score_low, s.score_high
), settled AS (
  SELECT s.*,
         CASE WHEN s.score_low IS NOT NULL THEN CASE WHEN b.bands = 1 AND b.inside = 1 THEN b.phenotype END
              WHEN s.basis = 'diplotype' THEN f.phenotype
              WHEN s.basis = 'phenotype as reported' THEN s.named END AS phenotype,
         CASE WHEN s.basis = 'phenotype as reported' THEN s.name_weakest
              WHEN coalesce(b.weakest, 0) > s.weakest THEN b.weakest
              WHEN s.score_low IS NULL AND f.knowledge_status = 'recalled' THEN 2
              WHEN s.score_low IS NULL AND f.knowledge_status <> 'verified' AND s.weakest = 0 THEN 1 ELSE s.weakest END AS status_no
  FROM said AS s
  LEFT JOIN banded AS b ON b.system = s.system AND b.gene = s.gene AND b.score_low = s.score_low AND coalesce(b.score_high, -1) = coalesce(s.score_high, -1)
  LEFT JOIN knowledge.phenotype_rule AS f ON f.system = s.system AND f.gene = s.gene
    AND ((f.function_1 = s.function_1 AND f.function_2 = s.function_2) OR (f.function_1 = s.function_2 AND f.function_2 = s.function_1))
)
SELECT person_id, gene, CAST(system AS VARCHAR) AS system, diplotype, reported, CAST(stated_score AS DOUBLE) AS stated_score,
       CAST(score_low AS DOUBLE) AS score_low, CAST(score_high AS DOUBLE) AS score_high,
       CAST(phenotype AS VARCHAR) AS phenotype, CAST(basis AS VARCHAR) AS basis,
       CAST(CASE WHEN basis IS NULL AND diplotype IS NOT NULL THEN 'the diplotype is not in the allele table of ' || system
                 WHEN basis IS NULL AND reported IS NOT NULL THEN 'the phenotype is not one that OpenTRD knows'
                 WHEN basis IS NULL THEN 'neither diplotype nor phenotype is recorded'
                 WHEN phenotype IS NULL AND score_low IS NOT NULL THEN 'the score lies between the bands of ' || system
                 WHEN phenotype IS NULL THEN system || ' gives no phenotype for an allele of uncertain function'
                 WHEN basis = 'diplotype' AND system = 'CPIC' AND named <> phenotype THEN 'the report calls it ' || named
                 WHEN basis = 'diplotype' AND system = 'CPIC' AND (stated_score < score_low OR stated_score > score_high)
                   THEN 'the report states another activity score'
            END AS VARCHAR) AS problem,
       CAST(CASE status_no WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM settled
