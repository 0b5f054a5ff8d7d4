-- pattern: one row is one joint pattern of verdicts in the present part of the population.
--   states     one letter a definition, in the order of their places (see part_verdict)
--   persons    how many persons have it
SELECT states, count(*) AS persons
FROM (
  SELECT person_id, string_agg(state, '' ORDER BY place) AS states
  FROM compare.part_verdict
  GROUP BY person_id
)
GROUP BY states
