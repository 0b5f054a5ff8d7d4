-- era: one row is one person, one agent, one gap rule: one stretch of continuous use.
--   gap_rule, person_id, agent
--   era_no       number of the era, by start
--   may_start    first possible day
--   may_end      last possible day
--   sure_start   first certain day; null when no day is certain
--   supply_end   last certain day before the first gap in the supply
--   bridged_end  last certain day of the era, gaps up to the rule bridged
--   last_issue   start of the last exposure that certainly belongs to it
--   days_low     certainly covered days: the most in one continuous piece of the certain reading, or in one undated row
--   days_high    possibly covered days
--   top_dose_mg  largest known daily dose, mg
--   bound        'both': its certain and its possible reading are the same; 'may': they may differ
WITH stretch AS (
  SELECT *,
         CASE WHEN covered_to IS NULL OR covered_to < start_date THEN date_diff('day', start_date, end_date) + 1
              WHEN covered_to < end_date THEN date_diff('day', covered_to, end_date)
              ELSE 0 END AS new_days
  FROM assess.chain
), linked AS (
  SELECT gap_rule, person_id, agent, chain_no, bound, min(start_date) AS start_date, max(end_date) AS end_date,
         min(CASE WHEN covered_to < start_date - 1 THEN covered_to END) AS first_gap,
         max(issued_on) AS last_issue, sum(new_days) AS days,
         max(CASE WHEN dose_mg > 0 THEN dose_mg END) AS top_dose_mg
  FROM stretch GROUP BY gap_rule, person_id, agent, chain_no, bound
), undated AS (
  SELECT p.gap_rule, p.person_id, p.agent, p.chain_no, max(i.undated_days) AS days, max(i.daily_dose_mg) AS top_dose_mg
  FROM linked AS p
  JOIN assess.issue AS i ON i.person_id = p.person_id AND i.agent = p.agent AND i.undated_days IS NOT NULL AND i.may_start BETWEEN p.start_date AND p.end_date
  WHERE p.bound = 'may'
  GROUP BY p.gap_rule, p.person_id, p.agent, p.chain_no
)
SELECT CAST(gap_rule AS VARCHAR) AS gap_rule, person_id, agent, CAST(chain_no AS BIGINT) AS era_no,
       CAST(start_date AS DATE) AS may_start, CAST(end_date AS DATE) AS may_end, CAST(start_date AS DATE) AS sure_start,
       CAST(coalesce(first_gap, end_date) AS DATE) AS supply_end, CAST(end_date AS DATE) AS bridged_end, CAST(last_issue AS DATE) AS last_issue,
       CAST(days AS BIGINT) AS days_low, CAST(days AS BIGINT) AS days_high, CAST(top_dose_mg AS DOUBLE) AS top_dose_mg, CAST(bound AS VARCHAR) AS bound
FROM linked WHERE bound = 'both'
UNION ALL
SELECT p.gap_rule, p.person_id, p.agent, p.chain_no, p.start_date, p.end_date, min(c.start_date), min(coalesce(c.first_gap, c.end_date)),
       max(c.end_date), max(c.last_issue),
       CASE WHEN u.days > coalesce(max(c.days), 0) THEN u.days ELSE coalesce(max(c.days), 0) END, p.days,
       CASE WHEN u.top_dose_mg > coalesce(max(c.top_dose_mg), 0) THEN u.top_dose_mg ELSE max(c.top_dose_mg) END, p.bound
FROM linked AS p
LEFT JOIN linked AS c ON c.bound = 'sure' AND c.gap_rule = p.gap_rule AND c.person_id = p.person_id AND c.agent = p.agent
  AND c.start_date BETWEEN p.start_date AND p.end_date
LEFT JOIN undated AS u ON u.gap_rule = p.gap_rule AND u.person_id = p.person_id AND u.agent = p.agent AND u.chain_no = p.chain_no
WHERE p.bound = 'may'
GROUP BY p.gap_rule, p.person_id, p.agent, p.chain_no, p.start_date, p.end_date, p.days, p.bound, u.days, u.top_dose_mg
