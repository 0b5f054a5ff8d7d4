-- record.measurement: one row is one measurement, or one observation, with a number.
--   measurement_id, person_id, measure
--   date_earliest, date_latest   the day; empty outside 1850 to 2199
--   value    number; empty when the measure cannot take it in this unit
--   unit     code of the unit where the vocabulary has one, else as written
--   sign     <, >, = ; = when nothing is said
--   assay    the CDM does not have it
WITH given AS (
    SELECT e.measurement_id, e.person_id, e.measure, e.value, w.word AS unit, e.sign,
        CASE WHEN e.date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN e.date END AS day
    FROM omop.measured AS e
    LEFT JOIN wording.word AS w
        ON w.field = 'unit' AND w.concept_id = e.unit_concept_id AND w.source_value = e.unit_source_value
    WHERE e.value IS NOT NULL AND e.person_id IS NOT NULL
)
SELECT g.measurement_id, g.person_id, g.measure, g.day AS date_earliest, g.day AS date_latest,
    CASE WHEN coalesce(g.value < b.lowest, FALSE) THEN NULL
        WHEN coalesce(g.value > b.highest, FALSE) THEN NULL ELSE g.value END AS value,
    g.unit, coalesce(g.sign, '=') AS sign, CAST(NULL AS VARCHAR) AS assay
FROM given AS g
LEFT JOIN wording.bound AS b ON b.measure = g.measure AND b.unit = coalesce(g.unit, '')
