-- following: one row is one trial that another one possibly follows, seen by the definitions that share a look_no.
--   person_id, trial_no, look_no
--   certainly        true: another trial follows for certain; null: possibly
--   on_date          first possible day of the first that certainly follows, else of the first that possibly does
--   on_low, on_high  that day at the earliest and at the latest (null: it may never have followed)
WITH look AS (
  SELECT DISTINCT look_no, kind, agent, max_next_days, episode <> 'none' AS one_episode FROM assess.scope WHERE look_no IS NOT NULL
), thing AS (  -- drugs and procedures that are looked at, numbered: short keys for many pairs
  SELECT kind, agent, row_number() OVER (ORDER BY kind, agent) AS thing_no FROM (SELECT DISTINCT kind, agent FROM look) AS l
), looked AS (
  SELECT l.look_no, t.thing_no, l.max_next_days, l.one_episode FROM look AS l JOIN thing AS t ON t.kind = l.kind AND t.agent = l.agent
), seen AS (
  SELECT t.person_id, t.trial_no, t.trial_id, t.base_trial, t.kind, t.agent, t.era_no, g.thing_no, t.reckoned_from AS first_low, t.sure_from IS NOT NULL AS is_sure,
         coalesce(t.sure_from, t.reckoned_to) AS first_high, coalesce(t.sure_to, t.reckoned_from) AS end_low, t.reckoned_to AS end_high,
         t.episode_no, coalesce(t.episode_ok, FALSE) AS episode_sure
  FROM assess.trial AS t JOIN thing AS g ON g.kind = t.kind AND g.agent = t.agent
), next_seen AS (  -- a later piece of an era may turn out to be an era of its own, when an end before it is filled in
  SELECT person_id, trial_no, base_trial, kind, agent, thing_no, first_low, first_high, is_sure, episode_no, episode_sure FROM seen
  UNION ALL
  SELECT s.person_id, s.trial_no, s.base_trial, s.kind, s.agent, s.thing_no, p.start_date, p.start_date, FALSE, s.episode_no, FALSE
  FROM seen AS s
  JOIN assess.piece AS p ON p.person_id = s.person_id AND p.agent = s.agent AND p.era_no = s.era_no AND p.start_date > s.first_high
  WHERE s.kind = 'drug'
), joint AS (  -- drugs taken together, whichever was first
  SELECT t.person_id, b.agent, b.era_no, t.agent AS other, t.era_no AS other_era, t.days_low >= g.value AS certainly
  FROM assess.trial AS t
  JOIN assess.trial AS b ON b.trial_id = t.base_trial
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  WHERE t.kind IN ('combination', 'augmentation')
), either AS (
  SELECT person_id, agent, era_no, other, other_era, certainly FROM joint
  UNION ALL SELECT person_id, other, other_era, agent, era_no, certainly FROM joint
), together AS (  -- by trial: of two drug trials, or of an augmentation and a drug trial beside it
  SELECT t.person_id, t.trial_no, n.trial_no AS next_no, j.certainly
  FROM either AS j
  JOIN seen AS t ON t.person_id = j.person_id AND t.agent = j.agent AND t.era_no = j.era_no AND t.kind <> 'procedure'
  JOIN seen AS n ON n.person_id = j.person_id AND n.agent = j.other AND n.era_no = j.other_era AND n.kind = 'drug'
), pair AS (
  SELECT t.person_id, t.trial_no, t.thing_no, n.thing_no AS next_thing, n.first_low, n.first_high,
         date_diff('day', t.end_low, n.first_high) AS most_gap, date_diff('day', t.end_high, n.first_low) AS least_gap,
         CASE WHEN n.kind = 'augmentation' AND n.base_trial = t.trial_id THEN 1 ELSE 0 END AS added,
         n.first_low > t.first_high AND n.is_sure AND j.certainly IS NULL AS surely_after,
         t.episode_sure AND n.episode_sure AND coalesce(t.episode_no = n.episode_no, FALSE) AS surely_same,
         t.episode_sure AND n.episode_sure AND coalesce(t.episode_no <> n.episode_no, FALSE) AS surely_other
  FROM seen AS t
  JOIN next_seen AS n ON n.person_id = t.person_id AND n.agent <> t.agent AND n.first_high > t.first_low
    AND (n.kind <> 'augmentation' OR n.base_trial = t.trial_id)
  LEFT JOIN together AS j ON j.person_id = t.person_id AND j.trial_no = t.trial_no AND j.next_no = n.trial_no
  WHERE coalesce(NOT j.certainly, TRUE)
), linked AS (
  SELECT p.person_id, p.trial_no, a.look_no, p.first_low, p.first_high,
         CASE WHEN p.surely_after AND (p.added = 1 OR p.most_gap <= a.max_next_days) AND (p.surely_same OR NOT a.one_episode) THEN 1 ELSE 0 END AS certainly
  FROM pair AS p
  JOIN looked AS a ON a.thing_no = p.thing_no
  JOIN looked AS b ON b.look_no = a.look_no AND b.thing_no = p.next_thing
  WHERE (p.added = 1 OR coalesce(p.least_gap <= a.max_next_days, TRUE)) AND NOT (a.one_episode AND p.surely_other)
)
SELECT person_id, trial_no, look_no, CAST(CASE WHEN max(certainly) = 1 THEN TRUE END AS BOOLEAN) AS certainly,
       CAST(coalesce(min(CASE WHEN certainly = 1 THEN first_low END), min(first_low)) AS DATE) AS on_date,
       CAST(min(first_low) AS DATE) AS on_low, CAST(min(CASE WHEN certainly = 1 THEN first_high END) AS DATE) AS on_high
FROM linked GROUP BY person_id, trial_no, look_no
