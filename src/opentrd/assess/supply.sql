-- supply: one row is one stretch of days of one agent at one dose, in the certain or the possible reading.
--   person_id, agent, form
--   bound        'sure': days that are certainly covered; 'may': days that are possibly covered
--   start_date   first day
--   end_date     last day
--   issued_on    start of the exposure rows it comes from
--   dose_mg      mg a day; different strengths that start on the same day add (unknown ones add nothing)
--   dose_known   false when one of the doses is not known
WITH both_bounds AS (
  SELECT person_id, agent, form, 'sure' AS bound, sure_start AS start_date, sure_end AS end_date, may_start AS earliest, start_latest AS latest, daily_dose_mg
  FROM assess.issue WHERE sure_start IS NOT NULL
  UNION ALL
  SELECT person_id, agent, form, 'may', may_start, may_end, may_start, start_latest, daily_dose_mg FROM assess.issue WHERE may_start <= may_end
), strength AS (  -- one strength that starts on one day is one row, as long as the longest
  SELECT person_id, agent, form, bound, start_date, earliest, latest, daily_dose_mg, max(end_date) AS end_date
  FROM both_bounds GROUP BY person_id, agent, form, bound, start_date, earliest, latest, daily_dose_mg
), same_dates AS (
  SELECT person_id, agent, form, bound, start_date, earliest, latest, end_date, sum(coalesce(daily_dose_mg, 0)) AS dose_mg,
         max(CASE WHEN daily_dose_mg IS NULL THEN 1 ELSE 0 END) AS unknown_dose
  FROM strength GROUP BY person_id, agent, form, bound, start_date, earliest, latest, end_date
), same_start AS (  -- strengths that start together: the longer ones add to the days of the shorter
  SELECT person_id, agent, form, bound, start_date AS issued_on, end_date,
         lag(end_date) OVER (PARTITION BY person_id, agent, form, bound, start_date, earliest, latest ORDER BY end_date) AS shorter_end,
         sum(dose_mg) OVER (PARTITION BY person_id, agent, form, bound, start_date, earliest, latest ORDER BY end_date DESC
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS dose_mg,
         max(unknown_dose) OVER (PARTITION BY person_id, agent, form, bound, start_date, earliest, latest ORDER BY end_date DESC
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS unknown_dose
  FROM same_dates
)
SELECT person_id, agent, form, CAST(bound AS VARCHAR) AS bound,
       CAST(CASE WHEN shorter_end IS NULL THEN issued_on ELSE shorter_end + 1 END AS DATE) AS start_date,
       CAST(end_date AS DATE) AS end_date,
       CAST(issued_on AS DATE) AS issued_on,
       CAST(dose_mg AS DOUBLE) AS dose_mg,
       CAST(unknown_dose = 0 AS BOOLEAN) AS dose_known
FROM same_start
