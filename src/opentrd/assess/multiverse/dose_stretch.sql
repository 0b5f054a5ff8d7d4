-- dose_stretch: one row is one stretch of days at or above the minimum dose of one dose table; those of one segment do not overlap.
--   person_no, agent_no, bound, segment_no   as in segment
--   dose_place   the dose table (multiverse.grid)
--   start_date, end_date   first and last day. sure: at a known dose that reaches the minimum; may: at such a dose or one not known
WITH levelled AS (
  SELECT s.person_no, s.agent_no, s.bound, s.segment_no, g.place AS dose_place, s.start_date, s.end_date, s.form, s.dose_mg, s.issued_on,
         CASE WHEN s.bound = 'sure' THEN coalesce(s.dose_mg >= m.min_dose_mg, FALSE)
              WHEN s.dose_known THEN coalesce(s.dose_mg >= m.min_dose_mg, TRUE)
              ELSE TRUE END AS at_dose
  FROM multiverse.stretch AS s
  JOIN multiverse.agent AS a ON a.agent_no = s.agent_no
  JOIN multiverse.grid AS g ON g.parameter = 'dose_table' AND g.value <> 'none'
  LEFT JOIN knowledge.dose_minimum AS m ON m.dose_table = g.value AND m.agent = a.agent AND coalesce(m.form, '') = s.form
), ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY person_no, agent_no, bound, segment_no, dose_place ORDER BY start_date, end_date, form, dose_mg, issued_on
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM levelled WHERE at_dose
)
SELECT person_no, agent_no, bound, segment_no, CAST(dose_place AS BIGINT) AS dose_place,
       CAST(CASE WHEN covered_to >= start_date THEN covered_to + 1 ELSE start_date END AS DATE) AS start_date, CAST(end_date AS DATE) AS end_date
FROM ordered
WHERE coalesce(covered_to < end_date, TRUE)
