-- A course that the question asks about takes its answer on every row; a missing table may gain a failed course of ECT.
INSERT INTO record.procedure
SELECT r.procedure_id, k.world_id, r.procedure, r.start_earliest, r.start_latest, r.end_earliest, r.end_latest, r.sessions, r.laterality,
       r.intensity, r.detail, r.stop_reason,
       CASE WHEN k.kind = 'course' AND k.agent = r.procedure AND r.improvement_pct IS NULL
                 AND coalesce(r.start_earliest BETWEEN c.may_start AND c.may_end, TRUE) THEN k.value ELSE r.improvement_pct END,
       r.improvement_basis, r.present
FROM @home.record.procedure AS r
JOIN @home.world.answer AS k ON k.person_id = r.person_id
LEFT JOIN @home.assess.course AS c ON c.person_id = r.person_id AND c.procedure = k.agent AND c.course_no = k.era_no
UNION ALL
SELECT 'asked', k.world_id, s.procedure, a.as_of, a.as_of, a.as_of, a.as_of, NULL, 'bilateral', NULL, NULL, NULL, 0, NULL, TRUE
FROM @home.world.answer AS k
JOIN @home.assess.as_of AS a ON a.person_id = k.person_id
JOIN knowledge.procedure_set AS s ON s.procedure_set = 'ect'
WHERE k.kind = 'ect' AND k.extreme = 'high'
