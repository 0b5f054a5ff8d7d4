-- Empty, with the columns of the CDM: the generator makes no observations, and the source is known to keep the table.
SELECT
    CAST(NULL AS BIGINT) AS observation_id, CAST(NULL AS BIGINT) AS person_id, CAST(NULL AS BIGINT) AS observation_concept_id,
    CAST(NULL AS DATE) AS observation_date, CAST(NULL AS TIMESTAMP) AS observation_datetime,
    CAST(NULL AS BIGINT) AS observation_type_concept_id, CAST(NULL AS DOUBLE) AS value_as_number,
    CAST(NULL AS VARCHAR) AS value_as_string, CAST(NULL AS BIGINT) AS value_as_concept_id,
    CAST(NULL AS BIGINT) AS qualifier_concept_id, CAST(NULL AS BIGINT) AS unit_concept_id, CAST(NULL AS BIGINT) AS provider_id,
    CAST(NULL AS BIGINT) AS visit_occurrence_id, CAST(NULL AS BIGINT) AS visit_detail_id,
    CAST(NULL AS VARCHAR) AS observation_source_value, CAST(NULL AS BIGINT) AS observation_source_concept_id,
    CAST(NULL AS VARCHAR) AS unit_source_value, CAST(NULL AS VARCHAR) AS qualifier_source_value,
    CAST(NULL AS VARCHAR) AS value_source_value, CAST(NULL AS BIGINT) AS observation_event_id,
    CAST(NULL AS BIGINT) AS obs_event_field_concept_id
FROM person WHERE FALSE
