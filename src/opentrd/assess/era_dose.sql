-- era_dose: one row is one era and one dose table: the days at or above the minimum dose.
--   gap_rule, person_id, agent, era_no   which era
--   dose_table   table of minimum doses (knowledge: dose_table)
--   days_low     certain days at a known dose that reaches the minimum, the most in one continuous piece
--   days_high    possible days at a dose that reaches the minimum or is not known
--   has_minimum  false when the table has no minimum for this agent: then no day is certain and every day is possible
WITH wanted AS (
  SELECT DISTINCT dose_table FROM knowledge.adequacy_rule WHERE coalesce(dose_table, 'none') <> 'none'
), minimum AS (
  SELECT DISTINCT dose_table, agent FROM knowledge.dose_minimum WHERE min_dose_mg IS NOT NULL
), stretched AS (
  SELECT gap_rule, person_id, agent, bound, chain_no, dose_table, min(start_date) AS start_date,
         sum(date_diff('day', start_date, end_date) + 1) AS days
  FROM assess.dose_stretch GROUP BY gap_rule, person_id, agent, bound, chain_no, dose_table
), days AS (
  SELECT gap_rule, person_id, agent, chain_no AS era_no, dose_table, days AS days_low, days AS days_high FROM stretched WHERE bound = 'both'
  UNION ALL
  SELECT e.gap_rule, e.person_id, e.agent, e.era_no, s.dose_table, max(CASE WHEN s.bound = 'sure' THEN s.days END), max(CASE WHEN s.bound = 'may' THEN s.days END)
  FROM assess.era AS e
  JOIN stretched AS s ON s.bound <> 'both' AND s.gap_rule = e.gap_rule AND s.person_id = e.person_id AND s.agent = e.agent
    AND s.start_date BETWEEN e.may_start AND e.may_end
  WHERE e.bound = 'may'
  GROUP BY e.gap_rule, e.person_id, e.agent, e.era_no, s.dose_table
), undated AS (
  SELECT e.gap_rule, e.person_id, e.agent, e.era_no, m.dose_table, max(i.undated_days) AS days
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.undated_days IS NOT NULL AND i.may_start BETWEEN e.may_start AND e.may_end
  JOIN knowledge.dose_minimum AS m ON m.agent = i.agent AND coalesce(m.form, '') = i.form AND i.daily_dose_mg >= m.min_dose_mg
  WHERE e.bound = 'may'
  GROUP BY e.gap_rule, e.person_id, e.agent, e.era_no, m.dose_table
)
SELECT e.gap_rule, e.person_id, e.agent, e.era_no, CAST(w.dose_table AS VARCHAR) AS dose_table,
       CAST(CASE WHEN u.days > coalesce(d.days_low, 0) THEN u.days ELSE coalesce(d.days_low, 0) END AS BIGINT) AS days_low,
       CAST(CASE WHEN m.agent IS NULL THEN e.days_high ELSE coalesce(d.days_high, 0) END AS BIGINT) AS days_high,
       CAST(m.agent IS NOT NULL AS BOOLEAN) AS has_minimum
FROM assess.era AS e
CROSS JOIN wanted AS w
LEFT JOIN minimum AS m ON m.dose_table = w.dose_table AND m.agent = e.agent
LEFT JOIN days AS d ON d.gap_rule = e.gap_rule AND d.person_id = e.person_id AND d.agent = e.agent AND d.era_no = e.era_no AND d.dose_table = w.dose_table
LEFT JOIN undated AS u ON u.gap_rule = e.gap_rule AND u.person_id = e.person_id AND u.agent = e.agent AND u.era_no = e.era_no AND u.dose_table = w.dose_table
