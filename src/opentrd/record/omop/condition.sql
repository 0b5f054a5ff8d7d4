-- raw.condition: one row is one condition_occurrence, or one observation whose concept is a condition (a history, an
-- allergy, a life event). A dated code says nothing about how long: the course is a point.
INSERT INTO raw.condition (
    condition_id, person_id, condition, start_date, end_date, present, course, source, source_row
)
SELECT c.condition_occurrence_id, c.person_id, m.meaning, c.condition_start_date_text, c.condition_end_date_text,
    NULL, 'point', 'condition_occurrence', c.condition_occurrence_id
FROM omop.condition_occurrence AS c
JOIN omop.meaning AS m
    ON m.kind = 'condition' AND m.table_name = 'condition_occurrence' AND m.concept_id = c.condition_concept_id
    AND m.source_concept_id = c.condition_source_concept_id AND m.source_value = c.condition_source_value
UNION ALL
SELECT 'observation-' || o.observation_id, o.person_id, m.meaning, o.observation_date_text, NULL,
    -- an observation can also say that something is not there (the SNOMED and the LOINC answer "No")
    CASE WHEN o.value_as_concept_id IN (4188540, 45878245)
        OR lower(trim(o.value_as_string)) IN ('no', 'none', 'absent', 'negative') THEN 'false' END,
    'point', 'observation', o.observation_id
FROM omop.observation AS o
JOIN omop.meaning AS m
    ON m.kind = 'condition' AND m.table_name = 'observation' AND m.concept_id = o.observation_concept_id
    AND m.source_concept_id = o.observation_source_concept_id AND m.source_value = o.observation_source_value;
