-- One row is one condition_occurrence, or one observation, whose code is a condition of the knowledge.
--   table_name               where the row is in the CDM
--   condition_id             its id in the record
--   person_id, condition
--   start_date, end_date     as the CDM gives them
--   present                  false when an observation says that it is not there
SELECT 'condition_occurrence' AS table_name, c.condition_occurrence_id AS condition_id, c.person_id, m.meaning AS condition,
    c.condition_start_date AS start_date, c.condition_end_date AS end_date, TRUE AS present
FROM cdm.condition_occurrence AS c
JOIN mapping.meaning AS m
    ON m.kind = 'condition' AND m.table_name = 'condition_occurrence' AND m.concept_id = c.condition_concept_id
    AND m.source_concept_id = c.condition_source_concept_id AND m.source_value = c.condition_source_value
UNION ALL
SELECT 'observation', 'observation-' || o.observation_id, o.person_id, m.meaning, o.observation_date, CAST(NULL AS DATE),
    CASE WHEN o.value_as_concept_id IN (4188540, 45878245) THEN FALSE  -- the SNOMED and the LOINC answer "No"
        WHEN lower(o.value_as_string) IN ('no', 'none', 'absent', 'negative') THEN FALSE
        ELSE TRUE END
FROM cdm.observation AS o
JOIN mapping.meaning AS m
    ON m.kind = 'condition' AND m.table_name = 'observation' AND m.concept_id = o.observation_concept_id
    AND m.source_concept_id = o.observation_source_concept_id AND m.source_value = o.observation_source_value
