-- drug_episode: one row is one drug of one person, issued again and again without too long a pause: what switches are read from.
--   agent_set, new_episode_after_days   drugs looked at, and the pause (days) that begins a new episode of a drug
--   person_id, agent
--   first_issue, last_issue             of the drug episode
--   any_after, agent_after              the next issue of any drug after the last one, and its drug
--   following_start, following_agent    the drug episode that starts next
--   exact                               every issue of these drugs of the person is on one known day
WITH wanted AS (
  SELECT DISTINCT d.agent_set, r.new_episode_after_days
  FROM knowledge.switch_rule AS r JOIN knowledge.definition AS d ON d.definition = r.definition
  WHERE r.reading <> 'early'
), known AS (
  SELECT agent_set, person_id, min(CASE WHEN exact THEN 1 ELSE 0 END) = 1 AS exact FROM assess.dispensed GROUP BY agent_set, person_id
), within AS (  -- is the issue before, or the next one, of the same drug and near enough?
  SELECT i.*, w.new_episode_after_days,
         coalesce(i.agent_before = i.agent AND date_diff('day', i.any_before, i.day) <= w.new_episode_after_days, FALSE) AS follows,
         coalesce(i.agent_after = i.agent AND date_diff('day', i.day, i.any_after) <= w.new_episode_after_days, FALSE) AS continues
  FROM assess.issue_day AS i JOIN wanted AS w ON w.agent_set = i.agent_set
), turn AS (  -- the other issues may be first or last: the neighbours of the same drug decide, and they are among these
  SELECT *, NOT follows AND coalesce(date_diff('day', lag(day) OVER (PARTITION BY agent_set, new_episode_after_days, person_id, agent ORDER BY day), day)
                                     > new_episode_after_days, TRUE) AS is_first,
         NOT continues AND coalesce(date_diff('day', day, lead(day) OVER (PARTITION BY agent_set, new_episode_after_days, person_id, agent ORDER BY day))
                                    > new_episode_after_days, TRUE) AS is_last
  FROM within WHERE NOT (follows AND continues)
), edge AS (  -- of first and last ones alone, the one after a first that is not the last too is the last
  SELECT *, lead(day) OVER (PARTITION BY agent_set, new_episode_after_days, person_id, agent ORDER BY day) AS next_day,
         lead(any_after) OVER (PARTITION BY agent_set, new_episode_after_days, person_id, agent ORDER BY day) AS next_any_after,
         lead(agent_after) OVER (PARTITION BY agent_set, new_episode_after_days, person_id, agent ORDER BY day) AS next_agent_after
  FROM turn WHERE is_first OR is_last
)
SELECT e.agent_set, CAST(e.new_episode_after_days AS BIGINT) AS new_episode_after_days, e.person_id, e.agent,
       e.day AS first_issue, CAST(CASE WHEN e.is_last THEN e.day ELSE e.next_day END AS DATE) AS last_issue,
       CAST(CASE WHEN e.is_last THEN e.any_after ELSE e.next_any_after END AS DATE) AS any_after,
       CAST(CASE WHEN e.is_last THEN e.agent_after ELSE e.next_agent_after END AS VARCHAR) AS agent_after,
       CAST(lead(e.day) OVER (PARTITION BY e.agent_set, e.new_episode_after_days, e.person_id ORDER BY e.day, e.agent) AS DATE) AS following_start,
       CAST(lead(e.agent) OVER (PARTITION BY e.agent_set, e.new_episode_after_days, e.person_id ORDER BY e.day, e.agent) AS VARCHAR) AS following_agent,
       CAST(k.exact AS BOOLEAN) AS exact
FROM edge AS e
JOIN known AS k ON k.agent_set = e.agent_set AND k.person_id = e.person_id
WHERE e.is_first
