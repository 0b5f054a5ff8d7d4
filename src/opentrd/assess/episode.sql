-- episode: one row is one depressive episode, or one stretch of antidepressant treatment without a recorded diagnosis.
--   person_id
--   episode_id   person and number
--   episode_no   number by start
--   start_date   first day; null: the record does not say when it began
--   end_date     last day (of an open episode: as_of)
--   basis        how it is known: 'diagnosis, stated', 'diagnosis codes and treatment', 'treatment only'
--   is_last      true for the episode with the latest start: the one that staging and `current` definitions look at
--   is_current   true when it is the last and not yet over at as_of (its last day plus the remission or washout days reaches as_of)
--   reckoned_from, reckoned_to   first and last day used to order and overlap, also when the dates are not known
--   stated         from diagnoses whose course is stated
SELECT s.person_id,
       CAST(s.person_id || '/episode/' || CAST(s.spell_no AS VARCHAR) AS VARCHAR) AS episode_id,
       s.spell_no AS episode_no,
       CAST(CASE WHEN s.start_known AND a.as_of IS NOT NULL THEN s.start_date END AS DATE) AS start_date,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN s.end_date END AS DATE) AS end_date,
       CAST(CASE WHEN s.stated THEN 'diagnosis, stated' WHEN s.diagnosed THEN 'diagnosis codes and treatment'
                 ELSE 'treatment only' END AS VARCHAR) AS basis,
       s.is_last, s.is_current, s.start_date AS reckoned_from, s.end_date AS reckoned_to, s.stated
FROM assess.spell AS s
JOIN assess.as_of AS a ON a.person_id = s.person_id
WHERE s.bound = 'may'
