-- One row is one pair of concepts of a procedure.
--   concept_id, source_concept_id
--   laterality   side of a stimulation, from the names
--   detail       the names
WITH pair AS (
    SELECT DISTINCT u.concept_id, u.source_concept_id FROM omop.concept_use AS u WHERE u.table_name = 'procedure_occurrence'
),
named AS (
    SELECT p.concept_id, p.source_concept_id,
        CASE WHEN s.concept_name IS NOT NULL AND c.concept_name IS NOT NULL THEN s.concept_name || '; ' || c.concept_name
            ELSE coalesce(s.concept_name, c.concept_name) END AS detail
    FROM pair AS p
    LEFT JOIN omop.named_concept AS c ON c.concept_id = p.concept_id
    LEFT JOIN omop.named_concept AS s ON s.concept_id = p.source_concept_id AND s.concept_id <> p.concept_id
)
SELECT concept_id, source_concept_id,
    CASE WHEN lower(detail) LIKE '%bilateral%' THEN 'bilateral' WHEN lower(detail) LIKE '%unilateral%' THEN 'unilateral' END
        AS laterality,
    detail
FROM named
