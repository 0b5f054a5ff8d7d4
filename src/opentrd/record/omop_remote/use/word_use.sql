-- One row is one way in which the rows in use write a word: a sex, race, ethnicity, route or unit.
--   field          sex, race, ethnicity, route, unit
--   concept_id     its concept; 0 where there is none
--   source_value   the source's own word; '' where there is none
--   concept_name, vocabulary_id, concept_code   the concept in the vocabulary; NULL where it is not there
--   n              rows
WITH used AS (
    SELECT 'sex' AS field, gender_concept_id AS concept_id, coalesce(gender_source_value, '') AS source_value FROM cdm.person
    UNION ALL
    SELECT 'race', race_concept_id, coalesce(race_source_value, '') FROM cdm.person
    UNION ALL
    SELECT 'ethnicity', ethnicity_concept_id, coalesce(ethnicity_source_value, '') FROM cdm.person
    UNION ALL
    SELECT 'route', route_concept_id, route_source_value FROM omop.drug_row
    UNION ALL
    SELECT 'unit', unit_concept_id, unit_source_value FROM omop.measured WHERE value IS NOT NULL
),
word AS (
    SELECT field, concept_id, source_value, count(*) AS n FROM used GROUP BY field, concept_id, source_value
),
asked AS (
    SELECT DISTINCT concept_id FROM word WHERE concept_id > 0
),
named AS (
    SELECT c.concept_id, max(c.concept_name) AS concept_name, max(c.vocabulary_id) AS vocabulary_id,
        max(c.concept_code) AS concept_code
    FROM cdm.concept AS c JOIN asked AS a ON a.concept_id = c.concept_id
    GROUP BY c.concept_id
)
SELECT w.field, w.concept_id, w.source_value, n.concept_name, n.vocabulary_id, n.concept_code, w.n
FROM word AS w
LEFT JOIN named AS n ON n.concept_id = w.concept_id
