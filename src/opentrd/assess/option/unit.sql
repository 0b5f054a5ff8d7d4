-- option_unit: one row is one treatment, one of its parts, and one unit of it: what safety rules speak of by itself.
--   treatment
--   part      one of the units of a part is given; 0: the treatment itself, where its drugs are units of their own
--   unit      a treatment with at most one drug is its own unit; of any other each drug (or procedure) is one
--   kind, member   what the unit holds: agent or procedure, and its name; null: nothing that is known by name
--   size      how many units the part has
WITH counted AS (
  SELECT t.treatment, count(DISTINCT p.member) AS drugs
  FROM knowledge.treatment AS t
  LEFT JOIN knowledge.treatment_part AS p ON p.treatment = t.treatment AND p.kind = 'agent'
  GROUP BY t.treatment
), held AS (
  SELECT c.treatment, CASE WHEN c.drugs > 1 THEN p.part ELSE 1 END AS part, CASE WHEN c.drugs > 1 THEN p.member ELSE c.treatment END AS unit, p.kind, p.member
  FROM counted AS c
  LEFT JOIN knowledge.treatment_part AS p ON p.treatment = c.treatment
  UNION ALL
  SELECT treatment, 0, treatment, NULL, NULL FROM counted WHERE drugs > 1
), sized AS (
  SELECT treatment, part, count(DISTINCT unit) AS size FROM held GROUP BY treatment, part
)
SELECT CAST(h.treatment AS VARCHAR) AS treatment, CAST(h.part AS BIGINT) AS part, CAST(h.unit AS VARCHAR) AS unit, CAST(h.kind AS VARCHAR) AS kind,
       CAST(h.member AS VARCHAR) AS member, CAST(s.size AS BIGINT) AS size
FROM held AS h
JOIN sized AS s ON s.treatment = h.treatment AND s.part = h.part
