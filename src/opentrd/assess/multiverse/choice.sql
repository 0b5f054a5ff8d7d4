-- choice: one row is one person, one choice as in point, and one reading of it, with enough trials to reach the smallest needed number.
--   choice_no     number of the row
--   person_no, gap_range, washout_range, added_range, dose_place, failure_place, bound   which
--   window_days   days from the first to the last failure: a window as long as that limits nothing
WITH smallest AS (
  SELECT min(number) AS needed FROM multiverse.grid WHERE parameter = 'needed'
), span AS (
  SELECT person_no, gap_range, washout_range, added_range, dose_place, failure_place, bound, date_diff('day', min(on_low), max(on_high)) AS days,
         count(*) AS trials
  FROM multiverse.point GROUP BY person_no, gap_range, washout_range, added_range, dose_place, failure_place, bound
)
SELECT CAST(row_number() OVER (ORDER BY s.person_no, s.gap_range, s.washout_range, s.added_range, s.dose_place, s.failure_place, s.bound) AS BIGINT) AS choice_no,
       s.person_no, s.gap_range, s.washout_range, s.added_range, s.dose_place, s.failure_place, s.bound, CAST(s.days AS BIGINT) AS window_days
FROM span AS s CROSS JOIN smallest AS n
WHERE s.trials >= n.needed
