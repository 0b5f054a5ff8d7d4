-- failed: one row is one trial, in the episode that staging looks at, that failed or may have, and one instrument.
--   person_id, trial_id, counted_as (what can count once)
--   definition_no   the instrument: of those that judge trials alike only the first (see judged_as in rule)
--   certain       1: certainly a failed adequate trial, in a known stretch of the episode
--   part_no       stretch of the episode in the certain reading
--   start_low, start_high, end_low, end_high   first and last day of the trial, at the earliest and at the latest
--   thase_rush_class   class of the agent
-- The last condition names both j and r: as a filter of j alone it would have all clauses worked out twice.
SELECT j.person_id, j.definition_no, j.trial_id, j.counted_as,
       CAST(CASE WHEN j.counts AND j.part_no IS NOT NULL THEN 1 ELSE 0 END AS BIGINT) AS certain, j.part_no,
       t.reckoned_from AS start_low, CAST(coalesce(t.sure_from, t.reckoned_to) AS DATE) AS start_high,
       CAST(coalesce(t.sure_to, t.reckoned_from) AS DATE) AS end_low, t.reckoned_to AS end_high,
       CAST(k.thase_rush_class AS VARCHAR) AS thase_rush_class
FROM assess.judged AS j
JOIN assess.rule AS r ON r.definition_no = j.definition_no
JOIN assess.trial AS t ON t.person_id = j.person_id AND t.trial_id = j.trial_id
LEFT JOIN knowledge.agent AS k ON k.agent = j.agent
WHERE j.speaks_for = 'instrument' AND coalesce(j.counts, r.family = 'instrument')
