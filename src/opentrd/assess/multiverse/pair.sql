-- pair: one row is one trial and one that may follow it, as far as the days of both go.
--   look_no, trial_no, person_no, gap_range   the trial (looked_at)
--   next_trial_no   the other one
--   next_low, next_high   its first day, at the earliest and at the latest
--   next_added   1: it is an augmentation of this trial, which may follow however late
--   next_whole   1: it is a trial; 0: a later piece of one
--   most_gap, least_gap   days from the end of this one to the start of the other
--   surely       1: it certainly starts after this one, and the two certainly do not run together as a combination
WITH shaped AS (
  SELECT t.*, coalesce(t.sure_start, t.may_end) AS first_high, coalesce(t.sure_end, t.may_start) AS end_low, e.may_start AS era_start, e.may_end AS era_end,
         CASE WHEN a.is_base = 1 THEN 1 ELSE t.is_added END AS joins
  FROM multiverse.looked_at AS t
  JOIN multiverse.agent AS a ON a.agent_no = t.agent_no
  JOIN multiverse.era AS e ON e.person_no = t.person_no AND e.gap_range = t.gap_range AND e.agent_no = t.agent_no AND e.era_no = t.era_no
), later AS (  -- a later piece of an era may turn out to be an era of its own, when an end before it is filled in
  SELECT look_no, trial_no, person_no, gap_range, added_range, is_added, agent_no, era_no, base_agent_no, base_era_no, era_start, era_end, joins,
         may_start AS next_low, first_high AS next_high, CASE WHEN sure_start IS NULL THEN 0 ELSE 1 END AS is_certain, 1 AS is_whole
  FROM shaped
  UNION ALL
  SELECT s.look_no, s.trial_no, s.person_no, s.gap_range, s.added_range, s.is_added, s.agent_no, s.era_no, s.base_agent_no, s.base_era_no, s.era_start, s.era_end, s.joins,
         p.start_date, p.start_date, s.is_added, s.is_added
  FROM shaped AS s
  JOIN multiverse.piece AS p ON p.person_no = s.person_no AND p.gap_range = s.gap_range AND p.agent_no = s.agent_no AND p.era_no = s.era_no
    AND p.start_date > s.first_high
  WHERE s.is_added = 0  -- so that is_added stands for 0 above: Spark 4 fails to plan some literals in unions
), pair AS (  -- an augmentation follows its base trial only, however long they run together
  SELECT t.look_no, t.trial_no, t.person_no, t.gap_range, t.agent_no, t.era_no, t.may_end, t.first_high, t.end_low,
         n.look_no AS next_no, n.trial_no AS next_trial_no, n.is_added AS next_added, n.agent_no AS next_agent_no, n.era_no AS next_era_no,
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
), timed AS (
  SELECT p.look_no, p.trial_no, p.person_no, p.gap_range, p.next_trial_no, p.next_low, p.next_high, p.next_added, p.next_whole,
         date_diff('day', p.end_low, p.next_high) AS most_gap, date_diff('day', p.may_end, p.next_low) AS least_gap,
         CASE WHEN p.next_certain AND p.next_low > p.first_high AND p.joint_days < g.value THEN 1 ELSE 0 END AS surely
  FROM pair AS p
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  LEFT JOIN shared AS s ON s.look_no = p.look_no AND s.next_no = p.next_no
  WHERE coalesce(s.days, 0) < g.value
)
SELECT look_no, trial_no, person_no, gap_range, CAST(next_trial_no AS BIGINT) AS next_trial_no, CAST(next_low AS DATE) AS next_low,
       CAST(next_high AS DATE) AS next_high, CAST(next_added AS BIGINT) AS next_added, CAST(next_whole AS BIGINT) AS next_whole,
       CAST(most_gap AS BIGINT) AS most_gap, CAST(least_gap AS BIGINT) AS least_gap, CAST(surely AS BIGINT) AS surely
FROM timed
