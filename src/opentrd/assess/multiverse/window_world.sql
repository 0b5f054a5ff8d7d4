-- window_world: one row is one choice and one range of windows that give it the same count.
--   choice_no
--   window_range   the windows (multiverse.place_range): all that are as long as the whole time between the failures
--   window_days    null: the window limits nothing
WITH shorter AS (
  SELECT c.choice_no, g.place, g.number FROM multiverse.choice AS c JOIN multiverse.grid AS g ON g.parameter = 'window_days' AND g.number < c.window_days
), last_shorter AS (
  SELECT choice_no, max(place) AS place FROM shorter GROUP BY choice_no
), size AS (
  SELECT max(place) AS places FROM multiverse.grid WHERE parameter = 'window_days'
)
SELECT choice_no, CAST(place * 1001 AS BIGINT) AS window_range, CAST(number AS BIGINT) AS window_days FROM shorter
UNION ALL
SELECT c.choice_no, CAST((coalesce(s.place, 0) + 1) * 1000 + z.places AS BIGINT), CAST(NULL AS BIGINT)
FROM multiverse.choice AS c
CROSS JOIN size AS z
LEFT JOIN last_shorter AS s ON s.choice_no = c.choice_no
WHERE coalesce(s.place, 0) < z.places
