SELECT
    format('D{:011d}', c.condition_number) AS condition_id, person.person_id, 'ICD10CM:' || c.icd10cm AS condition,
    c.start_date, c.end_date, TRUE AS present
FROM coded_condition AS c
JOIN person ON person.number = c.number
ORDER BY c.condition_number
