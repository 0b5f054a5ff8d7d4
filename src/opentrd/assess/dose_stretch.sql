-- dose_stretch: one row is one stretch of days of one agent at or above the minimum dose of one dose table; stretches of one
--               chain do not overlap. Only agents that have a minimum in the table.
--   gap_rule, person_id, agent, bound, chain_no   as in chain
--   dose_table   table of minimum doses (knowledge: dose_table)
--   start_date, end_date   first and last day. sure: at a known dose that reaches the minimum; may: at such a dose or one not known
WITH wanted AS (
  SELECT DISTINCT r.dose_table, m.agent
  FROM knowledge.adequacy_rule AS r JOIN knowledge.dose_minimum AS m ON m.dose_table = r.dose_table
), levelled AS (
  SELECT c.gap_rule, c.person_id, c.agent, c.bound, c.chain_no, w.dose_table, c.start_date, c.end_date, c.form, c.dose_mg, c.issued_on, c.dose_known,
         CASE WHEN c.bound <> 'may' THEN coalesce(c.dose_mg >= m.min_dose_mg, FALSE)
              WHEN c.dose_known THEN coalesce(c.dose_mg >= m.min_dose_mg, TRUE)
              ELSE TRUE END AS at_dose
  FROM assess.chain AS c
  JOIN wanted AS w ON w.agent = c.agent
  LEFT JOIN knowledge.dose_minimum AS m
    ON m.dose_table = w.dose_table AND m.agent = c.agent AND coalesce(m.form, '') = c.form
), ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY gap_rule, person_id, agent, bound, chain_no, dose_table
                                ORDER BY start_date, end_date, form, dose_mg, issued_on, dose_known
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM levelled WHERE at_dose
)
SELECT CAST(gap_rule AS VARCHAR) AS gap_rule, person_id, agent, bound, chain_no, CAST(dose_table AS VARCHAR) AS dose_table,
       CAST(CASE WHEN covered_to >= start_date THEN covered_to + 1 ELSE start_date END AS DATE) AS start_date,
       CAST(end_date AS DATE) AS end_date
FROM ordered
WHERE coalesce(covered_to < end_date, TRUE)
