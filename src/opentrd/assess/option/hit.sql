-- option_hit: one row is one adult, one treatment and one safety rule that the record decides, or may decide, for a drug of the treatment.
--   person_id, treatment, rule
--   acts          true: the rule acts, for all drugs of the treatment or for some; null: it may; false: the record shows that it does not, for any that it
--                 speaks of. No row: the rule is unchecked
--   because       what it acts on, joined by '; '; null when it does not act
--   part_status   weakest knowledge status of the parts that it acts on
WITH held AS (
  SELECT DISTINCT treatment, unit FROM assess.option_unit
), once AS (  -- the drugs of a treatment mostly say the same
  SELECT h.person_id, u.treatment, h.rule, h.because, count(*) AS units, max(CASE WHEN h.acts THEN 2 WHEN h.acts IS NULL THEN 1 ELSE 0 END) AS strength,
         max(CASE h.part_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END) AS weakest
  FROM assess.option_unit_hit AS h JOIN held AS u ON u.unit = h.unit
  GROUP BY h.person_id, u.treatment, h.rule, h.because
), whole AS (
  SELECT person_id, treatment, rule, string_agg(because, '; ' ORDER BY because) AS because, sum(units) AS units, max(strength) AS strength, max(weakest) AS weakest
  FROM once GROUP BY person_id, treatment, rule
)
SELECT w.person_id, CAST(w.treatment AS VARCHAR) AS treatment, CAST(w.rule AS VARCHAR) AS rule,
       CAST(CASE w.strength WHEN 2 THEN TRUE WHEN 0 THEN FALSE END AS BOOLEAN) AS acts, CAST(w.because AS VARCHAR) AS because,
       CAST(CASE w.weakest WHEN 2 THEN 'recalled' WHEN 1 THEN 'transcribed' ELSE 'verified' END AS VARCHAR) AS part_status
FROM whole AS w
JOIN assess.option_ruled AS r ON r.treatment = w.treatment AND r.rule = w.rule
WHERE w.strength > 0 OR w.units = r.units
