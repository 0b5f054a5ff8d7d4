-- One row is one measurement, or one observation, whose code is a measure of the knowledge.
--   table_name, row_id     where the row is in the CDM
--   measurement_id         its id in the record
--   person_id, measure
--   date                   day
--   value                  number, also where only a text holds it; NULL when there is none
--   unit_concept_id, unit_source_value   the unit; '' when empty
--   sign                   <, >, = ; NULL when nothing is said
WITH given AS (
    SELECT 'measurement' AS table_name, e.measurement_id AS row_id, e.measurement_id, e.person_id, m.meaning AS measure,
        e.measurement_date AS date, e.value_as_number, CAST(NULL AS VARCHAR) AS value_as_string, e.value_source_value,
        e.unit_concept_id, coalesce(e.unit_source_value, '') AS unit_source_value, e.operator_concept_id
    FROM cdm.measurement AS e
    JOIN mapping.meaning AS m
        ON m.kind = 'measure' AND m.table_name = 'measurement' AND m.concept_id = e.measurement_concept_id
        AND m.source_concept_id = e.measurement_source_concept_id AND m.source_value = e.measurement_source_value
    UNION ALL
    SELECT 'observation', e.observation_id, 'observation-' || e.observation_id, e.person_id, m.meaning,
        e.observation_date, e.value_as_number, e.value_as_string, e.value_source_value,
        e.unit_concept_id, coalesce(e.unit_source_value, ''), CAST(0 AS BIGINT)
    FROM cdm.observation AS e
    JOIN mapping.meaning AS m
        ON m.kind = 'measure' AND m.table_name = 'observation' AND m.concept_id = e.observation_concept_id
        AND m.source_concept_id = e.observation_source_concept_id AND m.source_value = e.observation_source_value
)
SELECT g.table_name, g.row_id, g.measurement_id, g.person_id, g.measure, g.date,
    coalesce(
        g.value_as_number,
        CASE WHEN regexp_matches(g.value_as_string, '^[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?$')
            THEN CAST(g.value_as_string AS DOUBLE) END,
        CASE WHEN regexp_matches(g.value_source_value, '^[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?$')
            THEN CAST(g.value_source_value AS DOUBLE) END
    ) AS value,
    g.unit_concept_id, g.unit_source_value, s.sign
FROM given AS g
LEFT JOIN mapping.sign AS s ON s.concept_id = g.operator_concept_id
