-- episode: one row is one depressive episode, or one stretch of antidepressant treatment without a recorded diagnosis.
--   person_id
--   episode_id   person and number
--   episode_no   number by start
--   start_date   first day; null: the record does not say when it began
--   end_date     last day (of an open episode: as_of)
--   basis        how it is known: 'diagnosis, stated', 'diagnosis codes and treatment', 'treatment only'
--   is_last      true for the episode with the latest start: the one that staging and `current` definitions look at
--   is_current   true when it is the last and not yet over at as_of (its last day plus the remission or washout days reaches as_of)
--   reckoned_from  first day used to order and overlap, also when start_date is null
WITH numbered AS (
  SELECT s.*, a.anchor, a.as_of,
         row_number() OVER (PARTITION BY s.person_id ORDER BY s.spell_no DESC) AS from_end
  FROM assess.spell AS s
  JOIN assess.as_of AS a ON a.person_id = s.person_id
  WHERE s.bound = 'may'
)
SELECT n.person_id,
       CAST(n.person_id || '/episode/' || CAST(n.spell_no AS VARCHAR) AS VARCHAR) AS episode_id,
       n.spell_no AS episode_no,
       CAST(CASE WHEN n.start_known AND n.as_of IS NOT NULL THEN n.start_date END AS DATE) AS start_date,
       CAST(CASE WHEN n.as_of IS NOT NULL THEN n.end_date END AS DATE) AS end_date,
       CAST(CASE WHEN n.stated THEN 'diagnosis, stated' WHEN n.diagnosed THEN 'diagnosis codes and treatment'
                 ELSE 'treatment only' END AS VARCHAR) AS basis,
       CAST(n.from_end = 1 AS BOOLEAN) AS is_last,
       CAST(n.from_end = 1 AND date_diff('day', n.end_date, n.anchor) <= g.value AS BOOLEAN) AS is_current,
       n.start_date AS reckoned_from,
       n.end_date AS reckoned_to,
       n.stated
FROM numbered AS n
JOIN knowledge.parameter AS g
  ON g.parameter = CASE WHEN n.stated THEN 'episode_remission_days' ELSE 'episode_washout_days' END
