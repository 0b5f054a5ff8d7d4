-- joint_dose: one row is one combination or augmentation and one dose table: the days of joint use at dose.
--   trial_id     the combination or augmentation
--   dose_table   table of minimum doses (knowledge: dose_table)
--   days_low     certain days: the base agent runs and the added agent is at a known dose that reaches the minimum, the most in one
--                certain piece of each
WITH joint AS (
  SELECT t.trial_id, c.start_date, c.end_date, a.reading_no, a.chain_no
  FROM assess.attempt AS t
  JOIN assess.attempt AS b ON b.trial_id = t.base_trial
  JOIN assess.piece AS c ON c.use_no = b.use_no AND c.era_no = b.era_no
  JOIN assess.piece AS a ON a.use_no = t.use_no AND a.era_no = t.era_no
    AND a.start_date <= c.end_date AND c.start_date <= a.end_date
), shared AS (
  SELECT j.trial_id, d.dose_table, j.chain_no, j.start_date,
         sum(date_diff('day', CASE WHEN d.sure_start > j.start_date THEN d.sure_start ELSE j.start_date END,
                       CASE WHEN d.end_date < j.end_date THEN d.end_date ELSE j.end_date END) + 1) AS days
  FROM joint AS j
  JOIN assess.dose_stretch AS d ON d.reading_no = j.reading_no AND d.chain_no = j.chain_no AND d.sure_start <= j.end_date AND d.end_date >= j.start_date
  GROUP BY j.trial_id, d.dose_table, j.chain_no, j.start_date
)
SELECT CAST(trial_id AS VARCHAR) AS trial_id, dose_table, CAST(max(days) AS BIGINT) AS days_low
FROM shared GROUP BY trial_id, dose_table
