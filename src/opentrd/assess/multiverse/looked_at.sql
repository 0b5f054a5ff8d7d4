-- looked_at: one row is one trial in one range of the parameter `augmentation` that looks at it.
--   look_no       number of the row
--   person_no, gap_range, trial_no
--   added_range   the values of `augmentation` (multiverse.place_range): all of them for a person without any augmentation
--   is_added, agent_no, era_no, base_agent_no, base_era_no, class_no, sure_start, sure_end, may_start, may_end   as in trial
--   stop_reason, improvement_pct   as in trial
WITH augmented AS (
  SELECT DISTINCT person_no, gap_range FROM multiverse.trial WHERE is_added = 1
), size AS (
  SELECT max(place) AS places FROM multiverse.grid WHERE parameter = 'augmentation'
), member AS (
  SELECT g.place, a.agent_no
  FROM multiverse.grid AS g
  JOIN knowledge.agent_set AS s ON s.agent_set = g.value
  JOIN multiverse.agent AS a ON a.agent = s.agent
  WHERE g.parameter = 'augmentation'
), ranged AS (
  SELECT t.person_no, t.gap_range, t.trial_no, 1000 + z.places AS added_range
  FROM multiverse.trial AS t CROSS JOIN size AS z
  LEFT JOIN augmented AS x ON x.person_no = t.person_no AND x.gap_range = t.gap_range
  WHERE x.person_no IS NULL
  UNION ALL
  SELECT t.person_no, t.gap_range, t.trial_no, g.place * 1001
  FROM multiverse.trial AS t
  JOIN augmented AS x ON x.person_no = t.person_no AND x.gap_range = t.gap_range
  CROSS JOIN multiverse.grid AS g
  WHERE t.is_added = 0 AND g.parameter = 'augmentation'
  UNION ALL
  SELECT t.person_no, t.gap_range, t.trial_no, m.place * 1001
  FROM multiverse.trial AS t JOIN member AS m ON m.agent_no = t.agent_no
  WHERE t.is_added = 1
)
SELECT CAST(row_number() OVER (ORDER BY t.person_no, t.gap_range, r.added_range, t.trial_no) AS BIGINT) AS look_no,
       t.person_no, t.gap_range, t.trial_no, CAST(r.added_range AS BIGINT) AS added_range, t.is_added, t.agent_no, t.era_no, t.base_agent_no, t.base_era_no,
       t.class_no, t.sure_start, t.sure_end, t.may_start, t.may_end, t.stop_reason, t.improvement_pct
FROM ranged AS r
JOIN multiverse.trial AS t ON t.person_no = r.person_no AND t.gap_range = r.gap_range AND t.trial_no = r.trial_no
