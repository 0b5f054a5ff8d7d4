-- option_listed: one row is one adult and one treatment in one role that is looked at.
--   person_id, treatment, role
--   since_end   of a drug listed to be stopped that has ended already: days since it ended; null: it goes on, or the role is another
WITH looked_at AS (
SELECT s.person_id, CAST(r.treatment AS VARCHAR) AS treatment, CAST(r.role AS VARCHAR) AS role, CAST(NULL AS BIGINT) AS since_end
FROM assess.option_scope AS s JOIN knowledge.treatment_role AS r ON r.role IN ('switch', 'add', 'combine', 'course') WHERE s.admitted
UNION ALL
SELECT DISTINCT person_id, treatment, role, CAST(NULL AS BIGINT) FROM assess.option_tried WHERE role IN ('optimise', 'stop') AND coalesce(taken_now, TRUE)
UNION ALL
SELECT t.person_id, t.treatment, CAST('stop' AS VARCHAR), CAST(date_diff('day', max(t.reckoned_to), max(a.anchor)) AS BIGINT)
FROM assess.option_tried AS t
JOIN assess.as_of AS a ON a.person_id = t.person_id
JOIN knowledge.parameter AS q ON q.parameter = 'withdrawal_days'
WHERE t.role = 'optimise' GROUP BY t.person_id, t.treatment, q.value
HAVING max(CASE WHEN coalesce(t.taken_now, TRUE) THEN 1 ELSE 0 END) = 0 AND date_diff('day', max(t.reckoned_to), max(a.anchor)) <= q.value
UNION ALL
SELECT DISTINCT e.person_id, CAST(m.target AS VARCHAR), CAST('stop' AS VARCHAR), CAST(NULL AS BIGINT)
FROM knowledge.domain_match AS m
JOIN knowledge.treatment_part AS p ON p.treatment = m.target AND p.kind = 'agent'
JOIN record.exposure AS e ON e.agent = p.member
JOIN assess.as_of AS a ON a.person_id = e.person_id AND coalesce(e.start_earliest <= a.anchor, TRUE) AND coalesce(e.end_latest >= a.anchor, TRUE)
JOIN assess.option_scope AS s ON s.person_id = e.person_id AND s.admitted
WHERE m.relation = 'weak'
)
SELECT person_id, CAST(treatment AS VARCHAR) AS treatment, CAST(role AS VARCHAR) AS role, CAST(max(since_end) AS BIGINT) AS since_end
FROM looked_at GROUP BY person_id, treatment, role
