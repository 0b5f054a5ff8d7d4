-- fate: one row is one definition and one reason why persons are followed or not (columns as in part/fate).
SELECT definition, fate, CAST(sum(persons) AS BIGINT) AS persons, CAST(sum(undated) AS BIGINT) AS undated
FROM compare.all_fate
GROUP BY definition, fate
ORDER BY definition, fate
