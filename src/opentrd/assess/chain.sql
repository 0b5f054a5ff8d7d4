-- chain: one row is one stretch of supply, placed in its chain of continuous use under one gap rule.
--   gap_rule     the gap rule (knowledge: gap_rule)
--   person_id, agent, form, bound, start_date, end_date, issued_on, dose_mg, dose_known   as in supply
--   chain_no     number of the chain within person, agent and reading
--   covered_to   last day covered by earlier stretches of the same chain, null at its beginning
WITH ordered AS (  -- rows that tie in this order are alike in all that follows
  SELECT s.*, max(end_date) OVER (PARTITION BY person_id, agent, bound ORDER BY start_date, end_date, form, dose_mg, issued_on, dose_known
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_before
  FROM assess.supply AS s
), stepped AS (
  SELECT o.*, g.gap_rule,
         CASE WHEN covered_before IS NULL THEN 1
              WHEN date_diff('day', covered_before, start_date) - 1 > g.max_gap_days THEN 1 ELSE 0 END AS opens
  FROM ordered AS o CROSS JOIN knowledge.gap_rule AS g
), numbered AS (
  SELECT *,
         sum(opens) OVER (PARTITION BY gap_rule, person_id, agent, bound ORDER BY start_date, end_date, form, dose_mg, issued_on, dose_known
                          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS chain_no
  FROM stepped
)
SELECT CAST(gap_rule AS VARCHAR) AS gap_rule, person_id, agent, form, bound, start_date, end_date, issued_on, dose_mg, dose_known,
       CAST(chain_no AS BIGINT) AS chain_no,
       CAST(CASE WHEN opens = 1 THEN NULL ELSE covered_before END AS DATE) AS covered_to
FROM numbered
