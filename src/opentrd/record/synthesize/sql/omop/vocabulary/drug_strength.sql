SELECT d.concept_id AS drug_concept_id, i.concept_id AS ingredient_concept_id, CAST(d.unit_mg AS DOUBLE) AS amount_value,
    CAST(8576 AS BIGINT) AS amount_unit_concept_id, CAST(NULL AS DOUBLE) AS numerator_value,
    CAST(NULL AS BIGINT) AS numerator_unit_concept_id, CAST(NULL AS DOUBLE) AS denominator_value,
    CAST(NULL AS BIGINT) AS denominator_unit_concept_id, CAST(NULL AS INTEGER) AS box_size,
    DATE '1970-01-01' AS valid_start_date, DATE '2099-12-31' AS valid_end_date, CAST(NULL AS VARCHAR) AS invalid_reason
FROM setting.clinical_drug AS d
JOIN setting.ingredient AS i ON i.agent = d.agent
ORDER BY d.concept_id
