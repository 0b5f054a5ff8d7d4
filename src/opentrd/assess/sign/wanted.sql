-- sign_wanted: one row is one way in which a record can show a sign or rule it out; sets of conditions are spelt out.
--   rule_no       number of the row
--   sign          what is shown
--   kind, subject what shows it: 'condition' and its name, or 'measure' and its name
--   speaks        for: can only show the sign; against: can only rule it out; both
--   at_least, above, up_to, below   what a value has to be, all of them (null: not asked), in the unit of the measure
--   within_days   how old it may be at as_of, days; null: any age
--   last_only     does only the latest occasion of the measure count
--   knowledge_status   of the rule
WITH spelt AS (
  SELECT r.sign, r.kind, r.subject, r.speaks, r.at_least, r.above, r.up_to, r.below, r.within_days, r.occasion, r.knowledge_status
  FROM knowledge.sign_rule AS r WHERE r.kind <> 'condition_set'
  UNION ALL
  SELECT r.sign, 'condition', s.condition, r.speaks, r.at_least, r.above, r.up_to, r.below, r.within_days, r.occasion, r.knowledge_status
  FROM knowledge.sign_rule AS r
  JOIN knowledge.condition_set AS s ON s.condition_set = r.subject
  WHERE r.kind = 'condition_set'
)
SELECT CAST(row_number() OVER (ORDER BY sign, kind, subject, speaks, at_least NULLS LAST, above NULLS LAST, up_to NULLS LAST, below NULLS LAST) AS BIGINT) AS rule_no,
       CAST(sign AS VARCHAR) AS sign, CAST(kind AS VARCHAR) AS kind, CAST(subject AS VARCHAR) AS subject, CAST(speaks AS VARCHAR) AS speaks,
       CAST(at_least AS DOUBLE) AS at_least, CAST(above AS DOUBLE) AS above, CAST(up_to AS DOUBLE) AS up_to, CAST(below AS DOUBLE) AS below,
       CAST(within_days AS BIGINT) AS within_days, CAST(occasion = 'last' AS BOOLEAN) AS last_only, CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM spelt
