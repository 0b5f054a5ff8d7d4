-- One row is one code (or name) that the knowledge has.
--   kind (agent, condition, procedure, measure), meaning (its name there), system, code, match (exact, prefix)
CREATE TABLE omop.known_code AS
SELECT kind, meaning, system, upper(replace(rtrim(code, '*'), '.', '')) AS code, match
FROM (
    SELECT 'agent' AS kind, agent AS meaning, system, CAST(code AS VARCHAR) AS code, 'exact' AS match
    FROM knowledge.agent_code
    UNION ALL
    SELECT 'condition', condition, system, CAST(code AS VARCHAR), match FROM knowledge.condition_code
    UNION ALL
    SELECT 'procedure', procedure, system, CAST(code AS VARCHAR), 'exact' FROM knowledge.procedure_code
    UNION ALL
    SELECT 'measure', measure, system, CAST(code AS VARCHAR), 'exact' FROM knowledge.measure_code
)
-- a drug's name is sought as words in drug_agent.sql
WHERE NOT (kind = 'agent' AND system = 'name');
