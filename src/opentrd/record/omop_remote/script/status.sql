-- One row is one type of drug exposure and the status that it stands for.
--   concept_id, status
SELECT CAST(concept_id AS BIGINT) AS concept_id, status FROM omop.drug_status
