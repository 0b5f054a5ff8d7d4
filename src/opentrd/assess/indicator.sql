-- indicator: one row is one person, one domain of depression and one indicator of it: present, absent or not measured.
--   person_id, domain, indicator
--   title         the indicator in words;  weight  core, support, proxy (can show it, never rule it out)
--   present       true; false: measured and not there; null: not measured
--   basis         what decides: subject and value;  day  its day
--   table_name, basis_id   the row it rests on
--   settles       how it could be measured, when it is not
--   knowledge_status   of the rule by which it decides, or of the indicator
SELECT a.person_id, CAST(i.domain AS VARCHAR) AS domain, CAST(i.indicator AS VARCHAR) AS indicator, CAST(i.title AS VARCHAR) AS title, CAST(i.weight AS VARCHAR) AS weight,
       CAST(CASE WHEN s.person_id IS NOT NULL THEN s.present WHEN g.silence = 'absent' AND k.kept THEN FALSE END AS BOOLEAN) AS present,
       CAST(s.basis AS VARCHAR) AS basis, CAST(s.day AS DATE) AS day, CAST(s.table_name AS VARCHAR) AS table_name, CAST(s.row_id AS VARCHAR) AS basis_id,
       CAST(CASE WHEN s.person_id IS NOT NULL AND s.present IS NOT NULL THEN NULL WHEN g.silence = 'absent' AND k.kept THEN NULL ELSE coalesce(g.settles, i.note) END AS VARCHAR) AS settles,
       CAST(coalesce(s.knowledge_status, i.knowledge_status) AS VARCHAR) AS knowledge_status
FROM assess.as_of AS a
CROSS JOIN knowledge.domain_indicator AS i
JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
LEFT JOIN knowledge.sign AS g ON g.sign = i.sign
LEFT JOIN assess.sign AS s ON s.person_id = a.person_id AND s.sign = i.sign
