-- failed: one row is one instrument and one thing that can count once (a drug), in the episode that staging looks at.
--   person_id, definition (the instrument), counted_as
--   trial_id      the trial that counts best
--   certain       1: certainly a failed adequate trial
--   possible      1: possibly
--   part_no       stretch of the episode in the certain reading
SELECT person_id, definition, CAST(counted_as AS VARCHAR) AS counted_as,
       CAST(max(trial_id) AS VARCHAR) AS trial_id,
       CAST(max(CASE WHEN counts THEN 1 ELSE 0 END) AS BIGINT) AS certain,
       CAST(max(CASE WHEN coalesce(counts, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS possible,
       part_no
FROM assess.judgement
WHERE definition IN (SELECT definition FROM knowledge.definition WHERE family = 'instrument') AND coalesce(episode_ok, TRUE)
GROUP BY person_id, definition, counted_as, part_no
