-- option_target: one row is one treatment and one name under which rules, guideline lines and matches speak of it.
--   treatment   the treatment
--   target      its own name, a set that one of its drugs or procedures is in, or 'any agent' for every treatment with a drug
--   whole       is the treatment this drug or procedure alone (a combination only contains it)
WITH parts AS (
  SELECT treatment, max(part) AS parts FROM knowledge.treatment_part GROUP BY treatment
), named AS (
  SELECT treatment, treatment AS target, 1 AS whole FROM knowledge.treatment
  UNION ALL
  SELECT p.treatment, s.safety_set, CASE WHEN n.parts = 1 THEN 1 ELSE 0 END
  FROM knowledge.treatment_part AS p
  JOIN parts AS n ON n.treatment = p.treatment
  JOIN knowledge.safety_set AS s ON s.kind = p.kind AND s.member = p.member
  UNION ALL
  SELECT treatment, 'any agent', 0 FROM knowledge.treatment_part WHERE kind = 'agent'
)
SELECT CAST(treatment AS VARCHAR) AS treatment, CAST(target AS VARCHAR) AS target, CAST(max(whole) = 1 AS BOOLEAN) AS whole
FROM named GROUP BY treatment, target
