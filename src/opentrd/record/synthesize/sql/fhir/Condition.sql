SELECT {
    resourceType: 'Condition', id: format('D{:011d}', c.condition_number),
    subject: {reference: 'Patient/' || person.person_id},
    clinicalStatus: {coding: [{system: 'http://terminology.hl7.org/CodeSystem/condition-clinical',
        code: CASE WHEN c.stated AND c.end_date IS NOT NULL THEN 'resolved' ELSE 'active' END}]},
    verificationStatus: {coding: [{system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'confirmed'}]},
    category: [{coding: [{system: 'http://terminology.hl7.org/CodeSystem/condition-category',
        code: CASE WHEN c.stated THEN 'problem-list-item' ELSE 'encounter-diagnosis' END}]}],
    code: {coding: [{system: 'http://hl7.org/fhir/sid/icd-10-cm', code: c.icd10cm}], text: d.name},
    onsetDateTime: CAST(c.start_date AS VARCHAR),
    abatementDateTime: CASE WHEN c.stated THEN CAST(c.end_date AS VARCHAR) END
} AS resource
FROM coded_condition AS c
JOIN person ON person.number = c.number
JOIN setting.diagnosis AS d ON d.icd10cm = c.icd10cm
ORDER BY c.condition_number
