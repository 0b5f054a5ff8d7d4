-- One row is one concept that the event tables use, as the vocabulary names it.
--   concept_id      standard or source concept
--   concept_name    its name
--   vocabulary_id   vocabulary it comes from
--   concept_code    its code there
WITH used AS (
    SELECT concept_id FROM omop.concept_use
    UNION
    SELECT source_concept_id FROM omop.concept_use
)
SELECT c.concept_id, max(c.concept_name) AS concept_name, max(c.vocabulary_id) AS vocabulary_id,
    max(c.concept_code) AS concept_code
FROM cdm.concept AS c
JOIN used AS u ON u.concept_id = c.concept_id
WHERE c.concept_id > 0
GROUP BY c.concept_id
