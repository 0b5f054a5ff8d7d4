-- dispensed: one row is one person, one agent set that switches are read from, and one of its drugs.
--   agent_set, person_id, agent
--   exact       true when every issue of it is on one known day
--   first_day   first issue with a known day
--   used        false when all its dates are placeholders
WITH wanted AS (
  SELECT DISTINCT d.agent_set FROM knowledge.definition AS d WHERE d.family = 'switches'
)
SELECT CAST(w.agent_set AS VARCHAR) AS agent_set, i.person_id, i.agent, CAST(min(CASE WHEN i.exact_start THEN 1 ELSE 0 END) = 1 AS BOOLEAN) AS exact,
       CAST(min(CASE WHEN i.start_known AND p.placeholder_date IS NULL THEN i.may_start END) AS DATE) AS first_day,
       CAST(max(CASE WHEN p.placeholder_date IS NULL OR NOT i.exact_start THEN 1 ELSE 0 END) = 1 AS BOOLEAN) AS used
FROM assess.issue AS i
JOIN knowledge.agent_set AS s ON s.agent = i.agent
JOIN wanted AS w ON w.agent_set = s.agent_set
LEFT JOIN knowledge.placeholder_date AS p ON p.placeholder_date = i.may_start
GROUP BY w.agent_set, i.person_id, i.agent
