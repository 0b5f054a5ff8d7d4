-- pathway: one row is one sequence of antidepressant classes over the first four lines (columns as in part/pathway).
SELECT line_1, line_2, line_3, line_4, CAST(sum(persons) AS BIGINT) AS persons
FROM compare.all_pathway
GROUP BY ALL
ORDER BY persons DESC, line_1, line_2, line_3, line_4
