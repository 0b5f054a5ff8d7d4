-- One row is one pair of concepts of a procedure and what their names say. The side of a stimulation is read from them.
--   concept_id, source_concept_id, laterality (bilateral, unilateral), detail (the names)
CREATE TABLE omop.procedure_name AS
WITH named AS (
    SELECT DISTINCT u.concept_id, u.source_concept_id, concat_ws('; ', s.concept_name, c.concept_name) AS names
    FROM omop.concept_use AS u
    LEFT JOIN omop.named_concept AS c ON c.concept_id = u.concept_id
    LEFT JOIN omop.named_concept AS s ON s.concept_id = u.source_concept_id AND s.concept_id <> u.concept_id
    WHERE u.table_name = 'procedure_occurrence'
)
SELECT concept_id, source_concept_id,
    CASE WHEN contains(lower(names), 'bilateral') THEN 'bilateral'
        WHEN contains(lower(names), 'unilateral') THEN 'unilateral' END AS laterality,
    nullif(names, '') AS detail
FROM named;
