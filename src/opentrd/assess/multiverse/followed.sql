-- followed: one row is one trial and one value of `failure` that asks for a switch: is it followed by another agent's trial?
--   look_no         the trial (looked_at)
--   washout_range   the world of washouts
--   failure_place   the value (multiverse.grid)
--   surely     1: some other trial certainly follows
--   on_low     smallest first possible day of the trials that possibly follow
--   on_high    smallest latest start of those that certainly follow; the last day of the record: none does
WITH shaped AS (
  SELECT t.*, coalesce(t.sure_start, t.may_end) AS first_high, coalesce(t.sure_end, t.may_start) AS end_low, e.may_start AS era_start, e.may_end AS era_end,
         CASE WHEN a.is_base = 1 THEN 1 ELSE t.is_added END AS joins
  FROM multiverse.looked_at AS t
  JOIN multiverse.agent AS a ON a.agent_no = t.agent_no
  JOIN multiverse.era AS e ON e.person_no = t.person_no AND e.gap_range = t.gap_range AND e.agent_no = t.agent_no AND e.era_no = t.era_no
), later AS (  -- a later piece of an era may turn out to be an era of its own, when an end before it is filled in
  SELECT look_no, person_no, gap_range, added_range, is_added, agent_no, era_no, base_agent_no, base_era_no, era_start, era_end, joins,
         may_start AS next_low, first_high AS next_high, CASE WHEN sure_start IS NULL THEN 0 ELSE 1 END AS is_certain, 1 AS is_whole
  FROM shaped
  UNION ALL
  SELECT s.look_no, s.person_no, s.gap_range, s.added_range, s.is_added, s.agent_no, s.era_no, s.base_agent_no, s.base_era_no, s.era_start, s.era_end, s.joins,
         p.start_date, p.start_date, s.is_added, s.is_added
  FROM shaped AS s
  JOIN multiverse.piece AS p ON p.person_no = s.person_no AND p.gap_range = s.gap_range AND p.agent_no = s.agent_no AND p.era_no = s.era_no
    AND p.start_date > s.first_high
  WHERE s.is_added = 0  -- so that is_added stands for 0 above: Spark 4 fails to plan some literals in unions
), pair AS (  -- an augmentation follows its base trial only, however long they run together
  SELECT t.look_no, t.person_no, t.gap_range, t.agent_no, t.era_no, t.may_end, t.first_high, t.end_low,
         n.look_no AS next_no, n.is_added AS next_added, n.agent_no AS next_agent_no, n.era_no AS next_era_no,
         n.next_low, n.next_high, n.is_certain = 1 AS next_certain, n.is_whole AS next_whole,
         CASE WHEN n.is_added = 1 OR t.joins * n.joins = 0 THEN 0
              ELSE date_diff('day', CASE WHEN t.era_start > n.era_start THEN t.era_start ELSE n.era_start END,
                             CASE WHEN t.era_end < n.era_end THEN t.era_end ELSE n.era_end END) + 1 END AS joint_days
  FROM shaped AS t
  JOIN later AS n ON n.person_no = t.person_no AND n.gap_range = t.gap_range AND n.added_range = t.added_range AND n.agent_no <> t.agent_no
    AND n.next_high > t.may_start
  WHERE n.is_added = 0 OR (t.is_added = 0 AND n.base_agent_no = t.agent_no AND n.base_era_no = t.era_no)
), shared AS (  -- days that both certainly run, where they possibly run together for long enough to be a combination
  SELECT p.look_no, p.next_no,
         max(date_diff('day', CASE WHEN a.start_date > b.start_date THEN a.start_date ELSE b.start_date END,
                       CASE WHEN a.end_date < b.end_date THEN a.end_date ELSE b.end_date END) + 1) AS days
  FROM pair AS p
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  JOIN multiverse.piece AS a ON a.person_no = p.person_no AND a.gap_range = p.gap_range AND a.agent_no = p.agent_no AND a.era_no = p.era_no
  JOIN multiverse.piece AS b ON b.person_no = p.person_no AND b.gap_range = p.gap_range AND b.agent_no = p.next_agent_no AND b.era_no = p.next_era_no
    AND a.start_date <= b.end_date AND b.start_date <= a.end_date
  WHERE p.joint_days >= g.value
  GROUP BY p.look_no, p.next_no
), timely AS (
  SELECT p.look_no, p.next_no, p.person_no, p.gap_range, f.place AS failure_place, p.next_low, p.next_high, p.next_whole,
         CASE WHEN p.next_certain AND p.next_low > p.first_high AND p.joint_days < g.value
                   AND (p.next_added = 1 OR coalesce(date_diff('day', p.end_low, p.next_high) <= f.number, TRUE)) THEN 1 ELSE 0 END AS surely
  FROM pair AS p
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  JOIN multiverse.grid AS f ON f.parameter = 'failure' AND f.basis = 'switch'
  LEFT JOIN shared AS s ON s.look_no = p.look_no AND s.next_no = p.next_no
  WHERE coalesce(s.days, 0) < g.value AND (p.next_added = 1 OR coalesce(date_diff('day', p.may_end, p.next_low) <= f.number, TRUE))
), judged AS (  -- a switch stays inside its episode
  SELECT t.look_no, e.washout_range, t.failure_place, t.person_no, t.next_low, t.next_high,
         CASE WHEN t.surely = 1 AND e.is_sure * coalesce(x.is_sure, 0) = 1 AND x.episode_no = e.episode_no THEN 1 ELSE 0 END AS surely
  FROM timely AS t
  JOIN multiverse.looked_at AS l ON l.look_no = t.look_no
  JOIN multiverse.looked_at AS n ON n.look_no = t.next_no
  JOIN multiverse.placed AS e ON e.person_no = t.person_no AND e.gap_range = t.gap_range AND e.trial_no = l.trial_no
  LEFT JOIN multiverse.placed AS x ON x.person_no = t.person_no AND x.gap_range = t.gap_range AND x.trial_no = n.trial_no
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
