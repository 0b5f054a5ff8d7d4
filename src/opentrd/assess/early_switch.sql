-- early_switch: one row is one person and one definition of the reading `early`: each drug that was left soon after it was begun.
--   person_id, definition, agent   the drug left
--   first_issue   first issue of the run (successive issues of one drug) that was left;  next_issue, next_agent  the run that follows
--   gap_days      from run start to run start
--   before, after, total   issues of the drug left: before that day, after it, ever
--   fits          the first that had few enough issues, and of the set that is asked for
--   seq           order of the drugs left, those with few enough issues first
WITH wanted AS (
  SELECT r.*, d.agent_set FROM knowledge.switch_rule AS r JOIN knowledge.definition AS d ON d.definition = r.definition WHERE r.reading = 'early'
), run_start AS (
  SELECT i.agent_set, i.person_id, i.agent, i.day,
         lead(i.day) OVER (PARTITION BY i.agent_set, i.person_id ORDER BY i.day, i.agent) AS next_day,
         lead(i.agent) OVER (PARTITION BY i.agent_set, i.person_id ORDER BY i.day, i.agent) AS next_agent
  FROM assess.issue_day AS i JOIN (SELECT DISTINCT agent_set FROM wanted) AS w ON w.agent_set = i.agent_set
  WHERE coalesce(i.agent_before <> i.agent, TRUE)
), left_early AS (
  SELECT w.definition, s.agent_set, s.person_id, s.agent, s.day, s.next_day, s.next_agent,
         row_number() OVER (PARTITION BY w.definition, s.person_id, s.agent ORDER BY s.day) AS nth
  FROM run_start AS s JOIN wanted AS w ON w.agent_set = s.agent_set
  WHERE date_diff('day', s.day, s.next_day) BETWEEN w.min_switch_gap_days AND w.max_switch_gap_days
), counted AS (
  SELECT l.definition, l.person_id, l.agent, l.day, l.next_day, l.next_agent,
         sum(CASE WHEN i.day < l.next_day THEN 1 ELSE 0 END) AS before, sum(CASE WHEN i.day > l.next_day THEN 1 ELSE 0 END) AS after, count(*) AS total
  FROM left_early AS l
  JOIN assess.issue_day AS i ON i.agent_set = l.agent_set AND i.person_id = l.person_id AND i.agent = l.agent
  WHERE l.nth = 1
  GROUP BY l.definition, l.person_id, l.agent, l.day, l.next_day, l.next_agent
), fitting AS (
  SELECT c.*, w.from_set, coalesce(c.before <= CAST(nullif(w.max_issues_before, 'none') AS DOUBLE), TRUE)
            AND coalesce(c.after <= CAST(nullif(w.max_issues_after, 'none') AS DOUBLE), TRUE)
            AND coalesce(c.total <= CAST(nullif(w.max_issues_total, 'none') AS DOUBLE), TRUE) AS fits
  FROM counted AS c JOIN wanted AS w ON w.definition = c.definition
), ordered AS (
  SELECT *, row_number() OVER (PARTITION BY definition, person_id ORDER BY CASE WHEN fits THEN 0 ELSE 1 END, next_day, agent) AS seq FROM fitting
)
SELECT o.person_id, CAST(o.definition AS VARCHAR) AS definition, o.agent, CAST(o.day AS DATE) AS first_issue, CAST(o.next_day AS DATE) AS next_issue,
       CAST(o.next_agent AS VARCHAR) AS next_agent, CAST(date_diff('day', o.day, o.next_day) AS BIGINT) AS gap_days,
       CAST(o.before AS BIGINT) AS before, CAST(o.after AS BIGINT) AS after, CAST(o.total AS BIGINT) AS total,
       CAST(o.fits AND o.seq = 1 AND (o.from_set = 'none' OR s.agent IS NOT NULL) AS BOOLEAN) AS fits, CAST(o.seq AS BIGINT) AS seq
FROM ordered AS o
LEFT JOIN knowledge.agent_set AS s ON s.agent_set = o.from_set AND s.agent = o.agent
