SELECT concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, standard_concept, concept_code,
    DATE '1970-01-01' AS valid_start_date, DATE '2099-12-31' AS valid_end_date, CAST(NULL AS VARCHAR) AS invalid_reason
FROM (
    SELECT concept_id, agent AS concept_name, 'Drug' AS domain_id, 'RxNorm' AS vocabulary_id, 'Ingredient' AS concept_class_id,
        'S' AS standard_concept, coalesce(rxnorm, agent) AS concept_code
    FROM setting.ingredient
    UNION ALL
    SELECT concept_id, name, 'Drug', 'OpenTRD synthetic', 'Clinical Drug', 'S', concat('drug ', concept_id)
    FROM setting.clinical_drug
    UNION ALL
    SELECT omop_concept_id, name, 'Condition', 'SNOMED', 'Disorder', 'S', CAST(snomed AS VARCHAR) FROM setting.diagnosis
    UNION ALL
    SELECT concept_id, display, CASE "table" WHEN 'measurement' THEN 'Measurement' ELSE 'Procedure' END,
        system, CASE "table" WHEN 'measurement' THEN 'Clinical Observation' ELSE 'Procedure' END, 'S', CAST(code AS VARCHAR)
    FROM setting.coded
    UNION ALL
    SELECT * FROM (VALUES
        (8532, 'FEMALE', 'Gender', 'Gender', 'Gender', 'S', 'F'),
        (8507, 'MALE', 'Gender', 'Gender', 'Gender', 'S', 'M'),
        (8751, 'milligram per liter', 'Unit', 'UCUM', 'Unit', 'S', 'mg/L'),
        (8840, 'milligram per deciliter', 'Unit', 'UCUM', 'Unit', 'S', 'mg/dL'),
        (8576, 'milligram', 'Unit', 'UCUM', 'Unit', 'S', 'mg'),
        (4132161, 'Oral', 'Route', 'SNOMED', 'Qualifier Value', 'S', '26643006'),
        (4262914, 'Nasal', 'Route', 'SNOMED', 'Qualifier Value', 'S', '46713006')) AS fixed
    UNION ALL
    SELECT DISTINCT CAST(omop_concept_id AS BIGINT), value, upper(choice[1]) || substr(choice, 2),
        upper(choice[1]) || substr(choice, 2), upper(choice[1]) || substr(choice, 2), 'S', value
    FROM setting.choice
    WHERE choice IN ('race', 'ethnicity') AND value IS NOT NULL
)
ORDER BY concept_id
