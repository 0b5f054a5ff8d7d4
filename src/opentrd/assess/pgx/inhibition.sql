-- pgx_inhibition: one row is one drug that inhibits the enzyme of a genotyped gene and may be taken at as_of.
--   person_id, gene    the enzyme
--   agent              the inhibitor
--   strength           strong, moderate, weak
--   certain            true: it is certainly taken at as_of; false: possibly (a drug without a known end counts as still taken)
--   exposure_id        the first of its exposure rows, by id
--   knowledge_status   of the row that calls it an inhibitor
WITH wanted AS (
  SELECT DISTINCT person_id, gene FROM assess.pgx_genotype
), taken AS (
  SELECT w.person_id, w.gene, e.agent, m.strength, m.knowledge_status, e.exposure_id,
         CASE WHEN e.start_latest <= a.anchor AND (e.end_earliest >= a.anchor OR (e.end_latest IS NULL AND e.ongoing))
                AND coalesce(m.above_mg IS NULL OR e.daily_dose_mg >= m.above_mg, FALSE) THEN 1 ELSE 0 END AS certain
  FROM wanted AS w
  JOIN record.exposure AS e ON e.person_id = w.person_id
  JOIN assess.as_of AS a ON a.person_id = e.person_id
  JOIN knowledge.cyp_modifier AS m ON m.agent = e.agent AND m.enzyme = w.gene AND m.kind = 'inhibitor'
  WHERE coalesce(e.start_earliest <= a.anchor, TRUE) AND coalesce(e.end_latest >= a.anchor, e.ongoing, TRUE)
    AND (m.above_mg IS NULL OR coalesce(e.daily_dose_mg >= m.above_mg, TRUE))
)
SELECT person_id, gene, agent, CAST(strength AS VARCHAR) AS strength, CAST(max(certain) = 1 AS BOOLEAN) AS certain,
       CAST(min(exposure_id) AS VARCHAR) AS exposure_id,
       CAST(CASE knowledge_status WHEN 'computed' THEN 'transcribed' ELSE knowledge_status END AS VARCHAR) AS knowledge_status
FROM taken GROUP BY person_id, gene, agent, strength, knowledge_status
