-- raw.measurement: one row is one measurement or observation with a number. ``<=`` is kept as ``<``, ``>=`` as ``>``.
CREATE TABLE omop.measured AS
SELECT 'measurement' AS table_name, e.measurement_id AS row_id, e.person_id, m.meaning AS measure,
    e.measurement_date_text AS date, coalesce(e.value_as_number, TRY_CAST(e.value_source_value AS DOUBLE)) AS value,
    e.unit_concept_id, e.unit_source_value, e.operator_concept_id
FROM omop.measurement AS e
JOIN omop.meaning AS m
    ON m.kind = 'measure' AND m.table_name = 'measurement' AND m.concept_id = e.measurement_concept_id
    AND m.source_concept_id = e.measurement_source_concept_id AND m.source_value = e.measurement_source_value
UNION ALL
SELECT 'observation', e.observation_id, e.person_id, m.meaning, e.observation_date_text,
    coalesce(e.value_as_number, TRY_CAST(e.value_as_string AS DOUBLE), TRY_CAST(e.value_source_value AS DOUBLE)),
    e.unit_concept_id, e.unit_source_value, 0
FROM omop.observation AS e
JOIN omop.meaning AS m
    ON m.kind = 'measure' AND m.table_name = 'observation' AND m.concept_id = e.observation_concept_id
    AND m.source_concept_id = e.observation_source_concept_id AND m.source_value = e.observation_source_value;

INSERT INTO raw.measurement (measurement_id, person_id, measure, date, value, unit, sign, source, source_row)
SELECT
    CASE WHEN e.table_name = 'observation' THEN 'observation-' || e.row_id ELSE e.row_id END,
    e.person_id, e.measure, e.date, CAST(e.value AS VARCHAR),
    coalesce(CASE WHEN u.vocabulary_id = 'UCUM' THEN u.concept_code ELSE u.concept_name END, e.unit_source_value),
    s.sign, e.table_name, e.row_id
FROM omop.measured AS e
LEFT JOIN omop.named_concept AS u ON u.concept_id = e.unit_concept_id
LEFT JOIN omop.sign AS s ON s.concept_id = e.operator_concept_id
WHERE e.value IS NOT NULL;
