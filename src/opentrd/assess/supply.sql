-- supply: one row is one stretch of days of one agent at one dose, in the certain or the possible reading.
--   person_id, agent, form
--   bound        'sure': days that are certainly covered; 'may': days that are possibly covered; 'both': the two readings of this
--                person and agent are one and the same, because every day and dose is known
--   start_date   first day
--   end_date     last day
--   issued_on    start of the exposure rows it comes from
--   dose_mg      mg a day; different strengths that start on the same day add (unknown ones add nothing)
--   dose_known   false when one of the doses is not known
WITH some_forms AS (  -- a minimum for some forms only leaves the dose of the others open
  SELECT DISTINCT m.agent FROM knowledge.dose_minimum AS m
  LEFT JOIN knowledge.dose_minimum AS g ON g.dose_table = m.dose_table AND g.agent = m.agent AND g.form = ''
  WHERE m.form <> '' AND g.agent IS NULL
), plain AS (  -- dates and doses all known, no two strengths on one day: nothing to add up, and one reading instead of two
  SELECT i.person_id, i.agent
  FROM assess.issue AS i LEFT JOIN some_forms AS f ON f.agent = i.agent
  WHERE f.agent IS NULL
  GROUP BY i.person_id, i.agent
  HAVING min(CASE WHEN sure_start = may_start AND sure_end = may_end AND daily_dose_mg IS NOT NULL THEN 1 ELSE 0 END) = 1
     AND count(*) = count(DISTINCT may_start)
), inexact AS (
  SELECT i.* FROM assess.issue AS i LEFT JOIN plain AS p ON p.person_id = i.person_id AND p.agent = i.agent WHERE p.person_id IS NULL
), both_bounds AS (
  SELECT person_id, agent, form, 'sure' AS bound, sure_start AS start_date, sure_end AS end_date, may_start AS earliest, start_latest AS latest, daily_dose_mg
  FROM inexact WHERE sure_start IS NOT NULL
  UNION ALL
  SELECT person_id, agent, form, 'may', may_start, may_end, may_start, start_latest, daily_dose_mg FROM inexact WHERE may_start <= may_end
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
SELECT i.person_id, i.agent, i.form, CAST('both' AS VARCHAR) AS bound, CAST(i.may_start AS DATE) AS start_date, CAST(i.may_end AS DATE) AS end_date,
       CAST(i.may_start AS DATE) AS issued_on, CAST(i.daily_dose_mg AS DOUBLE) AS dose_mg, CAST(TRUE AS BOOLEAN) AS dose_known
FROM assess.issue AS i JOIN plain AS p ON p.person_id = i.person_id AND p.agent = i.agent
UNION ALL
SELECT person_id, agent, form, bound,
       CASE WHEN shorter_end IS NULL THEN issued_on ELSE shorter_end + 1 END, end_date, issued_on, dose_mg, unknown_dose = 0
FROM same_start
