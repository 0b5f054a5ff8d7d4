-- attrition: one row is one definition and one step of the flow of the whole population (columns as in part/attrition).
SELECT definition, step, CAST(sum(persons) AS BIGINT) AS persons
FROM compare.all_attrition
GROUP BY definition, step
ORDER BY definition, step
