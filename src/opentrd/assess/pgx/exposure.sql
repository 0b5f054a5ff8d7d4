-- pgx_exposure: one row is one drug trial that is not known to have helped and one reason why too little of the drug may have reached the person.
-- This is OpenTRD's own inference, no guideline's: an ultrarapid enzyme at no more than the minimum dose, or a level below the range.
--   person_id, trial_id, agent
--   source             CPIC or DPWG (whose phenotype), or the scheme of the range, with its note
--   about              the gene, or `level`
--   failed             too little reached the person; null: not known
--   value              the phenotype, or where the level lies
--   says               what the inference rests on
--   settles            what would settle it when it is not known
--   measurement_id     the level
--   knowledge_status   weakest of the facts it rests on
WITH response AS (
  SELECT max_improvement_pct AS pct FROM knowledge.failure_rule WHERE failure_rule = 'below_50'
), trial AS (
  SELECT t.person_id, t.trial_id, t.agent, t.may_start, t.may_end, t.certain_start, t.bridged_end,
         CASE WHEN t.dose_status = 'below minimum' OR t.top_dose_mg <= m.min_dose_mg THEN TRUE WHEN t.top_dose_mg > m.min_dose_mg THEN FALSE END AS small
  FROM assess.trial AS t
  CROSS JOIN response AS r
  LEFT JOIN knowledge.dose_minimum AS m ON m.dose_table = 'atrq' AND m.agent = t.agent AND m.form = ''
  WHERE t.kind = 'drug' AND NOT coalesce(t.improvement_pct >= r.pct, FALSE) AND coalesce(t.stop_reason, '') <> 'remission'
), relevant AS (
  SELECT system, agent, gene_1 AS gene FROM knowledge.pgx_recommendation
  UNION
  SELECT system, agent, gene_2 FROM knowledge.pgx_recommendation WHERE gene_2 IS NOT NULL
), enzyme AS (
  SELECT t.person_id, t.trial_id, t.agent, m.system, m.gene, m.phenotype, t.small, t.may_start, t.may_end, m.knowledge_status,
         CASE WHEN m.phenotype = 'Ultrarapid Metabolizer' THEN TRUE WHEN m.phenotype <> 'Indeterminate' THEN FALSE END AS fast
  FROM trial AS t
  JOIN relevant AS r ON r.agent = t.agent
  JOIN assess.pgx_metabolism AS m ON m.person_id = t.person_id AND m.gene = r.gene AND m.system = r.system
), inhibited AS (  -- an inhibitor of the time may have undone the fast metabolism
  SELECT e.person_id, e.trial_id, e.gene, min(x.agent) AS inhibitor
  FROM enzyme AS e
  JOIN knowledge.cyp_modifier AS c ON c.enzyme = e.gene AND c.kind = 'inhibitor' AND c.strength <> 'weak' AND c.agent <> e.agent
  JOIN record.exposure AS x ON x.person_id = e.person_id AND x.agent = c.agent
  WHERE e.fast AND coalesce(x.start_earliest <= e.may_end, TRUE) AND coalesce(x.end_latest >= e.may_start, TRUE)
  GROUP BY e.person_id, e.trial_id, e.gene
)
SELECT e.person_id, CAST(e.trial_id AS VARCHAR) AS trial_id, CAST(e.agent AS VARCHAR) AS agent, CAST(e.system AS VARCHAR) AS source, CAST(e.gene AS VARCHAR) AS about,
       CAST(CASE WHEN NOT e.fast OR NOT e.small THEN FALSE WHEN i.inhibitor IS NULL THEN e.fast AND e.small END AS BOOLEAN) AS failed,
       CAST(coalesce(e.phenotype, 'not known') AS VARCHAR) AS value,
       CAST(CASE WHEN e.fast AND e.small AND i.inhibitor IS NULL THEN 'an ultrarapid ' || e.gene || ' at no more than the ATRQ minimum dose'
                 WHEN e.fast AND e.small THEN 'an ultrarapid ' || e.gene || ' at no more than the ATRQ minimum dose, but with ' || i.inhibitor
                 WHEN NOT e.fast THEN e.gene || ' is not ultrarapid'
                 WHEN NOT e.small THEN 'the dose was above the ATRQ minimum'
                 ELSE 'phenotype or dose is not known' END AS VARCHAR) AS says,
       CAST(CASE WHEN NOT e.fast OR NOT e.small THEN NULL WHEN i.inhibitor IS NOT NULL THEN 'a plasma level, or whether ' || i.inhibitor || ' was taken at the time'
                 WHEN e.fast IS NULL THEN 'a genotype that can be read' WHEN e.small IS NULL THEN 'the daily dose' END AS VARCHAR) AS settles,
       CAST(NULL AS VARCHAR) AS measurement_id,
       CAST(CASE e.knowledge_status WHEN 'recalled' THEN 'recalled' ELSE 'transcribed' END AS VARCHAR) AS knowledge_status
FROM enzyme AS e
LEFT JOIN inhibited AS i ON i.person_id = e.person_id AND i.trial_id = e.trial_id AND i.gene = e.gene
UNION ALL
SELECT t.person_id, t.trial_id, t.agent, l.scheme || coalesce(', ' || l.note, ''), 'level', l.below, CASE WHEN l.below THEN 'below the range' WHEN NOT l.below THEN 'not below the range' ELSE 'not known' END,
       'a level of ' || t.agent || ' during the trial against ' || l.shown || CASE WHEN l.note IS NULL THEN '' ELSE ' (' || l.note || ')' END,
       CASE WHEN l.below IS NULL THEN 'a level of the drug and its metabolite that is not censored' END, l.measurement_id, l.knowledge_status
FROM trial AS t
JOIN assess.pgx_level AS l ON l.person_id = t.person_id AND l.agent = t.agent AND l.kind = 'range' AND l.date_low >= t.certain_start AND l.date_high <= t.bridged_end
