-- count_switches: one row is one person and one definition of the family `switches`: how many qualifying switches count.
--   person_id, definition_no
--   low           certainly: qualifying switches (or different drugs switched from, where the definition counts these)
--   high          possibly; null: without bound
--   met_on        first issue of the drug taken up by the switch that completes the number, once enough different drugs were taken
--   possible_on   the same, possibly
--   index_date    first issue of any of its drugs
--   blocked_by    length, gap, drugs or number;  unknown_by  date, or null
WITH definition AS (
  SELECT d.definition_no, d.definition, d.needed, d.distinct_level, d.agent_set, r.min_agents
  FROM assess.rule AS d JOIN knowledge.switch_rule AS r ON r.definition = d.definition
), ranked_drug AS (
  SELECT *, row_number() OVER (PARTITION BY agent_set, person_id ORDER BY first_day NULLS LAST, agent) AS nth FROM assess.dispensed WHERE used
), drugs AS (
  SELECT u.person_id, d.definition_no, d.definition, d.needed, d.distinct_level, d.min_agents, count(*) AS agents, min(u.first_day) AS index_date,
         min(CASE WHEN u.exact THEN 1 ELSE 0 END) AS exact, min(CASE WHEN u.nth = d.min_agents THEN u.first_day END) AS enough_on
  FROM ranked_drug AS u JOIN definition AS d ON d.agent_set = u.agent_set
  GROUP BY u.person_id, d.definition_no, d.definition, d.needed, d.distinct_level, d.min_agents
), counted AS (
  SELECT s.person_id, d.definition_no, s.agent,
         max(CASE WHEN s.length_ok AND s.gap_ok THEN 1 ELSE 0 END) AS qualifies,
         max(CASE WHEN s.gap_ok THEN 1 ELSE 0 END) AS no_length,
         max(CASE WHEN s.length_ok AND s.next_agent <> s.agent THEN 1 ELSE 0 END) AS no_gap,
         min(CASE WHEN s.length_ok AND s.gap_ok THEN s.next_issue END) AS on_date
  FROM assess.switch AS s JOIN definition AS d ON d.definition = s.definition
  WHERE s.gap_ok OR (s.length_ok AND s.next_agent <> s.agent)
  GROUP BY s.person_id, d.definition_no, s.agent, CASE WHEN d.distinct_level = 'agent' THEN NULL ELSE s.last_issue END
), reached AS (
  SELECT person_id, definition_no, on_date, row_number() OVER (PARTITION BY person_id, definition_no ORDER BY on_date, agent) AS nth
  FROM counted WHERE qualifies = 1
), tally AS (
  SELECT person_id, definition_no, sum(qualifies) AS switches, sum(no_length) AS no_length, sum(no_gap) AS no_gap
  FROM counted GROUP BY person_id, definition_no
), judged AS (
  SELECT u.*, u.agents >= u.min_agents AS agents_ok, u.exact = 1 AS all_exact, coalesce(t.switches, 0) AS switches,
         coalesce(t.no_length, 0) AS no_length, coalesce(t.no_gap, 0) AS no_gap,
         CASE WHEN c.on_date < u.enough_on THEN u.enough_on ELSE c.on_date END AS reached_on
  FROM drugs AS u
  LEFT JOIN tally AS t ON t.person_id = u.person_id AND t.definition_no = u.definition_no
  LEFT JOIN reached AS c ON c.person_id = u.person_id AND c.definition_no = u.definition_no AND c.nth = u.needed
)
SELECT person_id, definition_no,
       CAST(CASE WHEN NOT all_exact THEN 0 WHEN agents_ok THEN switches
                 WHEN switches >= needed THEN needed - 1 ELSE switches END AS BIGINT) AS low,
       CAST(CASE WHEN NOT all_exact AND agents_ok THEN NULL
                 WHEN NOT all_exact THEN needed - 1
                 WHEN agents_ok THEN switches
                 WHEN switches >= needed THEN needed - 1 ELSE switches END AS BIGINT) AS high,
       CAST(CASE WHEN all_exact AND agents_ok THEN reached_on END AS DATE) AS met_on,
       CAST(CASE WHEN all_exact AND agents_ok THEN reached_on END AS DATE) AS possible_on,
       CAST(index_date AS DATE) AS index_date,
       CAST(CASE WHEN NOT agents_ok AND switches >= needed THEN 'drugs'
                 WHEN agents_ok AND no_length >= needed THEN 'length' WHEN agents_ok AND no_gap >= needed THEN 'gap'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN NOT all_exact THEN 'date' END AS VARCHAR) AS unknown_by
FROM judged
