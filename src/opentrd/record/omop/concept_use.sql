-- What the event tables say, each different combination once: everything that follows is decided here and joined
-- back to the rows, so that the work grows with the concepts and not with the rows.
--   concept_use: table_name, concept_id (0 = unmapped), source_concept_id, source_value, n (rows)
--   named_concept: the rows of the vocabulary table for the concepts used
--   ancestry: the ancestors of the concepts used, with the levels between
CREATE TABLE omop.concept_use AS
SELECT 'drug_exposure' AS table_name, drug_concept_id AS concept_id, 0::BIGINT AS source_concept_id,
    CASE WHEN drug_concept_id = 0 THEN drug_source_value ELSE '' END AS source_value, count(*) AS n
FROM omop.drug_exposure GROUP BY ALL
UNION ALL
SELECT 'condition_occurrence', condition_concept_id, condition_source_concept_id, condition_source_value, count(*)
FROM omop.condition_occurrence GROUP BY ALL
UNION ALL
SELECT 'procedure_occurrence', procedure_concept_id, procedure_source_concept_id, procedure_source_value, count(*)
FROM omop.procedure_occurrence GROUP BY ALL
UNION ALL
SELECT 'measurement', measurement_concept_id, measurement_source_concept_id, measurement_source_value, count(*)
FROM omop.measurement GROUP BY ALL
UNION ALL
SELECT 'observation', observation_concept_id, observation_source_concept_id, observation_source_value, count(*)
FROM omop.observation GROUP BY ALL;

CREATE TABLE omop.named_concept AS
WITH used AS (
    SELECT concept_id FROM omop.concept_use
    UNION SELECT source_concept_id FROM omop.concept_use
    UNION SELECT unit_concept_id FROM omop.measurement
    UNION SELECT unit_concept_id FROM omop.observation
    UNION SELECT route_concept_id FROM omop.drug_exposure
    UNION SELECT race_concept_id FROM omop.person
    UNION SELECT ethnicity_concept_id FROM omop.person
)
SELECT concept_id, max(concept_name) AS concept_name, max(vocabulary_id) AS vocabulary_id,
    max(concept_code) AS concept_code
FROM omop.concept
WHERE concept_id > 0 AND concept_id IN (SELECT concept_id FROM used)
GROUP BY concept_id;

CREATE TABLE omop.ancestry AS
SELECT descendant_concept_id AS concept_id, ancestor_concept_id,
    min(coalesce(min_levels_of_separation, 0)) AS levels
FROM omop.concept_ancestor
WHERE descendant_concept_id IN (
    SELECT concept_id FROM omop.concept_use
    WHERE table_name IN ('drug_exposure', 'condition_occurrence', 'procedure_occurrence') AND concept_id > 0
)
GROUP BY ALL;
