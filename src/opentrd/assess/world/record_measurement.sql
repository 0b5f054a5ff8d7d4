-- Measurements as recorded; the severity that the question asks about is rated at as_of.
INSERT INTO record.measurement
SELECT m.measurement_id, k.world_id, m.measure, m.date_earliest, m.date_latest, m.value, m.unit, m.sign, m.assay
FROM @home.record.measurement AS m JOIN @home.world.answer AS k ON k.person_id = m.person_id
UNION ALL
SELECT 'asked', k.world_id, 'maudsley severity', a.as_of, a.as_of, k.value, NULL, '=', NULL
FROM @home.world.answer AS k JOIN @home.assess.as_of AS a ON a.person_id = k.person_id
WHERE k.kind = 'severity'
