SELECT
    format('M{:011d}', s.measurement_number) AS measurement_id, person.person_id, s.measure, s.day AS date, s.value, s.unit,
    s.sign, CAST(NULL AS VARCHAR) AS assay
FROM score AS s
JOIN person ON person.number = s.number
ORDER BY s.measurement_number
