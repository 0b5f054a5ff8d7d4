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
WITH stretch AS (
  SELECT *,
         CASE WHEN covered_to IS NULL OR covered_to < start_date THEN date_diff('day', start_date, end_date) + 1
              WHEN covered_to < end_date THEN date_diff('day', covered_to, end_date)
              ELSE 0 END AS new_days
  FROM assess.chain
), possible AS (
  SELECT gap_rule, person_id, agent, chain_no AS era_no, min(start_date) AS may_start, max(end_date) AS may_end,
         sum(new_days) AS days_high
  FROM stretch WHERE bound = 'may' GROUP BY gap_rule, person_id, agent, chain_no
), certain AS (
  SELECT gap_rule, person_id, agent, chain_no, min(start_date) AS sure_start, max(end_date) AS sure_end,
         min(CASE WHEN covered_to < start_date - 1 THEN covered_to END) AS first_gap,
         max(issued_on) AS last_issue, sum(new_days) AS days,
         max(CASE WHEN dose_mg > 0 THEN dose_mg END) AS top_dose_mg
  FROM stretch WHERE bound = 'sure' GROUP BY gap_rule, person_id, agent, chain_no
), undated AS (
  SELECT p.gap_rule, p.person_id, p.agent, p.era_no, max(i.undated_days) AS days, max(i.daily_dose_mg) AS top_dose_mg
  FROM possible AS p
  JOIN assess.issue AS i ON i.person_id = p.person_id AND i.agent = p.agent AND i.undated_days IS NOT NULL AND i.may_start BETWEEN p.may_start AND p.may_end
  GROUP BY p.gap_rule, p.person_id, p.agent, p.era_no
)
SELECT p.gap_rule, p.person_id, p.agent, CAST(p.era_no AS BIGINT) AS era_no,
       CAST(p.may_start AS DATE) AS may_start, CAST(p.may_end AS DATE) AS may_end,
       CAST(min(c.sure_start) AS DATE) AS sure_start,
       CAST(min(coalesce(c.first_gap, c.sure_end)) AS DATE) AS supply_end,
       CAST(max(c.sure_end) AS DATE) AS bridged_end,
       CAST(max(c.last_issue) AS DATE) AS last_issue,
       CAST(CASE WHEN u.days > coalesce(max(c.days), 0) THEN u.days ELSE coalesce(max(c.days), 0) END AS BIGINT) AS days_low,
       CAST(p.days_high AS BIGINT) AS days_high,
       CAST(CASE WHEN u.top_dose_mg > coalesce(max(c.top_dose_mg), 0) THEN u.top_dose_mg ELSE max(c.top_dose_mg) END AS DOUBLE) AS top_dose_mg
FROM possible AS p
LEFT JOIN certain AS c ON c.gap_rule = p.gap_rule AND c.person_id = p.person_id AND c.agent = p.agent
  AND c.sure_start BETWEEN p.may_start AND p.may_end
LEFT JOIN undated AS u ON u.gap_rule = p.gap_rule AND u.person_id = p.person_id AND u.agent = p.agent AND u.era_no = p.era_no
GROUP BY p.gap_rule, p.person_id, p.agent, p.era_no, p.may_start, p.may_end, p.days_high, u.days, u.top_dose_mg
