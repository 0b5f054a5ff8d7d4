-- spell: one row is one stretch of depression or its treatment in one world of episode washouts.
--   person_no, washout_range
--   bound        'may': an episode; 'sure': a stretch that is certainly one
--   spell_no     number by start
--   episode_no   the episode in which it starts
--   start_date, end_date   first and last day
WITH chained AS (
  SELECT w.person_no, w.washout_range, s.bound, s.start_date, s.end_date,
         sum(CASE WHEN s.pause_no < w.washout_from THEN 0 ELSE 1 END)
           OVER (PARTITION BY w.person_no, w.washout_range, s.bound ORDER BY s.segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell_no
  FROM multiverse.washout_world AS w
  JOIN multiverse.spell_segment AS s ON s.person_no = w.person_no
), merged AS (
  SELECT person_no, washout_range, bound, spell_no, min(start_date) AS start_date, max(end_date) AS end_date
  FROM chained GROUP BY person_no, washout_range, bound, spell_no
)
SELECT s.person_no, s.washout_range, s.bound, CAST(s.spell_no AS BIGINT) AS spell_no, CAST(e.spell_no AS BIGINT) AS episode_no,
       CAST(s.start_date AS DATE) AS start_date, CAST(s.end_date AS DATE) AS end_date
FROM merged AS s
JOIN merged AS e ON e.bound = 'may' AND e.person_no = s.person_no AND e.washout_range = s.washout_range
  AND s.start_date >= e.start_date AND s.start_date <= e.end_date
