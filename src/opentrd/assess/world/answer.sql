-- world.answer: one row is one possible world: one question answered in one extreme way.
--   person_id, question_no
--   extreme     'low' or 'high'
--   value       the answer, where it is a number
--   world_id    the synthetic person who lives in it
SELECT q.person_id, q.question_no, q.kind, q.agent, q.era_no, a.extreme,
       CASE a.extreme WHEN 'low' THEN q.low_value ELSE q.high_value END AS value,
       q.person_id || '|' || CAST(q.question_no AS VARCHAR) || '|' || a.extreme AS world_id
FROM world.question AS q
CROSS JOIN (SELECT 'low' AS extreme UNION ALL SELECT 'high') AS a
