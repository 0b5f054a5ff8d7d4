-- tally: one row is one person's choice of every parameter but the needed number: how many failures count.
--   choice_no, distinct_range, window_range, weeks_place   the choice (multiverse.choice has the person, the other parameters and the reading)
--   failed   the most in one episode and window. Where fewer than the smallest needed number count there may be no row
WITH grouped AS (
  SELECT c.choice_no, c.distinct_range, c.window_range, c.part_no, c.opens_on, g.place AS weeks_place, count(*) AS failed
  FROM multiverse.counted AS c
  JOIN multiverse.grid AS g ON g.parameter = 'min_weeks' AND g.place <= c.weeks_place
  GROUP BY c.choice_no, c.distinct_range, c.window_range, c.part_no, c.opens_on, g.place
), smallest AS (
  SELECT min(number) AS needed FROM multiverse.grid WHERE parameter = 'needed'
)
SELECT g.choice_no, g.distinct_range, g.window_range, CAST(g.weeks_place AS BIGINT) AS weeks_place, CAST(max(g.failed) AS BIGINT) AS failed
FROM grouped AS g JOIN smallest AS s ON g.failed >= s.needed
GROUP BY g.choice_no, g.distinct_range, g.window_range, g.weeks_place
