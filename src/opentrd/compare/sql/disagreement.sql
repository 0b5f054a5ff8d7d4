-- disagreement: one row is one ordered pair of definitions and one clause by which the second is not met.
--   met_by, not_met_by    persons certainly meet the first and certainly not the second
--   in_denominator        true: they belong to the denominator of the second; false: the clause keeps them out; null: not known
--   clause                why the second is not met
--   persons               how many persons
SELECT a.definition AS met_by, b.definition AS not_met_by, b.eligible AS in_denominator, b.clause, CAST(sum(b.persons) AS BIGINT) AS persons
FROM (
  SELECT met_set, definition, eligible, clause, sum(persons) AS persons
  FROM compare.all_blocked
  GROUP BY met_set, definition, eligible, clause
) AS b
JOIN compare.definition AS a ON substr(b.met_set, a.place, 1) = 'M'
GROUP BY a.definition, b.definition, b.eligible, b.clause
ORDER BY a.definition, b.definition, persons DESC, b.clause, b.eligible
