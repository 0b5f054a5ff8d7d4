SELECT
    c.condition_number AS condition_occurrence_id, c.number AS person_id,
    CAST(d.omop_concept_id AS BIGINT) AS condition_concept_id,
    c.start_date AS condition_start_date, CAST(c.start_date AS TIMESTAMP) AS condition_start_datetime,
    c.end_date AS condition_end_date, CAST(c.end_date AS TIMESTAMP) AS condition_end_datetime,
    CAST(32817 AS BIGINT) AS condition_type_concept_id, CAST(NULL AS BIGINT) AS condition_status_concept_id,
    CAST(NULL AS VARCHAR) AS stop_reason, CAST(NULL AS BIGINT) AS provider_id, CAST(NULL AS BIGINT) AS visit_occurrence_id,
    CAST(NULL AS BIGINT) AS visit_detail_id, c.icd10cm AS condition_source_value,
    CAST(0 AS BIGINT) AS condition_source_concept_id, CAST(NULL AS VARCHAR) AS condition_status_source_value
FROM coded_condition AS c
JOIN setting.diagnosis AS d ON d.icd10cm = c.icd10cm
ORDER BY c.condition_number
