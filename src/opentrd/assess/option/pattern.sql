-- option_pattern: one row is one adult and one treatment of which the record decides a safety rule.
--   person_id, treatment
--   pattern   what is decided, rule by rule, and for which of its drugs: the rules then say the same about everybody with this pattern
WITH held AS (
  SELECT DISTINCT treatment, unit FROM assess.option_unit
), said AS (
  SELECT h.person_id, u.treatment, h.rule, h.acts, h.part_status, h.because, count(*) AS units, string_agg(h.unit, ', ' ORDER BY h.unit) AS whom
  FROM assess.option_unit_hit AS h JOIN held AS u ON u.unit = h.unit
  GROUP BY h.person_id, u.treatment, h.rule, h.acts, h.part_status, h.because
), worded AS (
  SELECT s.person_id, s.treatment,
         s.rule || CASE WHEN s.acts THEN ' acts ' WHEN s.acts IS NULL THEN ' may act ' ELSE ' does not act ' END || s.part_status || coalesce(' by ' || s.because, '')
         || CASE WHEN s.units < r.units THEN ' for ' || s.whom ELSE '' END AS says
  FROM said AS s JOIN assess.option_ruled AS r ON r.treatment = s.treatment AND r.rule = s.rule
)
SELECT person_id, treatment, CAST(string_agg(says, '; ' ORDER BY says) AS VARCHAR) AS pattern FROM worded GROUP BY person_id, treatment
