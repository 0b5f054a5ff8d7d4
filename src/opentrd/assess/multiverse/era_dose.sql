-- era_dose: one row is one era and one dose table of the grid: the days at or above the minimum dose.
--   person_no, gap_range, agent_no, era_no, dose_place
--   days_low     certain days at a known dose that reaches the minimum, the most in one continuous piece or one undated row
--   days_high    possible days at a dose that reaches the minimum or is not known
WITH segment_days AS (
  SELECT person_no, agent_no, bound, segment_no, dose_place, sum(date_diff('day', start_date, end_date) + 1) AS days
  FROM multiverse.dose_stretch GROUP BY person_no, agent_no, bound, segment_no, dose_place
), piece_days AS (
  SELECT m.person_no, m.gap_range, m.agent_no, m.era_no, m.bound, m.piece_no, d.dose_place, sum(d.days) AS days
  FROM multiverse.member AS m
  JOIN segment_days AS d ON d.person_no = m.person_no AND d.agent_no = m.agent_no AND d.bound = m.bound AND d.segment_no = m.segment_no
  GROUP BY m.person_no, m.gap_range, m.agent_no, m.era_no, m.bound, m.piece_no, d.dose_place
), undated AS (
  SELECT s.person_no, s.agent_no, s.segment_no, g.place AS dose_place, max(i.undated_days) AS days
  FROM assess.issue AS i
  JOIN multiverse.person AS p ON p.person_id = i.person_id
  JOIN multiverse.agent AS a ON a.agent = i.agent
  JOIN multiverse.segment AS s ON s.person_no = p.person_no AND s.agent_no = a.agent_no AND s.bound = 'may'
    AND i.may_start >= s.start_date AND i.may_start <= s.end_date
  JOIN knowledge.dose_minimum AS m ON m.agent = i.agent AND coalesce(m.form, '') = i.form AND i.daily_dose_mg >= m.min_dose_mg
  JOIN multiverse.grid AS g ON g.parameter = 'dose_table' AND g.value = m.dose_table
  WHERE i.undated_days IS NOT NULL
  GROUP BY s.person_no, s.agent_no, s.segment_no, g.place
), either AS (
  SELECT person_no, gap_range, agent_no, era_no, dose_place, CASE WHEN bound = 'sure' THEN days END AS low, CASE WHEN bound = 'may' THEN days END AS high
  FROM piece_days
  UNION ALL
  SELECT m.person_no, m.gap_range, m.agent_no, m.era_no, u.dose_place, u.days, NULL
  FROM undated AS u
  JOIN multiverse.member AS m ON m.bound = 'may' AND m.person_no = u.person_no AND m.agent_no = u.agent_no AND m.segment_no = u.segment_no
)
SELECT person_no, gap_range, agent_no, era_no, CAST(dose_place AS BIGINT) AS dose_place,
       CAST(coalesce(max(low), 0) AS BIGINT) AS days_low, CAST(coalesce(max(high), 0) AS BIGINT) AS days_high
FROM either
GROUP BY person_no, gap_range, agent_no, era_no, dose_place
