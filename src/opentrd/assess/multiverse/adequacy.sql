-- adequacy: one row is one trial and one dose table of the grid (`none` too): the longest minimum duration that it reaches there.
--   person_no, gap_range, trial_no, dose_place
--   weeks_low    place of the longest minimum of the grid that it certainly reaches at a dose that is certainly enough; 0: none
--   weeks_high   the same, possibly. Trials that possibly reach none have no row
WITH shared AS (  -- joint use at dose: the base certainly runs, the added agent is certainly at the dose
  SELECT t.person_no, t.gap_range, t.trial_no, d.dose_place, m.piece_no, b.piece_no AS base_piece_no,
         sum(date_diff('day', CASE WHEN d.start_date > b.start_date THEN d.start_date ELSE b.start_date END,
                       CASE WHEN d.end_date < b.end_date THEN d.end_date ELSE b.end_date END) + 1) AS days
  FROM multiverse.trial AS t
  JOIN multiverse.piece AS b ON b.person_no = t.person_no AND b.gap_range = t.gap_range AND b.agent_no = t.base_agent_no AND b.era_no = t.base_era_no
  JOIN multiverse.member AS m ON m.bound = 'sure' AND m.person_no = t.person_no AND m.gap_range = t.gap_range AND m.agent_no = t.agent_no AND m.era_no = t.era_no
  JOIN multiverse.dose_stretch AS d ON d.bound = 'sure' AND d.person_no = m.person_no AND d.agent_no = m.agent_no AND d.segment_no = m.segment_no
    AND d.start_date <= b.end_date AND d.end_date >= b.start_date
  WHERE t.is_added = 1
  GROUP BY t.person_no, t.gap_range, t.trial_no, d.dose_place, m.piece_no, b.piece_no
), joint AS (
  SELECT person_no, gap_range, trial_no, dose_place, max(days) AS days FROM shared GROUP BY person_no, gap_range, trial_no, dose_place
), dosed AS (
  SELECT t.person_no, t.gap_range, t.trial_no, g.place AS dose_place, t.days_low, t.days_high,
         CASE WHEN g.value = 'none' THEN t.days_low WHEN t.is_added = 1 THEN coalesce(j.days, 0) ELSE coalesce(e.days_low, 0) END AS at_dose_low,
         CASE WHEN g.value = 'none' OR e.days_high > t.days_high THEN t.days_high ELSE coalesce(e.days_high, 0) END AS at_dose_high,
         g.value = 'none' AS any_dose
  FROM multiverse.trial AS t
  JOIN multiverse.grid AS g ON g.parameter = 'dose_table'
  LEFT JOIN multiverse.era_dose AS e ON e.person_no = t.person_no AND e.gap_range = t.gap_range AND e.agent_no = t.agent_no AND e.era_no = t.era_no
    AND e.dose_place = g.place
  LEFT JOIN joint AS j ON j.person_no = t.person_no AND j.gap_range = t.gap_range AND j.trial_no = t.trial_no AND j.dose_place = g.place
), lasting AS (  -- days at dose once the dose was reached; all days while it is not known
  SELECT person_no, gap_range, trial_no, dose_place,
         CASE WHEN any_dose OR at_dose_low > 0 THEN at_dose_low END AS low,
         CASE WHEN any_dose OR at_dose_low > 0 THEN at_dose_high ELSE days_high END AS high
  FROM dosed WHERE any_dose OR at_dose_low > 0 OR at_dose_high > 0
)
SELECT t.person_no, t.gap_range, t.trial_no, CAST(t.dose_place AS BIGINT) AS dose_place,
       CAST(max(CASE WHEN t.low >= g.number THEN g.place ELSE 0 END) AS BIGINT) AS weeks_low, CAST(max(g.place) AS BIGINT) AS weeks_high
FROM lasting AS t
JOIN multiverse.grid AS g ON g.parameter = 'min_weeks' AND t.high >= g.number
GROUP BY t.person_no, t.gap_range, t.trial_no, t.dose_place
