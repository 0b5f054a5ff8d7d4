-- One row is one code or name that a combination of codes in use carries.
--   table_name, concept_id, source_concept_id, source_value   as in concept_use
--   system, code   code system ('name' for a name) and code, in capitals and without dots
--   is_icd         codes of the system are understood by their beginning as well
--   place          1: the source's own code; 2: that of the standard concept, or a name
WITH used AS (
    SELECT table_name, concept_id, source_concept_id, source_value, upper(replace(source_value, '.', '')) AS written
    FROM omop.concept_use WHERE table_name <> 'drug_exposure'
),
coded AS (
    SELECT n.concept_id, s.system, s.kind = 'icd' AS is_icd, upper(replace(n.concept_code, '.', '')) AS code
    FROM omop.named_concept AS n
    JOIN omop.code_system AS s ON s.vocabulary_id = n.vocabulary_id
),
named AS (
    SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value,
        upper(replace(coalesce(n.concept_name, u.source_value), '.', '')) AS name
    FROM used AS u LEFT JOIN omop.named_concept AS n ON n.concept_id = u.concept_id
),
form AS (
    SELECT 'condition_occurrence' AS table_name, 'ICD10CM' AS system, TRUE AS is_icd, '^[A-Z][0-9][0-9A-Z]{1,5}$' AS pattern
    UNION ALL SELECT 'condition_occurrence', 'ICD10', TRUE, '^[A-Z][0-9][0-9A-Z]{1,5}$'
    UNION ALL SELECT 'condition_occurrence', 'SNOMED', FALSE, '^[0-9]{6,18}$'
    UNION ALL SELECT 'procedure_occurrence', 'CPT4', FALSE, '^[0-9]{4}[0-9A-Z]$'
    UNION ALL SELECT 'procedure_occurrence', 'HCPCS', FALSE, '^[A-Z][0-9]{4}$'
    UNION ALL SELECT 'procedure_occurrence', 'ICD10PCS', FALSE, '^[0-9A-HJ-NP-Z]{7}$'
    UNION ALL SELECT 'procedure_occurrence', 'SNOMED', FALSE, '^[0-9]{6,18}$'
    UNION ALL SELECT 'measurement', 'LOINC', FALSE, '^[0-9]{1,5}-[0-9]$'
    UNION ALL SELECT 'observation', 'LOINC', FALSE, '^[0-9]{1,5}-[0-9]$'
    UNION ALL SELECT 'observation', 'SNOMED', FALSE, '^[0-9]{6,18}$'
)
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, c.system, c.code, c.is_icd, 2 AS place
FROM used AS u JOIN coded AS c ON c.concept_id = u.concept_id
UNION ALL
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, c.system, c.code, c.is_icd, 1
FROM used AS u JOIN coded AS c ON c.concept_id = u.source_concept_id
UNION ALL
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, f.system, u.written, f.is_icd, 1
FROM used AS u
JOIN form AS f ON f.table_name = u.table_name AND regexp_matches(u.written, f.pattern)
LEFT JOIN omop.named_concept AS n ON n.concept_id = u.source_concept_id
WHERE n.concept_id IS NULL
UNION ALL
SELECT table_name, concept_id, source_concept_id, source_value, 'name', name, FALSE, 2 FROM named
UNION ALL
-- a scale is often called by its name and then "total score"
SELECT table_name, concept_id, source_concept_id, source_value, 'name',
    replace(replace(name, ' TOTAL SCORE', ''), ' SCORE', ''), FALSE, 2
FROM named
