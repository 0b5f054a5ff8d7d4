-- point: one row is one failed trial that counts, certainly or possibly, under one choice of gap, washout, dose table, augmentation and failure.
--   person_no, gap_range, washout_range, added_range, dose_place, failure_place   the choice
--   bound         'sure': it certainly counts; 'may': possibly
--   part_no       the episode in which it counts ('sure': the certain stretch of it)
--   look_no       the trial (looked_at)
--   weeks_place   the longest minimum duration under which it counts
--   on_low, on_high   earliest and latest day on which it counts
WITH seen AS (
  SELECT t.look_no, t.person_no, t.gap_range, t.trial_no, t.added_range, p.washout_range, p.episode_no, p.part_no
  FROM multiverse.looked_at AS t
  JOIN multiverse.placed AS p ON p.person_no = t.person_no AND p.gap_range = t.gap_range AND p.trial_no = t.trial_no
), failed AS (
  SELECT s.*, f.failure_place, f.surely, f.on_low, f.on_high FROM seen AS s JOIN multiverse.failure AS f ON f.look_no = s.look_no
  UNION ALL
  SELECT s.*, f.failure_place, f.surely, f.on_low, f.on_high
  FROM seen AS s JOIN multiverse.followed AS f ON f.look_no = s.look_no AND f.washout_range = s.washout_range
), joined AS (
  SELECT f.person_no, f.gap_range, f.washout_range, f.added_range, a.dose_place, f.failure_place, f.look_no, f.episode_no, f.part_no, f.surely,
         a.weeks_low, a.weeks_high, f.on_low, f.on_high
  FROM failed AS f
  JOIN multiverse.adequacy AS a ON a.person_no = f.person_no AND a.gap_range = f.gap_range AND a.trial_no = f.trial_no
)
SELECT person_no, gap_range, washout_range, added_range, dose_place, failure_place, CAST('sure' AS VARCHAR) AS bound, part_no, look_no,
       weeks_low AS weeks_place, on_low, on_high
FROM joined WHERE surely = 1 AND weeks_low > 0 AND part_no IS NOT NULL
UNION ALL
SELECT person_no, gap_range, washout_range, added_range, dose_place, failure_place, CAST('may' AS VARCHAR), episode_no, look_no, weeks_high, on_low, on_high
FROM joined
