-- One row is one combination of codes in one event table of the CDM: what has to be understood, without any patient row.
--   table_name          event table of the CDM
--   concept_id          standard concept; 0 = unmapped
--   source_concept_id   concept of the source's own code; 0 where there is none
--   source_value        the source's own code as text; of drugs only where the concept is 0
--   n                   rows
WITH drug AS (
    SELECT drug_concept_id AS concept_id, CASE WHEN drug_concept_id = 0 THEN drug_source_value ELSE '' END AS source_value
    FROM cdm.drug_exposure
)
SELECT 'drug_exposure' AS table_name, concept_id, CAST(0 AS BIGINT) AS source_concept_id, source_value, count(*) AS n
FROM drug GROUP BY concept_id, source_value
UNION ALL
SELECT 'condition_occurrence', condition_concept_id, condition_source_concept_id, condition_source_value, count(*)
FROM cdm.condition_occurrence
GROUP BY condition_concept_id, condition_source_concept_id, condition_source_value
UNION ALL
SELECT 'procedure_occurrence', procedure_concept_id, procedure_source_concept_id, procedure_source_value, count(*)
FROM cdm.procedure_occurrence
GROUP BY procedure_concept_id, procedure_source_concept_id, procedure_source_value
UNION ALL
SELECT 'measurement', measurement_concept_id, measurement_source_concept_id, measurement_source_value, count(*)
FROM cdm.measurement
GROUP BY measurement_concept_id, measurement_source_concept_id, measurement_source_value
UNION ALL
SELECT 'observation', observation_concept_id, observation_source_concept_id, observation_source_value, count(*)
FROM cdm.observation
GROUP BY observation_concept_id, observation_source_concept_id, observation_source_value
