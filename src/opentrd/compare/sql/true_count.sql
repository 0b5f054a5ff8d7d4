-- true_count: one row is one definition and one true number of failed adequate trials (columns as in part/accuracy).
SELECT definition, failures, CAST(sum(persons) AS BIGINT) AS persons, CAST(sum(met) AS BIGINT) AS met,
       CAST(sum(undetermined) AS BIGINT) AS undetermined, CAST(sum(not_met) AS BIGINT) AS not_met
FROM compare.all_accuracy
GROUP BY definition, failures
ORDER BY definition, failures
