-- era_dose: one row is one era and one dose table: the days at or above the minimum dose.
--   gap_rule, person_id, agent, use_no, era_no   which era
--   dose_table   table of minimum doses (knowledge: dose_table)
--   days_low     certain days at a known dose that reaches the minimum, the most in one continuous piece
--   days_high    possible days at a dose that reaches the minimum or is not known
--   has_minimum  false when the table has no minimum for this agent: then no day is certain and every day is possible
WITH wanted AS (
  SELECT DISTINCT dose_table FROM knowledge.adequacy_rule WHERE coalesce(dose_table, 'none') <> 'none'
), minimum AS (
  SELECT DISTINCT dose_table, agent FROM knowledge.dose_minimum WHERE min_dose_mg IS NOT NULL
), stretched AS (
  SELECT reading_no, chain_no, dose_table, sum(date_diff('day', sure_start, end_date) + 1) AS sure_days, sum(date_diff('day', may_start, end_date) + 1) AS may_days
  FROM assess.dose_stretch GROUP BY reading_no, chain_no, dose_table
), low AS (
  SELECT p.use_no, p.era_no, s.dose_table, max(s.sure_days) AS days
  FROM stretched AS s JOIN assess.piece AS p ON p.reading_no = s.reading_no AND p.chain_no = s.chain_no
  GROUP BY p.use_no, p.era_no, s.dose_table
), high AS (
  SELECT u.use_no, s.chain_no AS era_no, s.dose_table, s.may_days AS days
  FROM stretched AS s JOIN assess.drug_use AS u ON u.reading_no = s.reading_no AND u.bound <> 'sure'
), undated AS (
  SELECT e.use_no, e.era_no, m.dose_table, max(i.undated_days) AS days
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.undated_days IS NOT NULL AND i.may_start BETWEEN e.may_start AND e.may_end
  JOIN knowledge.dose_minimum AS m ON m.agent = i.agent AND coalesce(m.form, '') = i.form AND i.daily_dose_mg >= m.min_dose_mg
  WHERE e.bound = 'may'
  GROUP BY e.use_no, e.era_no, m.dose_table
)
SELECT e.gap_rule, e.person_id, e.agent, e.use_no, e.era_no, CAST(w.dose_table AS VARCHAR) AS dose_table,
       CAST(CASE WHEN u.days > coalesce(l.days, 0) THEN u.days ELSE coalesce(l.days, 0) END AS BIGINT) AS days_low,
       CAST(CASE WHEN m.agent IS NULL THEN e.days_high ELSE coalesce(h.days, 0) END AS BIGINT) AS days_high,
       CAST(m.agent IS NOT NULL AS BOOLEAN) AS has_minimum
FROM assess.era AS e
CROSS JOIN wanted AS w
LEFT JOIN minimum AS m ON m.dose_table = w.dose_table AND m.agent = e.agent
LEFT JOIN low AS l ON l.use_no = e.use_no AND l.era_no = e.era_no AND l.dose_table = w.dose_table
LEFT JOIN high AS h ON h.use_no = e.use_no AND h.era_no = e.era_no AND h.dose_table = w.dose_table
LEFT JOIN undated AS u ON u.use_no = e.use_no AND u.era_no = e.era_no AND u.dose_table = w.dose_table
