-- joint_dose: one row is one combination or augmentation and one dose table: the days of joint use at dose.
--   trial_id     the combination or augmentation
--   dose_table   table of minimum doses (knowledge: dose_table)
--   days_low     certain days: the base agent runs and the added agent is at a known dose that reaches the minimum, the most in one
--                certain piece of each
WITH pair AS (
  SELECT t.trial_id, t.person_id, t.agent, b.agent AS base_agent, b.era_no AS base_era, t.may_start, t.may_end
  FROM assess.attempt AS t
  JOIN assess.attempt AS b ON b.trial_id = t.base_trial
), shared AS (
  SELECT p.trial_id, d.dose_table, d.chain_no, c.start_date AS piece,
         sum(date_diff('day', CASE WHEN d.start_date > c.start_date THEN d.start_date ELSE c.start_date END,
                       CASE WHEN d.end_date < c.end_date THEN d.end_date ELSE c.end_date END) + 1) AS days
  FROM pair AS p
  JOIN assess.piece AS c ON c.person_id = p.person_id AND c.agent = p.base_agent AND c.era_no = p.base_era
  JOIN assess.dose_stretch AS d ON d.person_id = p.person_id AND d.agent = p.agent AND d.gap_rule = 'trial' AND d.bound <> 'may'
    AND d.start_date <= c.end_date AND d.end_date >= c.start_date AND d.start_date <= p.may_end AND d.end_date >= p.may_start
  GROUP BY p.trial_id, d.dose_table, d.chain_no, c.start_date
)
SELECT CAST(trial_id AS VARCHAR) AS trial_id, dose_table, CAST(max(days) AS BIGINT) AS days_low
FROM shared GROUP BY trial_id, dose_table
