-- time_summary: one row is one definition and one reading.
--   definition, reading
--   median_day, median_low, median_high   first day on which half are resistant, with the 95 % interval read off the curve's own
--                                          (Brookmeyer and Crowley 1982); null: not reached
--   last_day                               last day of follow-up
SELECT definition, reading,
       min(CASE WHEN risk >= 0.5 THEN day END) AS median_day,
       min(CASE WHEN risk_high >= 0.5 THEN day END) AS median_low,
       min(CASE WHEN risk_low >= 0.5 THEN day END) AS median_high,
       max(day) AS last_day
FROM compare.risk
GROUP BY definition, reading
ORDER BY definition, reading
