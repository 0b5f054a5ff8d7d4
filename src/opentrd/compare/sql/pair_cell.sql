-- pair_cell: one row is one pair of definitions and one pair of answers, over persons in the denominator of both.
--   place_a, place_b    the two definitions, place_a < place_b
--   state_a, state_b    M met, N not met, U undetermined
--   persons             how many persons
-- Made from the distinct patterns, so that its cost does not grow with the persons.
WITH letter AS (
  SELECT p.pattern_id, p.persons, d.place, substr(p.states, d.place, 1) AS state
  FROM compare.pattern AS p
  CROSS JOIN compare.definition AS d
), certain AS (
  SELECT * FROM letter WHERE state IN ('M', 'N', 'U')
)
SELECT a.place AS place_a, b.place AS place_b, a.state AS state_a, b.state AS state_b, sum(a.persons) AS persons
FROM certain AS a
JOIN certain AS b ON b.pattern_id = a.pattern_id AND b.place > a.place
GROUP BY a.place, b.place, a.state, b.state
