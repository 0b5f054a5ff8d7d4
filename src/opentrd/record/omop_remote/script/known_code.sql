-- One row is one code of another system that the knowledge lists.
--   kind, meaning   as in known_concept
--   system, code    code system ('name' for a name) and code, in capitals and without dots
--   is_prefix       the code stands for all codes that begin with it
SELECT 'condition' AS kind, condition AS meaning, system, upper(replace(replace(code, '*', ''), '.', '')) AS code,
    CASE WHEN match = 'prefix' THEN TRUE ELSE FALSE END AS is_prefix
FROM knowledge.condition_code WHERE system <> 'OMOP'
UNION ALL
SELECT 'procedure', procedure, system, upper(replace(code, '.', '')), FALSE
FROM knowledge.procedure_code WHERE system <> 'OMOP'
UNION ALL
SELECT 'measure', measure, system, upper(replace(code, '.', '')), FALSE
FROM knowledge.measure_code WHERE system <> 'OMOP'
