-- one row: one status of facts and the number of statements whose weakest fact has it
SELECT knowledge_status, count(*) AS statements
FROM (SELECT knowledge_status FROM verdict UNION ALL SELECT knowledge_status FROM stage) AS statement
GROUP BY knowledge_status
ORDER BY knowledge_status
