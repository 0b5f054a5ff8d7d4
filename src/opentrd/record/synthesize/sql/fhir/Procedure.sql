-- One resource is one session of a course; the outcome is not written, as FHIR has no field for a percentage.
SELECT {
    resourceType: 'Procedure', id: format('R{:011d}-{:02d}', r.procedure_number, session + 1), status: 'completed',
    code: {coding: [{
        system: CASE c.system WHEN 'SNOMED' THEN 'http://snomed.info/sct' WHEN 'CPT4' THEN 'http://www.ama-assn.org/go/cpt'
                              WHEN 'HCPCS' THEN 'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets' END,
        code: CAST(c.code AS VARCHAR)}], text: r.procedure},
    subject: {reference: 'Patient/' || person.person_id},
    performedDateTime: CAST(CAST(r.start_date + CAST(session * r.every AS INTEGER) AS DATE) AS VARCHAR),
    bodySite: CASE WHEN r.laterality IS NOT NULL THEN [{text: r.laterality}] END
} AS resource
FROM course AS r
JOIN person ON person.number = r.number
JOIN setting.coded AS c ON c."table" = 'procedure' AND c.name = r.procedure
CROSS JOIN unnest(range(0, r.sessions)) AS s(session)
ORDER BY r.procedure_number, session
