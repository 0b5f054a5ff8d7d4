-- trace_sign: one row is one edge of the argument from a sign, or a rating whose items were summed, down to the rows of the record.
--   person_id, table_name, row_key   the sign (key: sign), or the rating (key: rating_id)
--   from_table, from_key             the row it rests on
--   role                             what the row shows (condition or measure), or rule
--   truth                            does that row show the sign; null: it may, or a rule
SELECT DISTINCT person_id, CAST('sign' AS VARCHAR) AS table_name, CAST(sign AS VARCHAR) AS row_key, CAST(table_name AS VARCHAR) AS from_table,
       CAST(row_id AS VARCHAR) AS from_key, CAST(subject AS VARCHAR) AS role, CAST(truth AS BOOLEAN) AS truth
FROM assess.sign_evidence
UNION ALL
SELECT DISTINCT e.person_id, 'sign', e.sign, 'sign_rule', r.sign || '/' || r.kind || '/' || r.subject || '/' || r.speaks, 'rule', CAST(NULL AS BOOLEAN)
FROM assess.sign_evidence AS e
JOIN knowledge.sign_rule AS r ON r.sign = e.sign
LEFT JOIN knowledge.condition_set AS s ON r.kind = 'condition_set' AND s.condition_set = r.subject AND s.condition = e.subject
WHERE r.subject = e.subject OR s.condition IS NOT NULL
UNION ALL
SELECT s.person_id, 'sign', s.sign, CASE WHEN d.person_id IS NULL THEN 'knowledge.sign' ELSE 'sign' END, p.part,
       CASE WHEN d.person_id IS NULL THEN p.role || ', nothing recorded' ELSE p.role END, d.present
FROM assess.sign AS s
JOIN knowledge.sign_part AS p ON p.sign = s.sign
LEFT JOIN assess.sign AS d ON d.person_id = s.person_id AND d.sign = p.part
UNION ALL
SELECT s.person_id, 'sign', s.sign, 'sign_part', p.sign || '/' || p.part, 'rule', NULL
FROM assess.sign AS s JOIN knowledge.sign_part AS p ON p.sign = s.sign
UNION ALL
SELECT person_id, 'sign', sign, 'knowledge.sign', sign, 'rule', NULL FROM assess.sign
UNION ALL
SELECT DISTINCT r.person_id, 'rating', r.rating_id, 'measurement', i.measurement_id, 'item', CAST(NULL AS BOOLEAN)
FROM assess.rating AS r
JOIN knowledge.scale_rule AS k ON k.scale = r.measure
JOIN assess.rating_item AS i ON i.person_id = r.person_id AND i.measure = k.item_scale AND i.item = k.item
 AND coalesce(i.date_low = r.date_low, r.date_low IS NULL AND i.date_low IS NULL) AND coalesce(i.date_high = r.date_high, r.date_high IS NULL AND i.date_high IS NULL)
WHERE r.origin = 'summed'
UNION ALL
SELECT r.person_id, 'rating', r.rating_id, CASE WHEN m.person_id IS NULL THEN 'rating' ELSE 'measurement' END, r.converted_from, 'converted from', NULL
FROM assess.rating AS r
LEFT JOIN record.measurement AS m ON m.person_id = r.person_id AND m.measurement_id = r.converted_from
WHERE r.origin = 'converted'
UNION ALL
SELECT person_id, 'rating', rating_id, 'scale', measure, 'rule', NULL FROM assess.rating WHERE origin <> 'recorded'
