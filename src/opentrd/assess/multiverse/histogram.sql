-- histogram: one row is one choice of every parameter but the needed number, and one count: how many persons have it.
--   gap_place, washout_place, added_place, dose_place, failure_place, distinct_place, window_place, weeks_place   the choice (multiverse.grid)
--   bound     'sure': failures that certainly count, of persons who are certainly eligible; 'may': possibly, of possibly eligible ones
--   failed    the count
--   persons   number of persons
WITH person AS (
  SELECT person_no, coalesce(eligible, FALSE) AS surely, coalesce(eligible, TRUE) AND exposures_kept AS possibly FROM multiverse.person
), admitted AS (
  SELECT c.choice_no, c.gap_range, c.washout_range, c.added_range, c.dose_place, c.failure_place, c.bound
  FROM multiverse.choice AS c JOIN person AS p ON p.person_no = c.person_no
  WHERE (c.bound = 'sure' AND p.surely) OR (c.bound = 'may' AND p.possibly)
), ranged AS (
  SELECT c.gap_range, c.washout_range, c.added_range, c.dose_place, c.failure_place, t.distinct_range, t.window_range, t.weeks_place, c.bound, t.failed,
         count(*) AS persons
  FROM multiverse.tally AS t JOIN admitted AS c ON c.choice_no = t.choice_no
  GROUP BY c.gap_range, c.washout_range, c.added_range, c.dose_place, c.failure_place, t.distinct_range, t.window_range, t.weeks_place, c.bound, t.failed
), by_gap AS (
  SELECT r.place AS gap_place, t.washout_range, t.added_range, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed,
         sum(t.persons) AS persons
  FROM ranged AS t JOIN multiverse.place_range AS r ON r.parameter = 'max_gap_days' AND r.code = t.gap_range
  GROUP BY r.place, t.washout_range, t.added_range, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed
), by_washout AS (
  SELECT t.gap_place, r.place AS washout_place, t.added_range, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed,
         sum(t.persons) AS persons
  FROM by_gap AS t JOIN multiverse.place_range AS r ON r.parameter = 'episode_washout_days' AND r.code = t.washout_range
  GROUP BY t.gap_place, r.place, t.added_range, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed
), by_added AS (
  SELECT t.gap_place, t.washout_place, r.place AS added_place, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed,
         sum(t.persons) AS persons
  FROM by_washout AS t JOIN multiverse.place_range AS r ON r.parameter = 'augmentation' AND r.code = t.added_range
  GROUP BY t.gap_place, t.washout_place, r.place, t.dose_place, t.failure_place, t.distinct_range, t.window_range, t.weeks_place, t.bound, t.failed
), by_distinct AS (
  SELECT t.gap_place, t.washout_place, t.added_place, t.dose_place, t.failure_place, r.place AS distinct_place, t.window_range, t.weeks_place, t.bound, t.failed,
         sum(t.persons) AS persons
  FROM by_added AS t JOIN multiverse.place_range AS r ON r.parameter = 'distinct_level' AND r.code = t.distinct_range
  GROUP BY t.gap_place, t.washout_place, t.added_place, t.dose_place, t.failure_place, r.place, t.window_range, t.weeks_place, t.bound, t.failed
)
SELECT t.gap_place, t.washout_place, t.added_place, t.dose_place, t.failure_place, t.distinct_place, r.place AS window_place, t.weeks_place, t.bound, t.failed,
       CAST(sum(t.persons) AS BIGINT) AS persons
FROM by_distinct AS t JOIN multiverse.place_range AS r ON r.parameter = 'window_days' AND r.code = t.window_range
GROUP BY t.gap_place, t.washout_place, t.added_place, t.dose_place, t.failure_place, t.distinct_place, r.place, t.weeks_place, t.bound, t.failed
