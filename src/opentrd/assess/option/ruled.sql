-- option_ruled: one row is one treatment and one safety rule that speaks of it.
--   treatment, rule, effect   effect: block, caution, monitor
--   says      the rule in words, with its jurisdiction
--   changes   what would change a block
--   named     the name under which it is listed when the record does not decide it
--   always    does it hold for everybody
--   weakest   knowledge status: 0 verified or computed, 1 transcribed, 2 recalled
SELECT CAST(g.treatment AS VARCHAR) AS treatment, CAST(r.rule AS VARCHAR) AS rule, CAST(r.effect AS VARCHAR) AS effect,
       CAST(r.says || CASE WHEN r.jurisdiction IS NULL THEN '' ELSE ' (' || r.jurisdiction || ')' END AS VARCHAR) AS says, CAST(r.changes AS VARCHAR) AS changes,
       CAST(CASE WHEN p.kind = 'not computable' THEN r.rule || ' (not computable)' ELSE r.rule END AS VARCHAR) AS named, CAST(p.kind = 'always' AS BOOLEAN) AS always,
       CAST(CASE r.knowledge_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END AS BIGINT) AS weakest
FROM knowledge.safety_rule AS r
JOIN assess.option_target AS g ON g.target = r.target
JOIN knowledge.safety_rule_part AS p ON p.rule = r.rule AND p.alternative = 1 AND p.part = 1
