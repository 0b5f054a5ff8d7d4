-- chain: one row is one stretch of supply, placed in its chain of continuous use under the gap rule `trial`.
--   reading_no   as in drug_use
--   form, start_date, end_date, issued_on, dose_mg, dose_known   as in supply
--   chain_no     number of the chain within its reading_no
--   covered_to   last day covered by earlier stretches of the same chain, null at its beginning
WITH ordered AS (  -- rows that tie in this order are alike in all that follows
  SELECT reading_no, form, start_date, end_date, issued_on, dose_mg, dose_known,
         max(end_date) OVER (PARTITION BY reading_no ORDER BY start_date, end_date, form, dose_mg, issued_on, dose_known
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_before
  FROM assess.supply
), linked AS (
  SELECT o.*, CASE WHEN date_diff('day', o.covered_before, o.start_date) - 1 <= g.max_gap_days THEN o.covered_before END AS covered_to
  FROM ordered AS o JOIN knowledge.gap_rule AS g ON g.gap_rule = 'trial'
), opened AS (
  SELECT reading_no, start_date, row_number() OVER (PARTITION BY reading_no ORDER BY start_date) AS chain_no,
         lead(start_date) OVER (PARTITION BY reading_no ORDER BY start_date) AS next_start
  FROM linked WHERE covered_to IS NULL
)
SELECT s.reading_no, s.form, s.start_date, s.end_date, s.issued_on, s.dose_mg, s.dose_known, CAST(o.chain_no AS BIGINT) AS chain_no,
       CAST(s.covered_to AS DATE) AS covered_to
FROM linked AS s
JOIN opened AS o ON o.reading_no = s.reading_no AND s.start_date >= o.start_date AND coalesce(s.start_date < o.next_start, TRUE)
