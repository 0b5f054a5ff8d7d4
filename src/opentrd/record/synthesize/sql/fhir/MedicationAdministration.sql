SELECT {
    resourceType: 'MedicationAdministration', id: format('E{:011d}', i.exposure_number), status: 'completed',
    statusReason: CASE WHEN i.stop_reason IS NOT NULL THEN [{text: i.stop_reason}] END,
    medicationCodeableConcept: {
        coding: [{system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: g.rxnorm, display: i.agent}], text: i.agent},
    subject: {reference: 'Patient/' || person.person_id},
    effectivePeriod: {start: CAST(i.start_date AS VARCHAR), "end": CAST(i.end_date AS VARCHAR)},
    reasonCode: CASE WHEN i.indication IS NOT NULL THEN [{text: i.indication}] END,
    dosage: CASE WHEN i.daily_dose_mg IS NOT NULL THEN {route: {text: i.route},
        dose: {value: i.daily_dose_mg, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg'}} END
} AS resource
FROM issue AS i
JOIN person ON person.number = i.number
JOIN setting.ingredient AS g ON g.agent = i.agent
WHERE i.status = 'administered'
ORDER BY i.exposure_number
