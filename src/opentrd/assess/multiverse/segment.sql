-- segment: one row is one segment of use of an agent: what every gap of the grid leaves together.
--   person_no, agent_no, bound, segment_no   as in stretch
--   start_date, end_date   first and last day;  days  days covered
--   pause_no     how many gaps of the grid are shorter than the pause before it (they part it from the segment before); null: the first
--   may_segment  the segment of the possible reading that it lies in
WITH merged AS (
  SELECT person_no, agent_no, bound, segment_no, min(start_date) AS start_date, max(end_date) AS end_date, sum(new_days) AS days, max(pause) AS pause
  FROM multiverse.stretch GROUP BY person_no, agent_no, bound, segment_no
), parted AS (
  SELECT m.person_no, m.agent_no, m.bound, m.segment_no, max(g.place) AS pause_no
  FROM merged AS m JOIN multiverse.grid AS g ON g.parameter = 'max_gap_days' AND g.number < m.pause
  WHERE m.pause IS NOT NULL
  GROUP BY m.person_no, m.agent_no, m.bound, m.segment_no
)
SELECT m.person_no, m.agent_no, m.bound, m.segment_no, CAST(m.start_date AS DATE) AS start_date, CAST(m.end_date AS DATE) AS end_date,
       CAST(m.days AS BIGINT) AS days, CAST(p.pause_no AS BIGINT) AS pause_no,
       CAST(CASE WHEN m.bound = 'may' THEN m.segment_no ELSE w.segment_no END AS BIGINT) AS may_segment
FROM merged AS m
LEFT JOIN parted AS p ON p.person_no = m.person_no AND p.agent_no = m.agent_no AND p.bound = m.bound AND p.segment_no = m.segment_no
LEFT JOIN merged AS w ON w.bound = 'may' AND m.bound = 'sure' AND w.person_no = m.person_no AND w.agent_no = m.agent_no
  AND m.start_date >= w.start_date AND m.start_date <= w.end_date
