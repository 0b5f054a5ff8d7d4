SELECT
    format('E{:011d}', i.exposure_number) AS exposure_id, person.person_id, i.agent, i.start_date, i.end_date,
    CAST(NULL AS INTEGER) AS days_taken, CAST(NULL AS BOOLEAN) AS ongoing, i.daily_dose_mg,
    CASE WHEN i.daily_dose_mg IS NOT NULL THEN 'mg' END AS dose_unit, i.route, i.form, i.indication, i.status,
    i.stop_reason, i.improvement_pct, i.improvement_basis, i.adherence
FROM issue AS i
JOIN person ON person.number = i.number
ORDER BY i.exposure_number
