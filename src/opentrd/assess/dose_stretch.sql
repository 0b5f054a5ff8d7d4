-- dose_stretch: one row is one stretch of supply at or above the minimum dose of one dose table, or at a dose not known: the days that
--               no earlier one of its reading covers. Only agents that have a minimum in the table.
--   reading_no, chain_no   as in chain
--   dose_table   table of minimum doses (knowledge: dose_table)
--   sure_start   first day that is certainly at a known dose that reaches the minimum; null: none
--   may_start    first day that is possibly at such a dose or one not known; null: none
--   end_date     last day of both
WITH wanted AS (
  SELECT dose_table, agent, row_number() OVER (ORDER BY dose_table, agent) AS wanted_no
  FROM (SELECT DISTINCT r.dose_table, m.agent
        FROM knowledge.adequacy_rule AS r JOIN knowledge.dose_minimum AS m ON m.dose_table = r.dose_table) AS w
), levelled AS (
  SELECT c.reading_no, c.chain_no, w.wanted_no, c.start_date, c.end_date,
         u.bound <> 'may' AND coalesce(c.dose_mg >= m.min_dose_mg, FALSE) AS surely,
         u.bound <> 'sure' AND (NOT c.dose_known OR coalesce(c.dose_mg >= m.min_dose_mg, TRUE)) AS maybe
  FROM assess.chain AS c
  JOIN assess.drug_use AS u ON u.reading_no = c.reading_no
  JOIN wanted AS w ON w.agent = u.agent
  LEFT JOIN knowledge.dose_minimum AS m
    ON m.dose_table = w.dose_table AND m.agent = w.agent AND coalesce(m.form, '') = c.form
), ordered AS (  -- rows that tie in this order are alike
  SELECT *,
         max(CASE WHEN surely THEN end_date END) OVER (PARTITION BY reading_no, wanted_no ORDER BY start_date, end_date, surely
                                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS surely_to,
         max(CASE WHEN maybe THEN end_date END) OVER (PARTITION BY reading_no, wanted_no ORDER BY start_date, end_date, surely
                                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS maybe_to
  FROM levelled WHERE surely OR maybe
), cut AS (
  SELECT reading_no, chain_no, wanted_no, end_date,
         CASE WHEN NOT surely OR surely_to >= end_date THEN NULL WHEN surely_to >= start_date THEN surely_to + 1 ELSE start_date END AS sure_start,
         CASE WHEN NOT maybe OR maybe_to >= end_date THEN NULL WHEN maybe_to >= start_date THEN maybe_to + 1 ELSE start_date END AS may_start
  FROM ordered
)
SELECT c.reading_no, c.chain_no, CAST(w.dose_table AS VARCHAR) AS dose_table, CAST(c.sure_start AS DATE) AS sure_start,
       CAST(c.may_start AS DATE) AS may_start, CAST(c.end_date AS DATE) AS end_date
FROM cut AS c
JOIN wanted AS w ON w.wanted_no = c.wanted_no
WHERE c.sure_start IS NOT NULL OR c.may_start IS NOT NULL
