-- issue_day: one row is one day on which a person was issued one drug, with what came before and after.
--   agent_set       drugs looked at (those of the definitions that read switches from issues)
--   person_id, agent, day
--   any_before, agent_before   the issue before, of any drug, and its drug
--   any_after, agent_after     the next issue of any drug, and its drug
WITH wanted AS (
  SELECT DISTINCT d.agent_set FROM knowledge.definition AS d WHERE d.family = 'switches'
), issued AS (
  SELECT DISTINCT w.agent_set, i.person_id, i.agent, i.may_start AS day
  FROM assess.issue AS i
  JOIN knowledge.agent_set AS s ON s.agent = i.agent
  JOIN wanted AS w ON w.agent_set = s.agent_set
  LEFT JOIN knowledge.placeholder_date AS p ON p.placeholder_date = i.may_start
  WHERE i.start_known AND p.placeholder_date IS NULL
)
SELECT CAST(agent_set AS VARCHAR) AS agent_set, person_id, agent, CAST(day AS DATE) AS day,
       CAST(lag(day) OVER (PARTITION BY agent_set, person_id ORDER BY day, agent) AS DATE) AS any_before,
       CAST(lag(agent) OVER (PARTITION BY agent_set, person_id ORDER BY day, agent) AS VARCHAR) AS agent_before,
       CAST(lead(day) OVER (PARTITION BY agent_set, person_id ORDER BY day, agent) AS DATE) AS any_after,
       CAST(lead(agent) OVER (PARTITION BY agent_set, person_id ORDER BY day, agent) AS VARCHAR) AS agent_after
FROM issued
