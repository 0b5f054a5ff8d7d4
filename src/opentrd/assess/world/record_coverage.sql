-- Coverage as recorded. A table that the real record does not keep is kept only in the world whose question answers it.
INSERT INTO record.coverage
SELECT k.world_id, c.table_name, c.start_date, c.end_date
FROM @home.record.coverage AS c JOIN @home.world.answer AS k ON k.person_id = c.person_id
WHERE NOT (k.kind = 'diagnosis' AND c.table_name = 'condition') AND NOT (k.kind = 'ect' AND c.table_name = 'procedure')
UNION ALL
SELECT k.world_id, p.table_name, CAST('9999-12-31' AS DATE), CAST('9999-12-31' AS DATE)
FROM @home.world.answer AS k
JOIN @home.assess.kept AS p ON p.person_id = k.person_id AND NOT p.kept
WHERE NOT (k.kind = 'diagnosis' AND p.table_name = 'condition') AND NOT (k.kind = 'ect' AND p.table_name = 'procedure')
