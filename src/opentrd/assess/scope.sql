-- scope: one row is one definition that counts trials and one agent or procedure whose trials it looks at.
--   kind, agent      kind of trial (drug, augmentation, procedure) and the agent or procedure
--   agent_class      class of the agent; of a procedure its name
--   definition_no, definition, distinct_level, episode, intolerance_counts, dose_key, min_days, adherence_asked, min_adherence, basis,
--   banded, min_improvement, max_improvement, includes_threshold, look_no, max_next_days, windowed, family   as in rule
--   speaks_for     family, of those definitions that judge alike of the first only
WITH wanted AS (
  SELECT r.definition_no, 'drug' AS kind, s.agent FROM assess.rule AS r JOIN knowledge.agent_set AS s ON s.agent_set = r.agent_set
  UNION ALL
  SELECT r.definition_no, 'augmentation', s.agent FROM assess.rule AS r JOIN knowledge.agent_set AS s ON s.agent_set = r.augmentation
  UNION ALL
  SELECT r.definition_no, 'procedure', s.procedure FROM assess.rule AS r JOIN knowledge.procedure_set AS s ON s.procedure_set = r.neurostimulation
)
SELECT CAST(w.kind AS VARCHAR) AS kind, CAST(w.agent AS VARCHAR) AS agent, CAST(coalesce(k.class, w.agent) AS VARCHAR) AS agent_class, r.definition_no, r.definition, r.distinct_level, r.episode,
       r.intolerance_counts, r.dose_key, r.min_days, r.adherence_asked, r.min_adherence, r.basis, r.banded, r.min_improvement, r.max_improvement,
       r.includes_threshold, r.look_no, r.max_next_days, r.windowed, r.family, CASE WHEN r.judged_as = r.definition_no THEN r.family END AS speaks_for
FROM wanted AS w JOIN assess.rule AS r ON r.definition_no = w.definition_no
LEFT JOIN knowledge.agent AS k ON k.agent = w.agent AND w.kind <> 'procedure'
WHERE r.family IN ('failures', 'instrument')
