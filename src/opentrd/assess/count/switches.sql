-- count_switches: one row is one person and one definition of the family `switches`: how many qualifying switches count.
--   person_id, definition, needed
--   failed_low    certainly: qualifying switches (or different drugs switched from, where the definition counts these)
--   failed_high   possibly; null when the record does not keep exposures
--   met_on        first issue of the drug taken up by the switch that completes the number, once enough different drugs were taken
--   possible_on   the same, possibly
--   episode_id    null: the definition does not look at episodes
--   index_date    first issue of any of its drugs
--   excluded      false: exclusions are a matter of eligibility here
--   blocked_by    length, gap or number;  unknown_by  date
WITH definition AS (
  SELECT d.definition, d.needed, d.distinct_level, r.min_agents
  FROM knowledge.definition AS d JOIN knowledge.switch_rule AS r ON r.definition = d.definition
), used AS (
  SELECT i.person_id, d.definition, i.agent, min(CASE WHEN i.exact_start THEN 1 ELSE 0 END) AS exact,
         min(CASE WHEN i.start_known AND p.placeholder_date IS NULL THEN i.may_start END) AS day
  FROM assess.issue AS i
  CROSS JOIN knowledge.definition AS d
  JOIN knowledge.agent_set AS s ON s.agent_set = d.agent_set AND s.agent = i.agent
  LEFT JOIN knowledge.placeholder_date AS p ON p.placeholder_date = i.may_start
  WHERE d.family = 'switches' AND (p.placeholder_date IS NULL OR NOT i.exact_start)
  GROUP BY i.person_id, d.definition, i.agent
), used_ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, definition ORDER BY day NULLS LAST, agent) AS nth FROM used
), drugs AS (
  SELECT u.person_id, u.definition, count(*) AS agents, min(u.day) AS index_date, min(u.exact) AS exact,
         min(CASE WHEN u.nth = d.min_agents THEN u.day END) AS enough_on
  FROM used_ranked AS u JOIN definition AS d ON d.definition = u.definition
  GROUP BY u.person_id, u.definition
), counted AS (
  SELECT s.person_id, s.definition, CASE WHEN d.distinct_level = 'agent' THEN s.agent ELSE s.event_id END AS counted_as,
         max(CASE WHEN s.length_ok AND s.gap_ok THEN 1 ELSE 0 END) AS qualifies,
         max(CASE WHEN s.gap_ok THEN 1 ELSE 0 END) AS no_length,
         max(CASE WHEN s.length_ok AND s.next_agent <> s.agent THEN 1 ELSE 0 END) AS no_gap,
         min(CASE WHEN s.length_ok AND s.gap_ok THEN s.next_issue END) AS on_date
  FROM assess.switch AS s JOIN definition AS d ON d.definition = s.definition
  GROUP BY s.person_id, s.definition, CASE WHEN d.distinct_level = 'agent' THEN s.agent ELSE s.event_id END
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, definition, qualifies ORDER BY on_date, counted_as) AS nth FROM counted
), tally AS (
  SELECT r.person_id, r.definition, sum(r.qualifies) AS switches, sum(r.no_length) AS no_length, sum(r.no_gap) AS no_gap,
         min(CASE WHEN r.qualifies = 1 AND r.nth = d.needed THEN r.on_date END) AS reached_on
  FROM ranked AS r JOIN definition AS d ON d.definition = r.definition
  GROUP BY r.person_id, r.definition
), judged AS (
  SELECT a.person_id, d.definition, d.needed, d.min_agents, CASE WHEN a.as_of IS NOT NULL THEN u.index_date END AS index_date, k.kept,
         coalesce(u.agents, 0) >= d.min_agents AS agents_ok,
         coalesce(u.exact, 1) = 1 AS exact, coalesce(u.agents, 0) AS agents, coalesce(t.switches, 0) AS switches,
         coalesce(t.no_length, 0) AS no_length, coalesce(t.no_gap, 0) AS no_gap,
         CASE WHEN t.reached_on < u.enough_on THEN u.enough_on ELSE t.reached_on END AS reached_on
  FROM assess.as_of AS a
  CROSS JOIN definition AS d
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  LEFT JOIN drugs AS u ON u.person_id = a.person_id AND u.definition = d.definition
  LEFT JOIN tally AS t ON t.person_id = a.person_id AND t.definition = d.definition
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition, CAST(needed AS BIGINT) AS needed,
       CAST(CASE WHEN NOT exact THEN 0 WHEN agents_ok THEN switches
                 WHEN switches >= needed THEN needed - 1 ELSE switches END AS BIGINT) AS failed_low,
       CAST(CASE WHEN NOT kept THEN NULL
                 WHEN NOT exact AND agents_ok THEN NULL
                 WHEN NOT exact THEN needed - 1
                 WHEN agents_ok THEN switches
                 WHEN switches >= needed THEN needed - 1 ELSE switches END AS BIGINT) AS failed_high,
       CAST(CASE WHEN exact AND agents_ok THEN reached_on END AS DATE) AS met_on,
       CAST(CASE WHEN exact AND agents_ok THEN reached_on END AS DATE) AS possible_on,
       CAST(NULL AS VARCHAR) AS episode_id,
       CAST(index_date AS DATE) AS index_date,
       CAST(CASE WHEN NOT agents_ok AND switches >= needed THEN 'drugs'
                 WHEN agents_ok AND no_length >= needed THEN 'length' WHEN agents_ok AND no_gap >= needed THEN 'gap'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN exact THEN 'exposure' ELSE 'date' END AS VARCHAR) AS unknown_by,
       CAST(FALSE AS BOOLEAN) AS excluded
FROM judged
