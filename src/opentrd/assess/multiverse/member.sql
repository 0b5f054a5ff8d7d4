-- member: one row is one segment in one world of gaps, with the era and the continuous piece that it belongs to there.
--   person_no, gap_range, agent_no, bound, segment_no
--   era_no     the trial it belongs to: number of the chain of the possible reading
--   piece_no   number of the chain of its own reading (certain pieces of an era; for 'may' the same as era_no)
--   start_date, end_date, days   as in segment
WITH chained AS (
  SELECT w.person_no, w.gap_range, s.agent_no, s.bound, s.segment_no, s.may_segment, s.start_date, s.end_date, s.days,
         sum(CASE WHEN s.pause_no < w.gap_from THEN 0 ELSE 1 END)
           OVER (PARTITION BY w.person_no, w.gap_range, s.agent_no, s.bound ORDER BY s.segment_no
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS piece_no
  FROM multiverse.gap_world AS w
  JOIN multiverse.segment AS s ON s.person_no = w.person_no
)
SELECT c.person_no, c.gap_range, c.agent_no, c.bound, c.segment_no, CAST(m.piece_no AS BIGINT) AS era_no, CAST(c.piece_no AS BIGINT) AS piece_no,
       c.start_date, c.end_date, c.days
FROM chained AS c
JOIN chained AS m ON m.bound = 'may' AND m.person_no = c.person_no AND m.gap_range = c.gap_range AND m.agent_no = c.agent_no
  AND m.segment_no = c.may_segment
