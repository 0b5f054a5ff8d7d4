-- One row is one combination of codes that means nothing to the knowledge, and how often it is there.
--   table_name, concept_id, source_concept_id, source_value   as in concept_use
--   concept_name   the concept in the vocabulary
--   n              rows
WITH known AS (
    SELECT DISTINCT table_name, concept_id, source_concept_id, source_value FROM mapping.meaning
),
drug AS (
    SELECT DISTINCT drug_concept_id FROM mapping.drug
)
SELECT u.table_name, u.concept_id, u.source_concept_id, u.source_value, c.concept_name, u.n
FROM omop.concept_use AS u
LEFT JOIN known AS m
    ON m.table_name = u.table_name AND m.concept_id = u.concept_id AND m.source_concept_id = u.source_concept_id
    AND m.source_value = u.source_value
LEFT JOIN drug AS d ON u.table_name = 'drug_exposure' AND d.drug_concept_id = u.concept_id
LEFT JOIN omop.named_concept AS c ON c.concept_id = u.concept_id
WHERE m.concept_id IS NULL AND d.drug_concept_id IS NULL
