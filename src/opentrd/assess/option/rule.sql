-- option_rule: one row is one unit of a treatment, one safety rule that speaks of it, and one thing that would make a part of the rule true.
--   unit           as in option_unit: a treatment, or a drug of one that has several
--   rule
--   alternative    rules act when any of their alternatives does
--   part           all parts of an alternative have to be true;  parts: how many it has
--   kind           exposure, condition, procedure, measure, phenotype, age, sex, always, not computable
--   member         the drug, condition, procedure, measure or phenotype; of age, sex and always a word of their own
--   members        how many members the part has for this unit: a drug does not interact with itself
--   min_value, max_value, strictly   bounds of a measure or an age; strictly: the bounds themselves do not count
--   within_days    so many days before as_of: of an exposure or a procedure the days after its end, of a condition those after its start or end.
--                  Null: an exposure or procedure that goes on at as_of, a condition recorded at any time
--   part_status    knowledge status of the part
WITH held AS (
  SELECT DISTINCT unit, kind, member FROM assess.option_unit
), named AS (  -- names under which a rule may speak of a unit: its own, the sets that it is in, any drug
  SELECT unit, unit AS target FROM held
  UNION
  SELECT h.unit, s.safety_set FROM held AS h JOIN knowledge.safety_set AS s ON s.kind = h.kind AND s.member = h.member
  UNION
  SELECT unit, 'any agent' FROM held WHERE kind = 'agent'
), asked AS (
  SELECT n.unit, p.rule, p.alternative, p.part, p.kind, p.subject, p.min_value, p.max_value, p.strictly, p.within_days, p.knowledge_status
  FROM knowledge.safety_rule_part AS p
  JOIN knowledge.safety_rule AS r ON r.rule = p.rule
  JOIN named AS n ON n.target = r.target
), sized AS (
  SELECT rule, alternative, count(*) AS parts FROM knowledge.safety_rule_part GROUP BY rule, alternative
), opened AS (
  SELECT a.*, s.member
  FROM asked AS a
  JOIN knowledge.safety_set AS s ON s.safety_set = a.subject
    AND s.kind = CASE WHEN a.kind = 'exposure' THEN 'agent' ELSE a.kind END
  LEFT JOIN held AS own ON a.kind = 'exposure' AND own.unit = a.unit AND own.kind = 'agent' AND own.member = s.member
  WHERE own.unit IS NULL
  UNION ALL
  SELECT a.*, CASE WHEN a.kind = 'sex' THEN a.subject ELSE a.kind END
  FROM asked AS a WHERE a.kind IN ('age', 'sex', 'always', 'not computable')
  UNION ALL
  SELECT a.*, 'allergy: ' || h.member
  FROM asked AS a JOIN held AS h ON h.unit = a.unit AND h.kind = 'agent' WHERE a.kind = 'allergy'
)
SELECT CAST(o.unit AS VARCHAR) AS unit, CAST(o.rule AS VARCHAR) AS rule, CAST(o.alternative AS BIGINT) AS alternative, CAST(o.part AS BIGINT) AS part,
       CAST(z.parts AS BIGINT) AS parts, CAST(CASE WHEN o.kind = 'allergy' THEN 'condition' ELSE o.kind END AS VARCHAR) AS kind, CAST(o.member AS VARCHAR) AS member,
       CAST(count(*) OVER (PARTITION BY o.unit, o.rule, o.alternative, o.part) AS BIGINT) AS members,
       CAST(o.min_value AS DOUBLE) AS min_value, CAST(o.max_value AS DOUBLE) AS max_value, CAST(o.strictly AS BOOLEAN) AS strictly,
       CAST(o.within_days AS BIGINT) AS within_days, CAST(o.knowledge_status AS VARCHAR) AS part_status
FROM opened AS o
JOIN sized AS z ON z.rule = o.rule AND z.alternative = o.alternative
