-- joint: one row is one augmentation: an augmenting agent's era beside an antidepressant's, in one world of gaps.
--   person_no, gap_range
--   agent_no, era_no             the added agent and its era
--   base_agent_no, base_era_no   what it was added to
--   class_no     class of the added agent
--   sure_start, sure_end, may_start, may_end, days_low, days_high   of the joint use, as in era
--   stop_reason, improvement_pct   of the added agent's last exposure
WITH drug AS (
  SELECT e.person_no, e.gap_range, e.agent_no, e.era_no, e.may_start, e.may_end, e.stop_reason, e.improvement_pct, a.class_no, a.is_base, a.is_added
  FROM multiverse.era AS e JOIN multiverse.agent AS a ON a.agent_no = e.agent_no
), pair AS (
  SELECT b.agent_no AS base_agent_no, b.era_no AS base_era_no, a.person_no, a.gap_range, a.agent_no, a.era_no, a.class_no,
         a.stop_reason, a.improvement_pct,
         CASE WHEN b.may_start > a.may_start THEN b.may_start ELSE a.may_start END AS may_start,
         CASE WHEN b.may_end < a.may_end THEN b.may_end ELSE a.may_end END AS may_end
  FROM drug AS a
  JOIN drug AS b ON b.person_no = a.person_no AND b.gap_range = a.gap_range AND b.agent_no <> a.agent_no
    AND a.may_start <= b.may_end AND b.may_start <= a.may_end
  WHERE a.is_added = 1 AND b.is_base = 1
), joint AS (
  SELECT p.* FROM pair AS p JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  WHERE date_diff('day', p.may_start, p.may_end) + 1 >= g.value
), overlap AS (  -- certain joint use: the longest overlap of a certain piece of one with a certain piece of the other
  SELECT j.person_no, j.gap_range, j.agent_no, j.era_no, j.base_agent_no, j.base_era_no,
         max(date_diff('day', CASE WHEN b.start_date > a.start_date THEN b.start_date ELSE a.start_date END,
                       CASE WHEN b.end_date < a.end_date THEN b.end_date ELSE a.end_date END) + 1) AS days,
         min(CASE WHEN b.start_date > a.start_date THEN b.start_date ELSE a.start_date END) AS start_date,
         max(CASE WHEN b.end_date < a.end_date THEN b.end_date ELSE a.end_date END) AS end_date
  FROM joint AS j
  JOIN multiverse.piece AS b ON b.person_no = j.person_no AND b.gap_range = j.gap_range AND b.agent_no = j.base_agent_no AND b.era_no = j.base_era_no
  JOIN multiverse.piece AS a ON a.person_no = j.person_no AND a.gap_range = j.gap_range AND a.agent_no = j.agent_no AND a.era_no = j.era_no
    AND a.start_date <= b.end_date AND b.start_date <= a.end_date
  GROUP BY j.person_no, j.gap_range, j.agent_no, j.era_no, j.base_agent_no, j.base_era_no
)
SELECT j.person_no, j.gap_range, j.agent_no, j.era_no, j.base_agent_no, j.base_era_no, CAST(j.class_no AS BIGINT) AS class_no,
       CAST(o.start_date AS DATE) AS sure_start, CAST(o.end_date AS DATE) AS sure_end, CAST(j.may_start AS DATE) AS may_start, CAST(j.may_end AS DATE) AS may_end,
       CAST(coalesce(o.days, 0) AS BIGINT) AS days_low, CAST(date_diff('day', j.may_start, j.may_end) + 1 AS BIGINT) AS days_high,
       j.stop_reason, j.improvement_pct
FROM joint AS j
LEFT JOIN overlap AS o ON o.person_no = j.person_no AND o.gap_range = j.gap_range AND o.agent_no = j.agent_no AND o.era_no = j.era_no
  AND o.base_agent_no = j.base_agent_no AND o.base_era_no = j.base_era_no
