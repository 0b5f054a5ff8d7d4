-- rule: one row is one definition or instrument with its parameters as numbers; null: its paper does not give it.
--   definition_no    number by name: the key of the counts
--   definition, family, needed, distinct_level, agent_set, augmentation, neurostimulation, episode   as in knowledge.definition
--   at_most          most that may count (none: without limit)
--   intolerance_counts   true: a stop for intolerance is a failure
--   windowed         true: the failures have to lie in one window;  window_days, window_from   which
--   open_ended       true: it can also be met in a way that no record shows
--   dose_key         the dose table, 'none', or 'unstated'
--   min_days         least days (none: 0);  adherence_asked, min_adherence
--   basis            what makes a trial a failure: improvement, switch, stop, any
--   banded, min_improvement, max_improvement, includes_threshold   of the basis improvement, percent
--   max_next_days    of the basis switch: latest start of the next trial after the end of this one
--   look_no          same number: same trials, max_next_days, and episodes looked at or not (basis switch)
--   judged_as        the first definition of its family that judges the same trials by the same rules (itself, where it is the first)
SELECT CAST(d.definition_no AS BIGINT) AS definition_no,
       CAST(d.definition AS VARCHAR) AS definition, CAST(d.family AS VARCHAR) AS family, CAST(d.needed AS BIGINT) AS needed,
       CAST(CASE WHEN d.at_most = 'none' THEN 1000000 ELSE CAST(nullif(d.at_most, 'none') AS DOUBLE) END AS DOUBLE) AS at_most,
       CAST(d.distinct_level AS VARCHAR) AS distinct_level, CAST(d.agent_set AS VARCHAR) AS agent_set,
       CAST(d.augmentation AS VARCHAR) AS augmentation, CAST(d.neurostimulation AS VARCHAR) AS neurostimulation,
       CAST(d.intolerance = 'failure' AS BOOLEAN) AS intolerance_counts, CAST(d.episode AS VARCHAR) AS episode,
       CAST(d.window_from <> 'none' AS BOOLEAN) AS windowed,
       CAST(nullif(d.window_days, 'none') AS DOUBLE) AS window_days, CAST(d.window_from AS VARCHAR) AS window_from,
       CAST(d.alternative <> 'none' AS BOOLEAN) AS open_ended,
       CAST(coalesce(a.dose_table, 'unstated') AS VARCHAR) AS dose_key,
       CAST(CASE WHEN a.min_days = 'none' THEN 0 ELSE CAST(nullif(a.min_days, 'none') AS DOUBLE) END AS DOUBLE) AS min_days,
       CAST(coalesce(a.min_adherence <> 'none', TRUE) AS BOOLEAN) AS adherence_asked,
       CAST(nullif(a.min_adherence, 'none') AS DOUBLE) AS min_adherence,
       CAST(f.basis AS VARCHAR) AS basis,
       CAST(coalesce(f.min_improvement_pct <> 'none', FALSE) AS BOOLEAN) AS banded,
       CAST(CASE WHEN f.min_improvement_pct = 'none' THEN -1000000 ELSE CAST(nullif(f.min_improvement_pct, 'none') AS DOUBLE) END AS DOUBLE) AS min_improvement,
       CAST(f.max_improvement_pct AS DOUBLE) AS max_improvement, CAST(f.includes_threshold AS BOOLEAN) AS includes_threshold,
       CAST(CASE WHEN f.max_next_days = 'none' THEN 1000000 ELSE CAST(nullif(f.max_next_days, 'none') AS DOUBLE) END AS DOUBLE) AS max_next_days,
       CAST(CASE WHEN f.basis = 'switch' THEN dense_rank() OVER (ORDER BY d.agent_set, d.augmentation, d.neurostimulation, coalesce(f.basis, ''), coalesce(f.max_next_days, ''),
                                                                 CASE WHEN d.episode = 'none' THEN 0 ELSE 1 END)
            END AS BIGINT) AS look_no,
       CAST(min(d.definition_no) OVER (PARTITION BY d.family, d.agent_set, d.augmentation, d.neurostimulation, d.adequacy_rule, d.failure_rule, d.distinct_level,
                                                    d.intolerance, d.episode) AS BIGINT) AS judged_as
FROM (SELECT *, row_number() OVER (ORDER BY definition) AS definition_no FROM knowledge.definition) AS d
LEFT JOIN knowledge.adequacy_rule AS a ON a.adequacy_rule = d.adequacy_rule
LEFT JOIN knowledge.failure_rule AS f ON f.failure_rule = d.failure_rule
