SELECT {
    resourceType: 'Patient', id: person_id, gender: sex, birthDate: CAST(birth_date AS VARCHAR),
    extension: list_filter([
        CASE WHEN race IS NOT NULL THEN {
            url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
            extension: [{url: 'text', valueString: race}]} END,
        CASE WHEN ethnicity IS NOT NULL THEN {
            url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity',
            extension: [{url: 'text', valueString: ethnicity}]} END], lambda x: x IS NOT NULL),
    communication: CASE WHEN language IS NOT NULL THEN [{
        language: {coding: [{system: 'urn:ietf:bcp:47', code: language}]}, preferred: TRUE}] END
} AS resource
FROM person ORDER BY number
