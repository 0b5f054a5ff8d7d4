-- One row is one operator of a measurement and its sign.
--   concept_id, sign
SELECT CAST(concept_id AS BIGINT) AS concept_id, sign FROM omop.operator
