-- counted: one row is one thing that can count once (agent, class, trial) in one stretch and one window.
--   choice_no, distinct_range, window_range   the choice
--   part_no       the stretch
--   opens_on      first day of the window; null: the window limits nothing
--   key_no        what counts once
--   weeks_place   the longest minimum duration under which it counts
WITH chosen AS (
  SELECT c.choice_no, p.bound, p.part_no, p.look_no, p.weeks_place, p.on_low, p.on_high
  FROM multiverse.point AS p
  JOIN multiverse.choice AS c ON c.person_no = p.person_no AND c.gap_range = p.gap_range AND c.washout_range = p.washout_range
    AND c.added_range = p.added_range AND c.dose_place = p.dose_place AND c.failure_place = p.failure_place AND c.bound = p.bound
), opening AS (  -- windows open on a day of a failure: certain ones on its earliest, possible ones on its latest day
  SELECT DISTINCT p.choice_no, p.part_no, w.window_range, w.window_days, CASE WHEN p.bound = 'sure' THEN p.on_low ELSE p.on_high END AS opens_on
  FROM chosen AS p
  JOIN multiverse.window_world AS w ON w.choice_no = p.choice_no
  WHERE w.window_days IS NOT NULL
), inside AS (
  SELECT p.choice_no, w.window_range, p.part_no, CAST(NULL AS DATE) AS opens_on, p.look_no, p.weeks_place
  FROM chosen AS p
  JOIN multiverse.window_world AS w ON w.choice_no = p.choice_no
  WHERE w.window_days IS NULL
  UNION ALL
  SELECT p.choice_no, o.window_range, p.part_no, o.opens_on, p.look_no, p.weeks_place
  FROM chosen AS p
  JOIN opening AS o ON o.choice_no = p.choice_no AND o.part_no = p.part_no
  WHERE CASE WHEN p.bound = 'sure' THEN p.on_low >= o.opens_on AND date_diff('day', o.opens_on, p.on_high) <= o.window_days
             ELSE p.on_high >= o.opens_on AND date_diff('day', o.opens_on, p.on_low) <= o.window_days END
)
SELECT i.choice_no, k.distinct_range, i.window_range, i.part_no, i.opens_on, k.key_no, CAST(max(i.weeks_place) AS BIGINT) AS weeks_place
FROM inside AS i
JOIN multiverse.trial_key AS k ON k.look_no = i.look_no
GROUP BY i.choice_no, k.distinct_range, i.window_range, i.part_no, i.opens_on, k.key_no
