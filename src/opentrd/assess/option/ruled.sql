-- option_ruled: one row is one treatment and one safety rule that speaks of it.
--   treatment, rule, effect   effect: block, caution, monitor
--   says      the rule in words, with its jurisdiction
--   changes   what would change a block
--   named     the name under which it is listed when the record does not decide it
--   always    does it hold for everybody
--   units     how many units of the treatment it speaks of (option_unit)
--   whom      these units, joined by ', ', where it does not speak of all of a part; else null
--   weakest   knowledge status: 0 verified or computed, 1 transcribed, 2 recalled
WITH spoken AS (
  SELECT DISTINCT u.treatment, u.part, u.unit, u.size, r.rule
  FROM assess.option_unit AS u JOIN assess.option_rule AS r ON r.unit = u.unit
), parted AS (
  SELECT treatment, rule, part, size, count(*) AS units, string_agg(unit, ', ' ORDER BY unit) AS whom FROM spoken GROUP BY treatment, rule, part, size
), counted AS (
  SELECT treatment, rule, sum(units) AS units, CASE WHEN max(CASE WHEN units = size THEN 1 ELSE 0 END) = 0 THEN string_agg(whom, ', ' ORDER BY part) END AS whom
  FROM parted GROUP BY treatment, rule
)
SELECT CAST(c.treatment AS VARCHAR) AS treatment, CAST(r.rule AS VARCHAR) AS rule, CAST(r.effect AS VARCHAR) AS effect,
       CAST(r.says || CASE WHEN r.jurisdiction IS NULL THEN '' ELSE ' (' || r.jurisdiction || ')' END AS VARCHAR) AS says, CAST(r.changes AS VARCHAR) AS changes,
       CAST(CASE WHEN p.kind = 'not computable' THEN r.rule || ' (not computable)' ELSE r.rule END AS VARCHAR) AS named, CAST(p.kind = 'always' AS BOOLEAN) AS always,
       CAST(c.units AS BIGINT) AS units, CAST(c.whom AS VARCHAR) AS whom,
       CAST(CASE r.knowledge_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END AS BIGINT) AS weakest
FROM counted AS c
JOIN knowledge.safety_rule AS r ON r.rule = c.rule
JOIN knowledge.safety_rule_part AS p ON p.rule = r.rule AND p.alternative = 1 AND p.part = 1
