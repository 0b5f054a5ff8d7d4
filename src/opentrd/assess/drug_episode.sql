-- drug_episode: one row is one drug of one person, issued again and again without too long a pause: what switches are read from.
--   agent_set, new_episode_after_days   drugs looked at, and the pause (days) that begins a new episode of a drug
--   person_id, agent, episode_no
--   first_issue, last_issue, issues     of the drug episode
--   any_after, agent_after              the next issue of any drug after the last one, and its drug
--   following_start, following_agent    the drug episode that starts next
WITH wanted AS (
  SELECT DISTINCT d.agent_set, r.new_episode_after_days
  FROM knowledge.switch_rule AS r JOIN knowledge.definition AS d ON d.definition = r.definition
  WHERE r.reading <> 'early'
), numbered AS (
  SELECT i.*, w.new_episode_after_days,
         sum(CASE WHEN i.same_before IS NULL THEN 1
                  WHEN date_diff('day', i.same_before, i.day) > w.new_episode_after_days THEN 1 ELSE 0 END)
           OVER (PARTITION BY i.agent_set, w.new_episode_after_days, i.person_id, i.agent ORDER BY i.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode_no
  FROM assess.issue_day AS i JOIN wanted AS w ON w.agent_set = i.agent_set
), drug_episode AS (
  SELECT agent_set, new_episode_after_days, person_id, agent, episode_no, min(day) AS first_issue, max(day) AS last_issue, count(*) AS issues
  FROM numbered GROUP BY agent_set, new_episode_after_days, person_id, agent, episode_no
)
SELECT e.agent_set, CAST(e.new_episode_after_days AS BIGINT) AS new_episode_after_days, e.person_id, e.agent, CAST(e.episode_no AS BIGINT) AS episode_no,
       CAST(e.first_issue AS DATE) AS first_issue, CAST(e.last_issue AS DATE) AS last_issue, CAST(e.issues AS BIGINT) AS issues, n.any_after, n.agent_after,
       CAST(lead(e.first_issue) OVER (PARTITION BY e.agent_set, e.new_episode_after_days, e.person_id ORDER BY e.first_issue, e.agent, e.episode_no) AS DATE) AS following_start,
       CAST(lead(e.agent) OVER (PARTITION BY e.agent_set, e.new_episode_after_days, e.person_id ORDER BY e.first_issue, e.agent, e.episode_no) AS VARCHAR) AS following_agent
FROM drug_episode AS e
JOIN assess.issue_day AS n ON n.agent_set = e.agent_set AND n.person_id = e.person_id AND n.agent = e.agent AND n.day = e.last_issue
