-- switch: one row is one drug episode of one person under a definition of the family `switches`, and whether a switch from it qualifies. A view.
--   person_id, definition
--   event_id      definition, agent and day of the last issue
--   agent         the drug that was left
--   first_issue, last_issue   of the drug episode
--   length_days   last minus first issue (code: a single issue takes the gap to the next issue of any drug)
--   next_agent, next_issue    the drug taken up, and when
--   length_ok, gap_ok   long enough; taken up soon enough, and not on the same day or before (early: run start to run start, few enough issues)
--   counts        a qualifying switch; null when an issue date of the person is not one known day
--   exact         true when every issue of these drugs is on one known day
WITH known AS (
  SELECT agent_set, person_id, min(CASE WHEN exact THEN 1 ELSE 0 END) = 1 AS exact FROM assess.dispensed GROUP BY agent_set, person_id
), switched AS (
  SELECT r.definition, r.reading, r.min_length_days, r.min_switch_gap_days, r.max_switch_gap_days, e.person_id, e.agent, e.first_issue, e.last_issue,
         CASE WHEN r.reading = 'code' AND e.first_issue = e.last_issue AND date_diff('day', e.last_issue, e.any_after) <= r.max_switch_gap_days
              THEN date_diff('day', e.last_issue, e.any_after)
              ELSE date_diff('day', e.first_issue, e.last_issue) END AS length_days,
         CASE WHEN r.reading = 'code' THEN e.any_after ELSE e.following_start END AS next_issue,
         CASE WHEN r.reading = 'code' THEN e.agent_after ELSE e.following_agent END AS next_agent, e.exact
  FROM assess.drug_episode AS e
  JOIN knowledge.definition AS d ON d.agent_set = e.agent_set
  JOIN knowledge.switch_rule AS r ON r.definition = d.definition AND r.new_episode_after_days = e.new_episode_after_days AND r.reading <> 'early'
), clause AS (
  SELECT *, length_days >= min_length_days AS length_ok,
         coalesce(next_agent <> agent AND date_diff('day', last_issue, next_issue) BETWEEN min_switch_gap_days AND max_switch_gap_days, FALSE) AS gap_ok
  FROM switched
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition,
       CAST(person_id || '/' || definition || '/' || agent || '/' || CAST(last_issue AS VARCHAR) AS VARCHAR) AS event_id,
       agent, CAST(first_issue AS DATE) AS first_issue, CAST(last_issue AS DATE) AS last_issue,
       CAST(length_days AS BIGINT) AS length_days, CAST(next_agent AS VARCHAR) AS next_agent, CAST(next_issue AS DATE) AS next_issue,
       CAST(CASE WHEN exact THEN length_ok END AS BOOLEAN) AS length_ok, CAST(CASE WHEN exact THEN gap_ok END AS BOOLEAN) AS gap_ok,
       CAST(CASE WHEN exact THEN length_ok AND gap_ok END AS BOOLEAN) AS counts,
       CAST(exact AS BOOLEAN) AS exact
FROM clause
UNION ALL
SELECT e.person_id, e.definition, e.person_id || '/' || e.definition || '/' || e.agent || '/' || CAST(e.first_issue AS VARCHAR), e.agent, e.first_issue, e.first_issue,
       e.gap_days, e.next_agent, e.next_issue, CASE WHEN k.exact THEN TRUE END, CASE WHEN k.exact THEN e.fits END, CASE WHEN k.exact THEN e.fits END, k.exact
FROM assess.early_switch AS e
JOIN knowledge.definition AS d ON d.definition = e.definition
JOIN known AS k ON k.agent_set = d.agent_set AND k.person_id = e.person_id
