SELECT
    format('R{:011d}', c.procedure_number) AS procedure_id, person.person_id, c.procedure, c.start_date AS date, c.end_date,
    c.sessions, c.laterality, CAST(NULL AS VARCHAR) AS intensity, CAST(NULL AS VARCHAR) AS detail,
    c.stop_reason, c.improvement_pct, c.improvement_basis, CAST(NULL AS BOOLEAN) AS present
FROM course AS c
JOIN person ON person.number = c.number
ORDER BY c.procedure_number
