-- One row is one OMOP concept that the knowledge lists.
--   kind         agent, condition, procedure, measure
--   meaning      its name in the knowledge
--   concept_id   OMOP concept
SELECT 'agent' AS kind, agent AS meaning, CAST(code AS BIGINT) AS concept_id FROM knowledge.agent_code WHERE system = 'OMOP'
UNION ALL
SELECT 'condition', condition, CAST(code AS BIGINT) FROM knowledge.condition_code WHERE system = 'OMOP'
UNION ALL
SELECT 'procedure', procedure, CAST(code AS BIGINT) FROM knowledge.procedure_code WHERE system = 'OMOP'
UNION ALL
SELECT 'measure', measure, CAST(code AS BIGINT) FROM knowledge.measure_code WHERE system = 'OMOP'
