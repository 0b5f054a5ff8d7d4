-- The observed time is one period up to the as_of of the real record, so that an answer does not move it.
INSERT INTO record.observation_period
SELECT k.world_id, p.start_date, CASE WHEN p.end_date > a.as_of THEN a.as_of ELSE p.end_date END
FROM @home.record.observation_period AS p
JOIN @home.world.answer AS k ON k.person_id = p.person_id
JOIN @home.assess.as_of AS a ON a.person_id = p.person_id
WHERE coalesce(p.start_date <= a.as_of, TRUE)
UNION ALL
SELECT k.world_id, a.observed_from, a.as_of
FROM @home.assess.as_of AS a
JOIN @home.world.answer AS k ON k.person_id = a.person_id
LEFT JOIN (SELECT DISTINCT person_id FROM @home.record.observation_period) AS o ON o.person_id = a.person_id
WHERE o.person_id IS NULL AND a.as_of IS NOT NULL
