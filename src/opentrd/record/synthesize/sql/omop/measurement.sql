SELECT
    s.measurement_number AS measurement_id, s.number AS person_id, c.concept_id AS measurement_concept_id,
    s.day AS measurement_date,
    CAST(s.day AS TIMESTAMP) AS measurement_datetime, CAST(NULL AS VARCHAR) AS measurement_time,
    CAST(32817 AS BIGINT) AS measurement_type_concept_id,
    CAST(CASE s.sign WHEN '<' THEN 4171756 ELSE 4172703 END AS BIGINT) AS operator_concept_id,
    s.value AS value_as_number, CAST(NULL AS BIGINT) AS value_as_concept_id,
    CAST(CASE s.unit WHEN 'mg/L' THEN 8751 WHEN 'mg/dL' THEN 8840 END AS BIGINT) AS unit_concept_id,
    CAST(NULL AS DOUBLE) AS range_low, CAST(NULL AS DOUBLE) AS range_high, CAST(NULL AS BIGINT) AS provider_id,
    CAST(NULL AS BIGINT) AS visit_occurrence_id, CAST(NULL AS BIGINT) AS visit_detail_id,
    concat(c.system, ':', c.code) AS measurement_source_value, CAST(0 AS BIGINT) AS measurement_source_concept_id,
    s.unit AS unit_source_value, CAST(NULL AS BIGINT) AS unit_source_concept_id, CAST(s.value AS VARCHAR) AS value_source_value,
    CAST(NULL AS BIGINT) AS measurement_event_id, CAST(NULL AS BIGINT) AS meas_event_field_concept_id
FROM score AS s
JOIN setting.coded AS c ON c."table" = 'measurement' AND c.name = s.measure
ORDER BY s.measurement_number
