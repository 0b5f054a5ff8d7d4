-- sign_wanted: one row is one way in which a record can show a sign or rule it out; sets of conditions are spelt out.
--   sign          what is shown
--   kind, subject what shows it: 'condition' and its name, or 'measure' and its name
--   speaks        for: can only show the sign; against: can only rule it out; both
--   at_least, above, up_to, below   what a value has to be, all of them (null: not asked), in the unit of the measure
--   within_days   how old it may be at as_of, days; null: any age
--   denied_days   how old what rules it out may be, days; null: as within_days
--   last_only     does only the latest occasion of the measure count
--   knowledge_status   of the rule
SELECT CAST(r.sign AS VARCHAR) AS sign, CAST(r.kind AS VARCHAR) AS kind, CAST(r.subject AS VARCHAR) AS subject, CAST(r.speaks AS VARCHAR) AS speaks,
       CAST(r.at_least AS DOUBLE) AS at_least, CAST(r.above AS DOUBLE) AS above, CAST(r.up_to AS DOUBLE) AS up_to, CAST(r.below AS DOUBLE) AS below,
       CAST(r.within_days AS BIGINT) AS within_days, CAST(r.denied_within_days AS BIGINT) AS denied_days, CAST(r.occasion = 'last' AS BOOLEAN) AS last_only,
       CAST(r.knowledge_status AS VARCHAR) AS knowledge_status
FROM knowledge.sign_rule AS r WHERE r.kind <> 'condition_set'
UNION ALL
SELECT r.sign, 'condition', s.condition, r.speaks, CAST(r.at_least AS DOUBLE), CAST(r.above AS DOUBLE), CAST(r.up_to AS DOUBLE), CAST(r.below AS DOUBLE),
       CAST(r.within_days AS BIGINT), CAST(r.denied_within_days AS BIGINT), FALSE, r.knowledge_status
FROM knowledge.sign_rule AS r
JOIN knowledge.condition_set AS s ON s.condition_set = r.subject
WHERE r.kind = 'condition_set'
