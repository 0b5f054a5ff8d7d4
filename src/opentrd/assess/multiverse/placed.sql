-- placed: one row is one trial in one world of gaps and one of washouts: the episode it belongs to.
--   person_no, gap_range, trial_no, washout_range
--   episode_no   the episode (0: washout `ever`, the whole record counts as one)
--   is_sure      1: it certainly belongs there
--   part_no      the stretch of it, in the certain reading, in which the trial certainly lies; null: it lies there possibly
WITH measured AS (
  SELECT t.person_no, t.gap_range, t.trial_no, e.washout_range, e.episode_no, e.start_date, e.end_date,
         t.sure_start = t.may_start AND t.sure_end = t.may_end AS exact,
         date_diff('day', CASE WHEN t.sure_start > e.start_date THEN t.sure_start ELSE e.start_date END,
                   CASE WHEN t.sure_end < e.end_date THEN t.sure_end ELSE e.end_date END) + 1 AS sure_span,
         CASE WHEN t.sure_start IS NULL THEN 0 ELSE 1 END AS has_sure,
         date_diff('day', CASE WHEN t.may_start > e.start_date THEN t.may_start ELSE e.start_date END,
                   CASE WHEN t.may_end < e.end_date THEN t.may_end ELSE e.end_date END) + 1 AS may_days
  FROM multiverse.trial AS t
  JOIN multiverse.spell AS e ON e.bound = 'may' AND e.person_no = t.person_no AND t.may_start <= e.end_date AND t.may_end >= e.start_date
), overlapped AS (
  SELECT *, CASE WHEN has_sure = 1 AND sure_span > 0 THEN sure_span ELSE 0 END AS sure_days FROM measured
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_no, gap_range, trial_no, washout_range ORDER BY sure_days DESC, may_days DESC, episode_no DESC) AS nth
  FROM overlapped
), elsewhere AS (  -- possible days in any other episode: an end that is not known may still move the trial there
  SELECT person_no, gap_range, trial_no, washout_range, max(may_days) AS may_days FROM ranked WHERE nth > 1
  GROUP BY person_no, gap_range, trial_no, washout_range
), chosen AS (
  SELECT r.person_no, r.gap_range, r.trial_no, r.washout_range, r.episode_no, r.start_date, r.end_date,
         coalesce(r.sure_days > x.may_days, TRUE) OR coalesce(r.exact, FALSE) AS stays
  FROM ranked AS r
  LEFT JOIN elsewhere AS x ON x.person_no = r.person_no AND x.gap_range = r.gap_range AND x.trial_no = r.trial_no AND x.washout_range = r.washout_range
  WHERE r.nth = 1
), certain AS (  -- stretches in which the trial certainly ran
  SELECT t.person_no, t.gap_range, t.trial_no, c.start_date, c.end_date
  FROM multiverse.trial AS t
  JOIN multiverse.piece AS c ON c.person_no = t.person_no AND c.gap_range = t.gap_range AND c.agent_no = t.agent_no AND c.era_no = t.era_no
  WHERE t.is_added = 0
  UNION ALL
  SELECT person_no, gap_range, trial_no, sure_start, sure_end FROM multiverse.trial WHERE is_added = 1 AND sure_start <= sure_end
), surely AS (
  SELECT p.person_no, p.gap_range, p.trial_no, p.washout_range, max(s.spell_no) AS part_no,
         max(CASE WHEN c.start_date <= p.end_date AND c.end_date >= p.start_date THEN 1 ELSE 0 END) AS overlaps
  FROM chosen AS p
  JOIN certain AS c ON c.person_no = p.person_no AND c.gap_range = p.gap_range AND c.trial_no = p.trial_no
  LEFT JOIN multiverse.spell AS s ON s.bound = 'sure' AND s.person_no = p.person_no AND s.washout_range = p.washout_range AND s.episode_no = p.episode_no
    AND c.start_date <= s.end_date AND c.end_date >= s.start_date
  WHERE p.stays
  GROUP BY p.person_no, p.gap_range, p.trial_no, p.washout_range
), ever AS (
  SELECT place * 1001 AS washout_range FROM multiverse.grid WHERE parameter = 'episode_washout_days' AND number IS NULL
)
SELECT p.person_no, p.gap_range, p.trial_no, p.washout_range, p.episode_no, CAST(coalesce(s.overlaps, 0) AS BIGINT) AS is_sure,
       CAST(CASE WHEN s.overlaps = 1 THEN s.part_no END AS BIGINT) AS part_no
FROM chosen AS p
LEFT JOIN surely AS s ON s.person_no = p.person_no AND s.gap_range = p.gap_range AND s.trial_no = p.trial_no AND s.washout_range = p.washout_range
UNION ALL
SELECT t.person_no, t.gap_range, t.trial_no, CAST(e.washout_range AS BIGINT), CAST(0 AS BIGINT), CAST(1 AS BIGINT), CAST(0 AS BIGINT)
FROM multiverse.trial AS t CROSS JOIN ever AS e
