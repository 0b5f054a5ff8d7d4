-- measure_course: one row is one trial and one rating of a scale during it, beside the baseline of that scale.
--   person_id, trial_id, measure
--   measurement_id  the rating
--   value_low, value_high   its total, bounds
--   date_low, date_high     its first and last possible day
--   days_low, days_high     days from the first certain day of the trial to the rating
--   during         does the rating certainly lie within the certain days of the trial
--   baseline_id    the last rating of the scale on the first day or in the days before it (of several of that day the first by name)
--   baseline_low, baseline_high   its total; several of the last day: smallest and largest
--   baseline_on    its day
--   points_low, points_high   improvement since the baseline, points (positive: better)
--   pct_low, pct_high         improvement since the baseline, % of the baseline
--   acting         rapid: a rapid-acting agent or infusion; else standard
WITH started AS (
  SELECT t.person_id, t.trial_id, t.certain_start, t.start_date, t.bridged_end, t.reckoned_to,
         CASE WHEN a.role = 'rapid-acting' OR p.grp = 'infusion' THEN 'rapid' ELSE 'standard' END AS acting
  FROM assess.trial AS t
  LEFT JOIN knowledge.agent AS a ON a.agent = t.agent
  LEFT JOIN knowledge.procedure_kind AS p ON p.procedure = t.agent
  WHERE t.certain_start IS NOT NULL AND t.start_date IS NOT NULL
), rated AS (
  SELECT r.person_id, r.rating_id, r.measure, r.low, r.high, r.date_low, r.date_high, r.higher_is
  FROM assess.rating AS r
  JOIN (SELECT DISTINCT scale FROM knowledge.scale_cutoff) AS c ON c.scale = r.measure
  WHERE r.origin <> 'converted' AND r.reason IS NULL AND r.date_low IS NOT NULL
), before AS (
  SELECT t.trial_id, r.measure, r.rating_id, r.low, r.high, r.date_high, max(r.date_high) OVER (PARTITION BY t.trial_id, r.measure) AS last_on
  FROM started AS t
  JOIN knowledge.parameter AS g ON g.parameter = 'baseline_days'
  JOIN rated AS r ON r.person_id = t.person_id AND r.date_high <= t.certain_start AND date_diff('day', r.date_high, t.start_date) <= g.value
), baseline AS (
  SELECT trial_id, measure, min(rating_id) AS rating_id, min(low) AS low, max(high) AS high, max(date_high) AS on_date
  FROM before WHERE date_high = last_on GROUP BY trial_id, measure
), followed AS (
  SELECT t.person_id, t.trial_id, t.acting, r.measure, r.rating_id, r.low, r.high, r.date_low, r.date_high, r.higher_is, b.rating_id AS baseline_id,
         b.low AS baseline_low, b.high AS baseline_high, b.on_date AS baseline_on, date_diff('day', t.certain_start, r.date_low) AS days_low,
         date_diff('day', t.certain_start, r.date_high) AS days_high, r.date_high <= t.bridged_end AS during,
         CASE WHEN r.higher_is = 'better' THEN r.low - b.high ELSE b.low - r.high END AS points_low,
         CASE WHEN r.higher_is = 'better' THEN r.high - b.low ELSE b.high - r.low END AS points_high
  FROM started AS t
  JOIN knowledge.parameter AS g ON g.parameter = 'outcome_tail_days'
  JOIN rated AS r ON r.person_id = t.person_id AND r.date_low > t.certain_start AND date_diff('day', t.reckoned_to, r.date_low) <= g.value
  LEFT JOIN baseline AS b ON b.trial_id = t.trial_id AND b.measure = r.measure
)
SELECT person_id, trial_id, measure, rating_id AS measurement_id, low AS value_low, high AS value_high, CAST(date_low AS DATE) AS date_low, CAST(date_high AS DATE) AS date_high,
       CAST(days_low AS BIGINT) AS days_low, CAST(days_high AS BIGINT) AS days_high, CAST(during AS BOOLEAN) AS during,
       CAST(baseline_id AS VARCHAR) AS baseline_id, baseline_low, baseline_high, CAST(baseline_on AS DATE) AS baseline_on, points_low, points_high,
       CAST(CASE WHEN baseline_low <= 0 THEN NULL WHEN higher_is = 'better' THEN points_low * 100 / nullif(baseline_high, 0)
                 ELSE (baseline_low - high) * 100 / nullif(baseline_low, 0) END AS DOUBLE) AS pct_low,
       CAST(CASE WHEN baseline_low <= 0 THEN NULL WHEN higher_is = 'better' THEN points_high * 100 / nullif(baseline_low, 0)
                 ELSE (baseline_high - low) * 100 / nullif(baseline_high, 0) END AS DOUBLE) AS pct_high,
       CAST(acting AS VARCHAR) AS acting
FROM followed
