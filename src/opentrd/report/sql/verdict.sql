-- one row: one definition over all persons
-- eligible_low, met_low: certain (true); eligible_high, met_high: possible (true or not known); persons: all assessed
-- denominator_high: who belong to the denominator if everybody who may meet the definition does (persons)
-- knowledge_status: the weakest status any of its verdicts rests on
SELECT
    definition,
    count(*) AS persons,
    CAST(sum(CASE WHEN coalesce(eligible, FALSE) THEN 1 ELSE 0 END) AS BIGINT) AS eligible_low,
    CAST(sum(CASE WHEN coalesce(eligible, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS eligible_high,
    CAST(sum(CASE WHEN coalesce(met, FALSE) THEN 1 ELSE 0 END) AS BIGINT) AS met_low,
    CAST(sum(CASE WHEN coalesce(met, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS met_high,
    CAST(sum(CASE WHEN coalesce(eligible, FALSE) OR coalesce(met, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS denominator_high,
    CASE
        WHEN max(CASE WHEN knowledge_status = 'recalled' THEN 1 ELSE 0 END) = 1 THEN 'recalled'
        WHEN max(CASE WHEN knowledge_status = 'transcribed' THEN 1 ELSE 0 END) = 1 THEN 'transcribed'
        ELSE min(knowledge_status)
    END AS knowledge_status
FROM verdict
GROUP BY definition
ORDER BY definition
