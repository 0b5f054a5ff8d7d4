-- stretch: one row is one stretch of supply, placed in its segment: continuous use under the smallest gap of the grid.
--   person_no, agent_no
--   bound        'sure': certain days; 'may': possible days
--   segment_no   number of the segment, by start
--   start_date, end_date   first and last day
--   new_days     days of it that no earlier stretch covers
--   pause        days without supply before it, where it opens a segment that is not the first; else null
--   form, dose_mg, dose_known, issued_on   as in supply
WITH bounded AS (
  SELECT person_id, agent, form, 'sure' AS bound, start_date, end_date, issued_on, dose_mg, dose_known FROM assess.supply WHERE bound <> 'may'
  UNION ALL
  SELECT person_id, agent, form, 'may', start_date, end_date, issued_on, dose_mg, dose_known FROM assess.supply WHERE bound <> 'sure'
), smallest AS (
  SELECT min(number) AS gap_days FROM multiverse.grid WHERE parameter = 'max_gap_days'
), placed AS (
  SELECT p.person_no, a.agent_no, s.bound, s.start_date, s.end_date, s.form, s.dose_mg, s.dose_known, s.issued_on,
         row_number() OVER (PARTITION BY p.person_no, a.agent_no, s.bound ORDER BY s.start_date, s.end_date, s.form, s.dose_mg, s.issued_on) AS place
  FROM bounded AS s
  JOIN multiverse.person AS p ON p.person_id = s.person_id
  JOIN multiverse.agent AS a ON a.agent = s.agent
), ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY person_no, agent_no, bound ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM placed
), stepped AS (
  SELECT o.*, date_diff('day', covered_to, start_date) - 1 AS pause,
         CASE WHEN covered_to IS NULL THEN 1 WHEN date_diff('day', covered_to, start_date) - 1 > g.gap_days THEN 1 ELSE 0 END AS opens
  FROM ordered AS o CROSS JOIN smallest AS g
)
SELECT person_no, agent_no, CAST(bound AS VARCHAR) AS bound,
       CAST(sum(opens) OVER (PARTITION BY person_no, agent_no, bound ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS segment_no,
       start_date, end_date,
       CAST(CASE WHEN covered_to IS NULL OR covered_to < start_date THEN date_diff('day', start_date, end_date) + 1
                 WHEN covered_to < end_date THEN date_diff('day', covered_to, end_date) ELSE 0 END AS BIGINT) AS new_days,
       CAST(CASE WHEN opens = 1 THEN pause END AS BIGINT) AS pause,
       form, dose_mg, dose_known, issued_on
FROM stepped
