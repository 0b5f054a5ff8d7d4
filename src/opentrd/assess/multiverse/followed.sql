-- followed: one row is one trial and one value of `failure` that asks for a switch: is it followed by another agent's trial?
--   look_no         the trial (looked_at)
--   washout_range   the world of washouts
--   failure_place   the value (multiverse.grid)
--   surely     1: some other trial certainly follows
--   on_low     smallest first possible day of the trials that possibly follow
--   on_high    smallest latest start of those that certainly follow; the last day of the record: none does
WITH timely AS (
  SELECT p.look_no, p.trial_no, p.person_no, p.gap_range, p.next_trial_no, p.next_low, p.next_high, p.next_whole, f.place AS failure_place,
         CASE WHEN p.surely = 1 AND (p.next_added = 1 OR coalesce(p.most_gap <= f.number, TRUE)) THEN 1 ELSE 0 END AS surely
  FROM multiverse.pair AS p
  JOIN multiverse.grid AS f ON f.parameter = 'failure' AND f.basis = 'switch'
  WHERE p.next_added = 1 OR coalesce(p.least_gap <= f.number, TRUE)
), judged AS (  -- a switch stays inside its episode
  SELECT t.look_no, e.washout_range, t.failure_place, t.person_no, t.next_low, t.next_high,
         CASE WHEN t.surely = 1 AND e.is_sure * coalesce(x.is_sure, 0) = 1 AND x.episode_no = e.episode_no THEN 1 ELSE 0 END AS surely
  FROM timely AS t
  JOIN multiverse.placed AS e ON e.person_no = t.person_no AND e.gap_range = t.gap_range AND e.trial_no = t.trial_no
  LEFT JOIN multiverse.placed AS x ON x.person_no = t.person_no AND x.gap_range = t.gap_range AND x.trial_no = t.next_trial_no
    AND x.washout_range = e.washout_range
  WHERE t.next_whole * e.is_sure * coalesce(x.is_sure, 0) = 0 OR x.episode_no = e.episode_no
)
SELECT j.look_no, j.washout_range, CAST(j.failure_place AS BIGINT) AS failure_place, CAST(max(j.surely) AS BIGINT) AS surely,
       CAST(min(j.next_low) AS DATE) AS on_low,
       CAST(coalesce(min(CASE WHEN j.surely = 1 THEN j.next_high END), max(a.anchor)) AS DATE) AS on_high
FROM judged AS j
JOIN multiverse.person AS p ON p.person_no = j.person_no
JOIN assess.as_of AS a ON a.person_id = p.person_id
GROUP BY j.look_no, j.washout_range, j.failure_place
