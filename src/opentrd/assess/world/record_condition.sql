-- Conditions as recorded; a missing table may gain a depressive disorder that is still present.
INSERT INTO record.condition
SELECT c.condition_id, k.world_id, c.condition, c.start_earliest, c.start_latest, c.end_earliest, c.end_latest, c.course, c.present
FROM @home.record.condition AS c JOIN @home.world.answer AS k ON k.person_id = c.person_id
UNION ALL
SELECT 'asked', k.world_id, s.condition, coalesce(e.reckoned_from, a.observed_from), coalesce(e.reckoned_from, a.observed_from), NULL, NULL, 'open', TRUE
FROM @home.world.answer AS k
JOIN @home.assess.as_of AS a ON a.person_id = k.person_id
LEFT JOIN @home.assess.episode AS e ON e.person_id = k.person_id AND e.episode_no = 1
JOIN (SELECT min(condition) AS condition FROM knowledge.condition_set WHERE condition_set = 'depression') AS s ON TRUE
WHERE k.kind = 'diagnosis' AND k.extreme = 'high'
