-- missed: one row is one definition and one clause by which it is not met, over persons who certainly meet some other one.
--   definition       the definition that is certainly not met
--   in_denominator   true: these persons belong to its denominator; false: the clause keeps them out; null: not known
--   clause           why it is not met
--   persons          how many persons, each counted once
SELECT definition, eligible AS in_denominator, clause, CAST(sum(persons) AS BIGINT) AS persons
FROM compare.all_blocked
GROUP BY definition, eligible, clause
ORDER BY definition, persons DESC, clause
