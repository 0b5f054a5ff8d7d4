SELECT {
    resourceType: 'MedicationDispense', id: format('E{:011d}', i.exposure_number),
    status: CASE WHEN i.stop_reason IS NULL THEN 'completed' ELSE 'stopped' END,
    statusReasonCodeableConcept: CASE WHEN i.stop_reason IS NOT NULL THEN {text: i.stop_reason} END,
    medicationCodeableConcept: {
        coding: [{system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: g.rxnorm, display: i.agent}], text: i.agent},
    subject: {reference: 'Patient/' || person.person_id},
    whenHandedOver: CAST(i.start_date AS VARCHAR),
    daysSupply: CASE WHEN i.end_date IS NOT NULL
        THEN {value: i.end_date - i.start_date + 1, unit: 'day', system: 'http://unitsofmeasure.org', code: 'd'} END,
    dosageInstruction: CASE WHEN i.daily_dose_mg IS NOT NULL THEN [{
        timing: {repeat: {frequency: 1, period: 1, periodUnit: 'd'}}, route: {text: i.route},
        doseAndRate: [{doseQuantity: {
            value: i.daily_dose_mg, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg'}}]}] END
} AS resource
FROM issue AS i
JOIN person ON person.number = i.number
JOIN setting.ingredient AS g ON g.agent = i.agent
WHERE i.status = 'dispensed'
ORDER BY i.exposure_number
