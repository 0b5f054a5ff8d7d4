-- count_scores: one row is one person and one definition of the family `scores`: does an instrument's total reach its cut-off?
--   person_id, definition_no
--   low, high     1: it does, certainly and possibly
--   episode_no    the episode that is staged
--   index_date    start of the first antidepressant trial in it
WITH total AS (
  SELECT r.definition_no, r.agent_set, s.person_id, s.low, s.high, s.bounded, k.at_least, k.strictly
  FROM knowledge.score_rule AS k
  JOIN assess.rule AS r ON r.definition = k.definition
  JOIN assess.score AS s ON s.instrument = k.instrument AND s.item = k.item
), staged AS (
  SELECT person_id, episode_no FROM assess.episode WHERE is_last
)
SELECT t.person_id, t.definition_no,
       CAST(CASE WHEN t.low > t.at_least OR (t.low = t.at_least AND NOT t.strictly) THEN 1 ELSE 0 END AS BIGINT) AS low,
       CAST(CASE WHEN t.high > t.at_least OR (t.high = t.at_least AND NOT t.strictly) THEN 1
                 WHEN t.bounded THEN 0 ELSE 1 END AS BIGINT) AS high,
       e.episode_no, f.index_date
FROM total AS t
LEFT JOIN staged AS e ON e.person_id = t.person_id
LEFT JOIN assess.first_use AS f ON f.person_id = t.person_id AND f.agent_set = t.agent_set AND f.episode_no = e.episode_no
