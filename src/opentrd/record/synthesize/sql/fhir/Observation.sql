SELECT {
    resourceType: 'Observation', id: format('M{:011d}', s.measurement_number), status: 'final',
    code: {coding: CASE WHEN c.system = 'LOINC' THEN [{system: 'http://loinc.org', code: c.code, display: c.display}] END,
        text: s.measure},
    subject: {reference: 'Patient/' || person.person_id},
    effectiveDateTime: CAST(s.day AS VARCHAR),
    valueQuantity: {
        value: s.value, comparator: CASE WHEN s.sign <> '=' THEN s.sign END, unit: coalesce(s.unit, '{score}'),
        system: 'http://unitsofmeasure.org', code: coalesce(s.unit, '{score}')}
} AS resource
FROM score AS s
JOIN person ON person.number = s.number
JOIN setting.coded AS c ON c."table" = 'measurement' AND c.name = s.measure
ORDER BY s.measurement_number
