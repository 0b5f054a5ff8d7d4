-- finding_poor_fit: one row is one antidepressant trial that is not known to have helped, and one way in which drug and person may not have
-- fitted: the leading domain, or a slow enzyme behind a stop for side effects.
--   person_id, finding   domain_mismatch, cyp_poor
--   subject       the trial
--   source        the review of the domains; or CPIC, DPWG
--   grp, place    pseudo_resistance, order on the page
--   present       true; false; null: not known
--   value, unit   the domains, or the genes, that decide;  threshold  null
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   null; the trial
--   knowledge_status   weakest status of the facts behind it
WITH response AS (
  SELECT max_improvement_pct AS pct FROM knowledge.failure_rule WHERE failure_rule = 'below_50'
), looked_at AS (
  SELECT t.person_id, t.trial_id, t.agent, t.stop_reason, k.class
  FROM assess.trial AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  CROSS JOIN response AS r
  WHERE t.kind = 'drug' AND NOT coalesce(t.improvement_pct >= r.pct, FALSE) AND coalesce(t.stop_reason, '') <> 'remission'
), poor AS (  -- certainly leading: no other domain can be ahead; perhaps leading: none is ahead for certain
  SELECT q.person_id, q.trial_id, max(CASE WHEN d.rank_worst = 1 AND d.present > 0 THEN 1 ELSE 0 END) AS sure, max(CASE WHEN d.rank_best = 1 THEN 1 ELSE 0 END) AS perhaps,
         string_agg(CASE WHEN d.rank_best = 1 THEN d.title END, '; ' ORDER BY CASE WHEN d.rank_best = 1 THEN d.title END) AS titles
  FROM looked_at AS q
  JOIN knowledge.mechanism AS m ON m.relation = 'poorly matched with' AND m.to_kind = 'class' AND m.to_node = q.class
  JOIN assess.domain AS d ON d.person_id = q.person_id AND d.domain = m.from_node
  GROUP BY q.person_id, q.trial_id
), gene AS (
  SELECT system, agent, gene_1 AS gene FROM knowledge.pgx_recommendation
  UNION
  SELECT system, agent, gene_2 FROM knowledge.pgx_recommendation WHERE gene_2 IS NOT NULL
), slow AS (
  SELECT q.person_id, q.trial_id, g.system, max(CASE WHEN p.phenotype IN ('Poor Metabolizer', 'Likely Poor Metabolizer') THEN 1 ELSE 0 END) AS sure,
         max(CASE WHEN p.phenotype IS NULL OR p.phenotype = 'Indeterminate' THEN 1 ELSE 0 END) AS open,
         string_agg(p.gene || ' ' || p.phenotype, '; ' ORDER BY p.gene) AS genes, max(CASE p.knowledge_status WHEN 'recalled' THEN 1 ELSE 0 END) AS weak
  FROM looked_at AS q
  JOIN gene AS g ON g.agent = q.agent
  LEFT JOIN assess.pgx_metabolism AS p ON p.person_id = q.person_id AND p.gene = g.gene AND p.system = g.system
  WHERE q.stop_reason = 'intolerance'
  GROUP BY q.person_id, q.trial_id, g.system
), judged AS (
  SELECT person_id, trial_id, 'domain_mismatch' AS finding, 'Pinzi 2026' AS source, CASE WHEN sure = 1 THEN TRUE WHEN perhaps = 0 THEN FALSE END AS present, titles AS value,
         'transcribed' AS knowledge_status
  FROM poor
  UNION ALL
  SELECT person_id, trial_id, 'cyp_poor', system, CASE WHEN sure = 1 THEN TRUE WHEN open = 0 THEN FALSE END, genes,
         CASE weak WHEN 1 THEN 'recalled' ELSE 'transcribed' END
  FROM slow
)
SELECT j.person_id, CAST(j.finding AS VARCHAR) AS finding, CAST(j.trial_id AS VARCHAR) AS subject, CAST(j.source AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(j.present AS BOOLEAN) AS present, CAST(j.value AS VARCHAR) AS value, CAST(NULL AS VARCHAR) AS unit,
       CAST(NULL AS VARCHAR) AS threshold,
       CAST(CASE WHEN j.present THEN f.says_present WHEN NOT j.present THEN f.says_absent ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN j.present IS NULL THEN f.settles END AS VARCHAR) AS settles, CAST(NULL AS VARCHAR) AS measurement_id, CAST(j.trial_id AS VARCHAR) AS basis_id,
       CAST(j.knowledge_status AS VARCHAR) AS knowledge_status
FROM judged AS j
JOIN knowledge.finding AS f ON f.finding = j.finding
