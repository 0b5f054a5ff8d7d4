-- pattern: one row is one joint pattern of verdicts in the whole population.
--   pattern_id   its number
--   states       one letter a definition (see part_verdict)
--   met_set      one letter a definition: M certainly met, . not
--   persons      how many persons have it
SELECT row_number() OVER (ORDER BY states) AS pattern_id, states, regexp_replace(states, '[^M]', '.', 'g') AS met_set, persons
FROM (SELECT states, sum(persons) AS persons FROM compare.all_pattern GROUP BY states)
