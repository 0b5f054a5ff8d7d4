-- blocked: one row is one set of definitions that are met, one definition that is not, and the clause that decides there.
--   met_set      one letter a definition: M met, . not
--   definition   the definition that is not met
--   eligible     do these persons belong to its denominator
--   clause       why it is not met
--   persons      how many persons of the present part
WITH met_set AS (
  SELECT person_id, string_agg(CASE WHEN state = 'M' THEN 'M' ELSE '.' END, '' ORDER BY place) AS met_set
  FROM compare.part_verdict
  GROUP BY person_id
  HAVING max(CASE WHEN state = 'M' THEN 1 ELSE 0 END) = 1
)
SELECT s.met_set, v.definition, v.eligible, coalesce(v.clause, 'not stated') AS clause, count(*) AS persons
FROM compare.part_verdict AS v
JOIN met_set AS s ON s.person_id = v.person_id
WHERE NOT v.met
GROUP BY s.met_set, v.definition, v.eligible, v.clause
