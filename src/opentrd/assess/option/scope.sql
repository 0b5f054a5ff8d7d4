-- option_scope: one row is one person: whether there is an option list at all, and why not.
--   person_id
--   admitted     is the person an adult for certain
--   reason       why there is no option list: under the age of adults, or age not known; null when there is one
--   not_kept     tables that the record does not keep, joined by '; ': what they would have shown is not known; null: none
--   taking       antidepressants taken at as_of for certain, joined by '; ';  perhaps_taking   those and those that may be taken
WITH adult AS (
  SELECT value AS age FROM knowledge.parameter WHERE parameter = 'adult_age'
), missing AS (
  SELECT person_id, string_agg(table_name, '; ' ORDER BY table_name) AS tables FROM assess.kept WHERE NOT kept GROUP BY person_id
), drug AS (
  SELECT t.person_id, t.agent, max(CASE WHEN t.sure_to >= a.anchor THEN 1 ELSE 0 END) AS certain
  FROM assess.trial AS t
  JOIN assess.as_of AS a ON a.person_id = t.person_id
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  WHERE t.kind = 'drug' AND t.reckoned_to >= a.anchor
  GROUP BY t.person_id, t.agent
), taken AS (
  SELECT person_id, string_agg(CASE WHEN certain = 1 THEN agent END, '; ' ORDER BY CASE WHEN certain = 1 THEN agent END) AS taking,
         string_agg(agent, '; ' ORDER BY agent) AS perhaps_taking
  FROM drug GROUP BY person_id
)
SELECT a.person_id, CAST(coalesce(a.age_low >= g.age, FALSE) AS BOOLEAN) AS admitted,
       CAST(CASE WHEN a.age_low >= g.age THEN NULL
                 WHEN a.age_high < g.age THEN 'under ' || CAST(CAST(g.age AS BIGINT) AS VARCHAR) || ' years: no option list'
                 ELSE 'age not known to be ' || CAST(CAST(g.age AS BIGINT) AS VARCHAR) || ' years or more: no option list' END AS VARCHAR) AS reason,
       CAST(m.tables AS VARCHAR) AS not_kept, CAST(t.taking AS VARCHAR) AS taking, CAST(t.perhaps_taking AS VARCHAR) AS perhaps_taking
FROM assess.as_of AS a
CROSS JOIN adult AS g
LEFT JOIN missing AS m ON m.person_id = a.person_id
LEFT JOIN taken AS t ON t.person_id = a.person_id
