-- supply: one row is one stretch of days of one agent at one dose, in the certain or the possible reading.
--   reading_no, person_id, agent, bound   as in drug_use
--   form         dosage form, as in issue
--   start_date   first day
--   end_date     last day
--   issued_on    start of the exposure rows it comes from
--   dose_mg      mg a day; different strengths that start on the same day add (unknown ones add nothing)
--   dose_known   false when one of the doses is not known
WITH several AS (
  SELECT u.reading_no, i.person_id, i.agent, i.form, u.bound, CASE WHEN u.bound = 'sure' THEN i.sure_start ELSE i.may_start END AS start_date,
         CASE WHEN u.bound = 'sure' THEN i.sure_end ELSE i.may_end END AS end_date,
         i.may_start AS earliest, i.start_latest AS latest, i.daily_dose_mg
  FROM assess.issue AS i JOIN assess.drug_use AS u ON u.person_id = i.person_id AND u.agent = i.agent
  WHERE NOT u.alone
), strength AS (  -- one strength that starts on one day is one row, as long as the longest
  SELECT reading_no, person_id, agent, form, bound, start_date, earliest, latest, daily_dose_mg, max(end_date) AS end_date
  FROM several WHERE start_date <= end_date
  GROUP BY reading_no, person_id, agent, form, bound, start_date, earliest, latest, daily_dose_mg
), same_dates AS (
  SELECT reading_no, person_id, agent, form, bound, start_date, earliest, latest, end_date, sum(coalesce(daily_dose_mg, 0)) AS dose_mg,
         max(CASE WHEN daily_dose_mg IS NULL THEN 1 ELSE 0 END) AS unknown_dose
  FROM strength GROUP BY reading_no, person_id, agent, form, bound, start_date, earliest, latest, end_date
), same_start AS (  -- strengths that start together: the longer ones add to the days of the shorter
  SELECT reading_no, person_id, agent, form, bound, start_date AS issued_on, end_date,
         lag(end_date) OVER (PARTITION BY reading_no, form, start_date, earliest, latest ORDER BY end_date) AS shorter_end,
         sum(dose_mg) OVER (PARTITION BY reading_no, form, start_date, earliest, latest ORDER BY end_date DESC
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS dose_mg,
         max(unknown_dose) OVER (PARTITION BY reading_no, form, start_date, earliest, latest ORDER BY end_date DESC
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS unknown_dose
  FROM same_dates
), single AS (  -- no two issues on one day: nothing to add up
  SELECT u.reading_no, i.person_id, i.agent, i.form, u.bound, CASE WHEN u.bound = 'sure' THEN i.sure_start ELSE i.may_start END AS start_date,
         CASE WHEN u.bound = 'sure' THEN i.sure_end ELSE i.may_end END AS end_date, i.daily_dose_mg
  FROM assess.issue AS i JOIN assess.drug_use AS u ON u.person_id = i.person_id AND u.agent = i.agent
  WHERE u.alone
)
SELECT reading_no, person_id, agent, form, bound, CAST(start_date AS DATE) AS start_date, CAST(end_date AS DATE) AS end_date,
       CAST(start_date AS DATE) AS issued_on, CAST(coalesce(daily_dose_mg, 0) AS DOUBLE) AS dose_mg, CAST(daily_dose_mg IS NOT NULL AS BOOLEAN) AS dose_known
FROM single WHERE start_date <= end_date
UNION ALL
SELECT reading_no, person_id, agent, form, bound,
       CASE WHEN shorter_end IS NULL THEN issued_on ELSE shorter_end + 1 END, end_date, issued_on, dose_mg, unknown_dose = 0
FROM same_start
