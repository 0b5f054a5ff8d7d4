-- One row is one combination of codes in use and the condition, procedure or measure of the knowledge that it means.
--   kind, table_name, concept_id, source_concept_id, source_value
--   meaning   the name in the knowledge. The most specific code wins: an exact code of the source concept, then of the
--             standard concept or a whole name, then the longest prefix of an ICD code, then the nearest concept above.
WITH fits AS (
    SELECT 'condition' AS kind, 'condition_occurrence' AS table_name
    UNION ALL SELECT 'condition', 'observation'
    UNION ALL SELECT 'procedure', 'procedure_occurrence'
    UNION ALL SELECT 'measure', 'measurement'
    UNION ALL SELECT 'measure', 'observation'
),
used AS (
    SELECT table_name, concept_id, source_concept_id, source_value, concept_id AS of_concept, 2 AS place
    FROM omop.concept_use WHERE concept_id > 0 AND table_name <> 'drug_exposure'
    UNION ALL
    SELECT table_name, concept_id, source_concept_id, source_value, source_concept_id, 1
    FROM omop.concept_use WHERE source_concept_id > 0 AND table_name <> 'drug_exposure'
),
candidate AS (
    SELECT k.kind, u.table_name, u.concept_id, u.source_concept_id, u.source_value, k.meaning, u.place, 0 AS nearness
    FROM used AS u JOIN omop.known_concept AS k ON k.concept_id = u.of_concept
    UNION ALL
    SELECT k.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value, k.meaning, c.place, 0
    FROM omop.use_code AS c JOIN omop.known_code AS k ON k.system = c.system AND k.code = c.code AND NOT k.is_prefix
    UNION ALL
    SELECT k.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value, k.meaning, 3, -length(k.code)
    FROM omop.use_code AS c
    JOIN omop.known_code AS k ON k.system = c.system AND c.code LIKE k.code || '%' AND k.is_prefix AND c.is_icd
    UNION ALL
    SELECT k.kind, u.table_name, u.concept_id, u.source_concept_id, u.source_value, k.meaning, 4,
        CAST(coalesce(a.min_levels_of_separation, 0) AS BIGINT)
    FROM used AS u
    JOIN cdm.concept_ancestor AS a ON a.descendant_concept_id = u.concept_id
    JOIN omop.known_concept AS k ON k.concept_id = a.ancestor_concept_id
    WHERE u.place = 2 AND (u.table_name = 'condition_occurrence' OR u.table_name = 'procedure_occurrence')
),
ranked AS (
    SELECT c.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value, c.meaning,
        row_number() OVER (
            PARTITION BY c.kind, c.table_name, c.concept_id, c.source_concept_id, c.source_value
            ORDER BY c.place, c.nearness, c.meaning
        ) AS standing
    FROM candidate AS c
    JOIN fits AS f ON f.kind = c.kind AND f.table_name = c.table_name
)
SELECT kind, table_name, concept_id, source_concept_id, source_value, meaning FROM ranked WHERE standing = 1
