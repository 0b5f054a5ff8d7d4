-- one row: one source, field and reason for which rows were not understood; rows: their number
SELECT source, field, reason, count(*) AS "rows"
FROM unread
GROUP BY source, field, reason
ORDER BY "rows" DESC, source, field, reason
