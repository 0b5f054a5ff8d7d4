-- spell_segment: one row is one stretch of depression or its treatment that every episode washout of the grid leaves together.
--   person_no
--   bound        'may': the coarser, possible reading (episodes); 'sure': the finer, certain reading
--   segment_no   number by start
--   start_date, end_date   first and last day
--   pause_no     how many washouts of the grid are shorter than the pause before it; null: the first, or episodes whose course is stated
WITH depression AS (
  SELECT p.person_no, c.course, a.anchor, coalesce(c.start_earliest, a.first_day, a.anchor) AS may_start, coalesce(c.start_latest, a.first_day, a.anchor) AS sure_start,
         CASE c.course WHEN 'open' THEN a.anchor WHEN 'span' THEN c.end_latest ELSE coalesce(c.end_latest, c.start_latest) END AS may_end,
         CASE c.course WHEN 'open' THEN a.anchor WHEN 'span' THEN c.end_earliest ELSE coalesce(c.end_earliest, c.start_earliest) END AS sure_end
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN multiverse.person AS p ON p.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
), mode AS (
  SELECT person_no, max(CASE WHEN course = 'point' THEN 0 ELSE 1 END) AS stated FROM depression GROUP BY person_no
), treated AS (  -- no washout is shorter than a gap, so that segments of use stay together
  SELECT s.person_no, s.bound, s.start_date, s.end_date, 1 AS is_drug
  FROM multiverse.segment AS s JOIN multiverse.agent AS k ON k.agent_no = s.agent_no AND k.is_base = 1
  UNION ALL
  SELECT p.person_no, 'may', c.may_start, c.may_end, 0
  FROM assess.course AS c JOIN multiverse.person AS p ON p.person_id = c.person_id WHERE c.grp = 'neurostimulation' AND c.may_start <= c.may_end
  UNION ALL
  SELECT p.person_no, 'sure', c.sure_start, c.sure_end, 0
  FROM assess.course AS c JOIN multiverse.person AS p ON p.person_id = c.person_id WHERE c.grp = 'neurostimulation' AND c.sure_start IS NOT NULL
), counted AS (  -- treatment makes episodes where no course is stated; neurostimulation only beside dated diagnoses
  SELECT t.person_no, t.bound, t.start_date, t.end_date
  FROM treated AS t LEFT JOIN mode AS m ON m.person_no = t.person_no
  WHERE coalesce(m.stated = 0, t.is_drug = 1)
), piece AS (
  SELECT person_no, 'may' AS bound, may_start AS start_date, CASE WHEN may_end > anchor THEN anchor ELSE may_end END AS end_date FROM depression
  UNION ALL
  SELECT person_no, 'sure', sure_start, CASE WHEN sure_end > anchor THEN anchor WHEN sure_end < sure_start THEN sure_start ELSE sure_end END FROM depression
  UNION ALL
  SELECT person_no, bound, start_date, end_date FROM counted
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY person_no, bound ORDER BY start_date, end_date) AS place FROM piece
), ordered AS (
  SELECT p.*, coalesce(m.stated, 0) AS stated, m.person_no IS NULL AND NOT k.kept AND p.bound = 'may' AS unbounded,
         max(p.end_date) OVER (PARTITION BY p.person_no, p.bound ORDER BY p.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM placed AS p
  JOIN multiverse.person AS n ON n.person_no = p.person_no
  JOIN assess.kept AS k ON k.person_id = n.person_id AND k.table_name = 'condition'
  LEFT JOIN mode AS m ON m.person_no = p.person_no
), smallest AS (
  SELECT g.value AS remission_days, min(w.number) AS washout_days
  FROM knowledge.parameter AS g CROSS JOIN multiverse.grid AS w
  WHERE g.parameter = 'episode_remission_days' AND w.parameter = 'episode_washout_days' AND w.number IS NOT NULL
  GROUP BY g.value
), stepped AS (
  SELECT o.*, CASE WHEN stated = 0 THEN date_diff('day', covered_to, start_date) - 1 END AS pause,
         CASE WHEN covered_to IS NULL THEN 1 WHEN unbounded THEN 0
              WHEN date_diff('day', covered_to, start_date) - 1 > CASE WHEN stated = 1 THEN s.remission_days ELSE s.washout_days END THEN 1 ELSE 0 END AS opens
  FROM ordered AS o CROSS JOIN smallest AS s
), numbered AS (
  SELECT *, CASE WHEN opens = 1 THEN pause END AS pause_before,
         sum(opens) OVER (PARTITION BY person_no, bound ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS segment_no
  FROM stepped
), merged AS (
  SELECT person_no, bound, segment_no, min(start_date) AS start_date, max(end_date) AS end_date, max(pause_before) AS pause
  FROM numbered GROUP BY person_no, bound, segment_no
), parted AS (
  SELECT m.person_no, m.bound, m.segment_no, max(g.place) AS pause_no
  FROM merged AS m JOIN multiverse.grid AS g ON g.parameter = 'episode_washout_days' AND g.number < m.pause
  WHERE m.pause IS NOT NULL
  GROUP BY m.person_no, m.bound, m.segment_no
)
SELECT m.person_no, CAST(m.bound AS VARCHAR) AS bound, CAST(m.segment_no AS BIGINT) AS segment_no,
       CAST(m.start_date AS DATE) AS start_date, CAST(m.end_date AS DATE) AS end_date, CAST(p.pause_no AS BIGINT) AS pause_no
FROM merged AS m
LEFT JOIN parted AS p ON p.person_no = m.person_no AND p.bound = m.bound AND p.segment_no = m.segment_no
