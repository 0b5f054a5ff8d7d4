SELECT {
    resourceType: 'MedicationRequest', id: format('E{:011d}', i.exposure_number),
    status: CASE WHEN i.stop_reason IS NULL THEN 'completed' ELSE 'stopped' END, intent: 'order',
    statusReason: CASE WHEN i.stop_reason IS NOT NULL THEN {text: i.stop_reason} END,
    medicationCodeableConcept: {
        coding: [{system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: g.rxnorm, display: i.agent}], text: i.agent},
    subject: {reference: 'Patient/' || person.person_id},
    authoredOn: CAST(i.start_date AS VARCHAR),
    reasonCode: CASE WHEN i.indication IS NOT NULL THEN [{text: i.indication}] END,
    dosageInstruction: CASE WHEN i.end_date IS NOT NULL THEN [{
        timing: {repeat: {
            boundsPeriod: {start: CAST(i.start_date AS VARCHAR), "end": CAST(i.end_date AS VARCHAR)},
            frequency: 1, period: 1, periodUnit: 'd'}},
        route: {text: i.route},
        doseAndRate: CASE WHEN i.daily_dose_mg IS NOT NULL THEN [{doseQuantity: {
            value: i.daily_dose_mg, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg'}}] END}] END
} AS resource
FROM issue AS i
JOIN person ON person.number = i.number
JOIN setting.ingredient AS g ON g.agent = i.agent
WHERE i.status = 'prescribed'
ORDER BY i.exposure_number
