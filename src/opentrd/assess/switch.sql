-- switch: one row is one drug episode of one person under a definition of the family `switches`, and whether a switch from it qualifies.
--   person_id, definition
--   event_id      definition, agent and day of the last issue
--   agent         the drug that was left
--   first_issue, last_issue   of the drug episode
--   length_days   last minus first issue (script: a single issue takes the gap to the next issue of any drug)
--   next_agent, next_issue    the drug taken up, and when
--   length_ok, gap_ok   long enough; taken up soon enough, and not on the same day or before
--   counts        a qualifying switch; null when an issue date of the person is not one known day
--   exact         true when every issue of these drugs is on one known day
WITH issued AS (
  SELECT DISTINCT r.definition, r.reading, r.new_episode_after_days, r.min_length_days, r.max_switch_gap_days,
         i.person_id, i.agent, i.may_start AS day
  FROM assess.issue AS i
  CROSS JOIN knowledge.switch_rule AS r
  JOIN knowledge.definition AS d ON d.definition = r.definition
  JOIN knowledge.agent_set AS s ON s.agent_set = d.agent_set AND s.agent = i.agent
  LEFT JOIN knowledge.placeholder_date AS p ON p.placeholder_date = i.may_start
  WHERE i.start_known AND p.placeholder_date IS NULL
), inexact AS (  -- one issue of its drugs on an unknown day leaves the order of all open
  SELECT i.person_id, d.definition, min(CASE WHEN i.exact_start THEN 1 ELSE 0 END) = 1 AS exact
  FROM assess.issue AS i
  CROSS JOIN knowledge.definition AS d
  JOIN knowledge.agent_set AS s ON s.agent_set = d.agent_set AND s.agent = i.agent
  WHERE d.family = 'switches' GROUP BY i.person_id, d.definition
), ordered AS (
  SELECT *,
         lag(day) OVER (PARTITION BY definition, person_id, agent ORDER BY day) AS same_before,
         lead(day) OVER (PARTITION BY definition, person_id, agent ORDER BY day) AS same_after,
         lead(day) OVER (PARTITION BY definition, person_id ORDER BY day, agent) AS any_after,
         lead(agent) OVER (PARTITION BY definition, person_id ORDER BY day, agent) AS agent_after
  FROM issued
), numbered AS (
  SELECT *,
         sum(CASE WHEN same_before IS NULL THEN 1
                  WHEN date_diff('day', same_before, day) > new_episode_after_days THEN 1 ELSE 0 END)
           OVER (PARTITION BY definition, person_id, agent ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode_no
  FROM ordered
), drug_episode AS (
  SELECT definition, reading, person_id, agent, episode_no, min_length_days, max_switch_gap_days,
         min(day) AS first_issue, max(day) AS last_issue, count(*) AS issues
  FROM numbered
  GROUP BY definition, reading, person_id, agent, episode_no, min_length_days, max_switch_gap_days
), followed AS (
  SELECT e.*,
         lead(first_issue) OVER (PARTITION BY e.definition, e.person_id ORDER BY first_issue, e.agent, e.episode_no) AS following_start,
         lead(e.agent) OVER (PARTITION BY e.definition, e.person_id ORDER BY first_issue, e.agent, e.episode_no) AS following_agent,
         n.any_after, n.agent_after
  FROM drug_episode AS e
  JOIN numbered AS n ON n.definition = e.definition AND n.person_id = e.person_id AND n.agent = e.agent AND n.day = e.last_issue
), switched AS (
  SELECT definition, person_id, agent, first_issue, last_issue, min_length_days, max_switch_gap_days,
         CASE WHEN reading = 'code' AND issues = 1 AND date_diff('day', last_issue, any_after) <= max_switch_gap_days
              THEN date_diff('day', last_issue, any_after)
              ELSE date_diff('day', first_issue, last_issue) END AS length_days,
         CASE WHEN reading = 'code' THEN any_after ELSE following_start END AS next_issue,
         CASE WHEN reading = 'code' THEN agent_after ELSE following_agent END AS next_agent
  FROM followed
), clause AS (
  SELECT *, length_days >= min_length_days AS length_ok,
         coalesce(next_agent <> agent AND date_diff('day', last_issue, next_issue) BETWEEN 1 AND max_switch_gap_days, FALSE) AS gap_ok
  FROM switched
)
SELECT c.person_id, CAST(c.definition AS VARCHAR) AS definition,
       CAST(c.person_id || '/' || c.definition || '/' || c.agent || '/' || CAST(c.last_issue AS VARCHAR) AS VARCHAR) AS event_id,
       c.agent, CAST(c.first_issue AS DATE) AS first_issue, CAST(c.last_issue AS DATE) AS last_issue,
       CAST(c.length_days AS BIGINT) AS length_days, CAST(c.next_agent AS VARCHAR) AS next_agent, CAST(c.next_issue AS DATE) AS next_issue,
       CAST(CASE WHEN x.exact THEN c.length_ok END AS BOOLEAN) AS length_ok, CAST(CASE WHEN x.exact THEN c.gap_ok END AS BOOLEAN) AS gap_ok,
       CAST(CASE WHEN x.exact THEN c.length_ok AND c.gap_ok END AS BOOLEAN) AS counts,
       CAST(x.exact AS BOOLEAN) AS exact
FROM clause AS c JOIN inexact AS x ON x.person_id = c.person_id AND x.definition = c.definition
