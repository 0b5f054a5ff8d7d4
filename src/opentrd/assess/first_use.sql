-- first_use: one row is one person, one agent set that a definition counts, and one episode (episode_no 0: the whole record).
--   person_id, agent_set, episode_no
--   index_date        first possible day of the first drug trial of the set; null when no trial has a certain day
--   index_low, index_high   that day at the earliest and at the latest, also where a record has no dates
WITH counted AS (
  SELECT DISTINCT agent_set FROM assess.rule
  WHERE family IN ('failures', 'instrument', 'scores') OR definition IN (SELECT definition FROM knowledge.definition_gate)
), used AS (
  SELECT t.person_id, s.agent_set, t.episode_no, t.start_date, t.reckoned_from, coalesce(t.sure_from, t.reckoned_to) AS begun
  FROM assess.trial AS t
  JOIN knowledge.agent_set AS s ON s.agent = t.agent
  JOIN counted AS c ON c.agent_set = s.agent_set
  WHERE t.kind = 'drug'
)
SELECT person_id, CAST(agent_set AS VARCHAR) AS agent_set, episode_no, CAST(min(start_date) AS DATE) AS index_date,
       CAST(min(reckoned_from) AS DATE) AS index_low, CAST(min(begun) AS DATE) AS index_high
FROM used WHERE episode_no IS NOT NULL GROUP BY person_id, agent_set, episode_no
UNION ALL
SELECT person_id, agent_set, 0, min(start_date), min(reckoned_from), min(begun) FROM used GROUP BY person_id, agent_set
