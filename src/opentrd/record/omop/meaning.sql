-- One row is one combination of concept_use and the condition, procedure or measure of the knowledge that it means;
-- combinations that mean nothing there have no row.
--   kind, table_name, concept_id, source_concept_id, source_value, meaning
-- Every code that the row carries is a candidate: the concept, its code in its own vocabulary, the source concept, and
-- the source value where it looks like a code and no source concept says what it is. The most specific wins:
--   rank 1 an exact code of the source (it is never coarser than its standard concept)
--   rank 2 an exact code of the standard concept, or its whole name, or the whole text of the source
--   rank 3 a prefix of an ICD code, the longest first
--   rank 4 an ancestor of the standard concept, the nearest first
CREATE TABLE omop.use_code AS
WITH named AS (
    SELECT n.concept_id, s.system, s.kind, upper(replace(n.concept_code, '.', '')) AS code
    FROM omop.named_concept AS n
    JOIN omop.code_system AS s ON s.vocabulary_id = n.vocabulary_id
),
written AS (
    SELECT u.*, upper(replace(trim(u.source_value), '.', '')) AS code
    FROM omop.concept_use AS u
    LEFT JOIN omop.named_concept AS n ON n.concept_id = u.source_concept_id
    WHERE u.source_value <> '' AND n.concept_id IS NULL
)
SELECT table_name, concept_id, source_concept_id, source_value, 'OMOP' AS system, '' AS kind,
    CAST(concept_id AS VARCHAR) AS code, 2 AS rank
FROM omop.concept_use WHERE concept_id > 0
UNION ALL
SELECT table_name, concept_id, source_concept_id, source_value, 'OMOP', '', CAST(source_concept_id AS VARCHAR), 1
FROM omop.concept_use WHERE source_concept_id > 0
UNION ALL
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, n.system, n.kind, n.code, 2
FROM omop.concept_use AS u JOIN named AS n ON n.concept_id = u.concept_id
UNION ALL
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, n.system, n.kind, n.code, 1
FROM omop.concept_use AS u JOIN named AS n ON n.concept_id = u.source_concept_id
UNION ALL
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, 'name', '', unnest([
        upper(replace(coalesce(n.concept_name, u.source_value), '.', '')),
        -- a scale is often called by its name and then "total score"
        regexp_replace(upper(replace(coalesce(n.concept_name, u.source_value), '.', '')), '( TOTAL)? SCORE$', '')
    ]), 2
FROM omop.concept_use AS u
LEFT JOIN omop.named_concept AS n ON n.concept_id = u.concept_id
WHERE u.table_name <> 'drug_exposure'
UNION ALL
SELECT w.table_name, w.concept_id, w.source_concept_id, w.source_value, s.system, s.kind, w.code, 1
FROM written AS w
JOIN (
    VALUES
        ('condition_occurrence', 'ICD10CM', 'icd', '^[A-Z][0-9][0-9A-Z]{1,5}$'),
        ('condition_occurrence', 'ICD10', 'icd', '^[A-Z][0-9][0-9A-Z]{1,5}$'),
        ('condition_occurrence', 'SNOMED', '', '^[0-9]{6,18}$'),
        ('procedure_occurrence', 'CPT4', '', '^[0-9]{4}[0-9A-Z]$'),
        ('procedure_occurrence', 'HCPCS', '', '^[A-Z][0-9]{4}$'),
        ('procedure_occurrence', 'ICD10PCS', '', '^[0-9A-HJ-NP-Z]{7}$'),
        ('procedure_occurrence', 'SNOMED', '', '^[0-9]{6,18}$'),
        ('measurement', 'LOINC', '', '^[0-9]{1,5}-[0-9]$'),
        ('observation', 'LOINC', '', '^[0-9]{1,5}-[0-9]$'),
        ('observation', 'SNOMED', '', '^[0-9]{6,18}$')
) AS s (table_name, system, kind, pattern)
    ON s.table_name = w.table_name AND regexp_full_match(w.code, s.pattern);

CREATE TABLE omop.meaning AS
WITH candidate AS (
    SELECT k.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value, k.meaning, c.rank, 0 AS nearness
    FROM omop.use_code AS c
    JOIN omop.known_code AS k ON k.system = c.system AND k.code = c.code
    WHERE k.match = 'exact'
    UNION ALL
    SELECT k.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value, k.meaning, 3, -length(k.code)
    FROM omop.use_code AS c
    JOIN omop.known_code AS k ON k.system = c.system AND starts_with(c.code, k.code)
    WHERE k.match = 'prefix' AND c.kind = 'icd'
    UNION ALL
    SELECT k.kind, u.table_name, u.concept_id, u.source_concept_id, u.source_value, k.meaning, 4, a.levels
    FROM omop.concept_use AS u
    JOIN omop.ancestry AS a ON a.concept_id = u.concept_id
    JOIN omop.known_code AS k ON k.system = 'OMOP' AND k.code = CAST(a.ancestor_concept_id AS VARCHAR)
    WHERE u.table_name IN ('condition_occurrence', 'procedure_occurrence')
),
fitting AS (
    SELECT c.*
    FROM candidate AS c
    JOIN (
        VALUES ('condition', 'condition_occurrence'), ('condition', 'observation'),
            ('procedure', 'procedure_occurrence'), ('measure', 'measurement'), ('measure', 'observation')
    ) AS f (kind, table_name) ON f.kind = c.kind AND f.table_name = c.table_name
)
SELECT kind, table_name, concept_id, source_concept_id, source_value, meaning
FROM fitting
QUALIFY row_number() OVER (
    PARTITION BY kind, table_name, concept_id, source_concept_id, source_value ORDER BY rank, nearness, meaning
) = 1;
