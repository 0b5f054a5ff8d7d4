-- group_count: one row is one definition and one group of persons of the whole population (columns as in part/stratum).
SELECT definition, kind, level,
       CAST(sum(persons) AS BIGINT) AS persons, CAST(sum(eligible_low) AS BIGINT) AS eligible_low, CAST(sum(eligible_high) AS BIGINT) AS eligible_high,
       CAST(sum(met_low) AS BIGINT) AS met_low, CAST(sum(met_high) AS BIGINT) AS met_high,
       CAST(sum(denominator_high) AS BIGINT) AS denominator_high
FROM compare.all_stratum
GROUP BY definition, kind, level
ORDER BY definition, kind, level
