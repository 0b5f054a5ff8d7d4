-- era: one row is one agent's continuous use in one world of gaps.
--   person_no, gap_range, agent_no, era_no
--   may_start, may_end     first and last possible day;  sure_start, sure_end  first and last certain day (null: none)
--   days_low, days_high    days covered: certain (the most in one piece, or in one undated row), possible
--   stop_reason, improvement_pct   of the last exposure; null where the last rows contradict each other
WITH ranked AS (
  SELECT m.person_no, m.gap_range, m.agent_no, m.era_no, m.start_date, m.end_date, m.days, o.stop_first, o.stop_last, o.improvement_first, o.improvement_last,
         o.undated_days,
         rank() OVER (PARTITION BY m.person_no, m.gap_range, m.agent_no, m.era_no
                      ORDER BY o.start_latest DESC NULLS LAST, o.end_latest DESC NULLS LAST) AS from_end
  FROM multiverse.member AS m
  LEFT JOIN multiverse.segment_outcome AS o ON o.person_no = m.person_no AND o.agent_no = m.agent_no AND o.segment_no = m.segment_no
  WHERE m.bound = 'may'
), possible AS (
  SELECT person_no, gap_range, agent_no, era_no, min(start_date) AS may_start, max(end_date) AS may_end, sum(days) AS days_high, max(undated_days) AS undated_days,
         min(CASE WHEN from_end = 1 THEN stop_first END) AS stop_first, max(CASE WHEN from_end = 1 THEN stop_last END) AS stop_last,
         min(CASE WHEN from_end = 1 THEN improvement_first END) AS improvement_first, max(CASE WHEN from_end = 1 THEN improvement_last END) AS improvement_last
  FROM ranked GROUP BY person_no, gap_range, agent_no, era_no
), certain AS (
  SELECT person_no, gap_range, agent_no, era_no, min(start_date) AS sure_start, max(end_date) AS sure_end, max(days) AS days
  FROM multiverse.piece GROUP BY person_no, gap_range, agent_no, era_no
)
SELECT p.person_no, p.gap_range, p.agent_no, p.era_no,
       CAST(p.may_start AS DATE) AS may_start, CAST(p.may_end AS DATE) AS may_end,
       CAST(c.sure_start AS DATE) AS sure_start, CAST(c.sure_end AS DATE) AS sure_end,
       CAST(CASE WHEN p.undated_days > coalesce(c.days, 0) THEN p.undated_days ELSE coalesce(c.days, 0) END AS BIGINT) AS days_low,
       CAST(p.days_high AS BIGINT) AS days_high,
       CAST(CASE WHEN stop_first <> stop_last THEN NULL
                 WHEN improvement_first <> improvement_last AND stop_first IN ('inefficacy', 'remission') THEN NULL
                 ELSE stop_first END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN improvement_first = improvement_last THEN improvement_first END AS DOUBLE) AS improvement_pct
FROM possible AS p
LEFT JOIN certain AS c ON c.person_no = p.person_no AND c.gap_range = p.gap_range AND c.agent_no = p.agent_no AND c.era_no = p.era_no
