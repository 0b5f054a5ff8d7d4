-- era: one row is one person, one agent, one gap rule: one stretch of continuous use.
--   gap_rule     'trial', the rule of all definitions
--   person_id, agent
--   era_no       number of the era, by start
--   use_no       number of person and agent
--   may_start    first possible day
--   may_end      last possible day
--   sure_start   first certain day; null when no day is certain
--   supply_end   last certain day before the first gap in the supply
--   bridged_end  last certain day of the era, gaps up to the rule bridged
--   last_issue   start of the last exposure that certainly belongs to it
--   days_low     certainly covered days: the most in one continuous piece of the certain reading, or in one undated row
--   days_high    possibly covered days
--   top_dose_mg  largest known daily dose, mg
--   bound        'both': its certain and its possible days are the same; 'may': they may differ
WITH stretch AS (
  SELECT *,
         CASE WHEN covered_to IS NULL OR covered_to < start_date THEN date_diff('day', start_date, end_date) + 1
              WHEN covered_to < end_date THEN date_diff('day', covered_to, end_date)
              ELSE 0 END AS new_days
  FROM assess.chain
), chained AS (
  SELECT reading_no, chain_no, min(start_date) AS start_date, max(end_date) AS end_date,
         min(CASE WHEN covered_to < start_date - 1 THEN covered_to END) AS first_gap,
         max(issued_on) AS last_issue, sum(new_days) AS days,
         max(CASE WHEN dose_mg > 0 THEN dose_mg END) AS top_dose_mg
  FROM stretch GROUP BY reading_no, chain_no
), linked AS (
  SELECT u.use_no, u.person_id, u.agent, u.bound, c.chain_no, c.start_date, c.end_date, c.first_gap, c.last_issue, c.days, c.top_dose_mg
  FROM chained AS c JOIN assess.drug_use AS u ON u.reading_no = c.reading_no
), undated AS (
  SELECT p.use_no, p.chain_no, max(i.undated_days) AS days, max(i.daily_dose_mg) AS top_dose_mg
  FROM linked AS p
  JOIN assess.issue AS i ON i.person_id = p.person_id AND i.agent = p.agent AND i.undated_days IS NOT NULL AND i.may_start BETWEEN p.start_date AND p.end_date
  WHERE p.bound = 'may'
  GROUP BY p.use_no, p.chain_no
), certain AS (
  SELECT p.use_no, p.chain_no, min(c.start_date) AS start_date, min(coalesce(c.first_gap, c.end_date)) AS supply_end,
         max(c.end_date) AS end_date, max(c.last_issue) AS last_issue, max(c.days) AS days, max(c.top_dose_mg) AS top_dose_mg
  FROM linked AS p
  JOIN linked AS c ON c.bound = 'sure' AND c.use_no = p.use_no AND c.start_date BETWEEN p.start_date AND p.end_date
  WHERE p.bound = 'may'
  GROUP BY p.use_no, p.chain_no
)
SELECT CAST('trial' AS VARCHAR) AS gap_rule, person_id, agent, CAST(chain_no AS BIGINT) AS era_no, use_no,
       CAST(start_date AS DATE) AS may_start, CAST(end_date AS DATE) AS may_end, CAST(start_date AS DATE) AS sure_start,
       CAST(coalesce(first_gap, end_date) AS DATE) AS supply_end, CAST(end_date AS DATE) AS bridged_end, CAST(last_issue AS DATE) AS last_issue,
       CAST(days AS BIGINT) AS days_low, CAST(days AS BIGINT) AS days_high, CAST(top_dose_mg AS DOUBLE) AS top_dose_mg, CAST(bound AS VARCHAR) AS bound
FROM linked WHERE bound = 'both'
UNION ALL
SELECT 'trial', p.person_id, p.agent, p.chain_no, p.use_no, p.start_date, p.end_date, c.start_date, c.supply_end, c.end_date, c.last_issue,
       CASE WHEN u.days > coalesce(c.days, 0) THEN u.days ELSE coalesce(c.days, 0) END, p.days,
       CASE WHEN u.top_dose_mg > coalesce(c.top_dose_mg, 0) THEN u.top_dose_mg ELSE c.top_dose_mg END, p.bound
FROM linked AS p
LEFT JOIN certain AS c ON c.use_no = p.use_no AND c.chain_no = p.chain_no
LEFT JOIN undated AS u ON u.use_no = p.use_no AND u.chain_no = p.chain_no
WHERE p.bound = 'may'
