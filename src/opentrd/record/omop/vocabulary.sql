-- Standard concepts of the OMOP vocabulary that stand for a word of the record tables. These are names, not
-- facts about patients; a concept that is not here leaves its field empty.
--   sex, sign, drug_status, route_name: concept_id and the record's word
--   unit_mg: concept_id of a mass unit and how many milligrams it is
--   code_system: vocabulary_id of the CDM and the code system of the record; ``kind`` is icd for prefix matching
CREATE TABLE omop.sex AS
SELECT * FROM (VALUES (8507, 'male'), (8532, 'female'), (8521, 'other'), (8570, 'other')) AS v (concept_id, sex);

CREATE TABLE omop.sign AS
SELECT * FROM (
    VALUES (4171756, '<'), (4171754, '<'), (4172703, '='), (4172704, '>'), (4171755, '>')
) AS v (concept_id, sign);

CREATE TABLE omop.drug_status AS
SELECT * FROM (
    VALUES
        (38000175, 'dispensed'),     -- prescription dispensed in pharmacy
        (38000176, 'dispensed'),     -- prescription dispensed through mail order
        (32825, 'dispensed'),        -- EHR dispensing record
        (32869, 'dispensed'),        -- pharmacy claim
        (38000177, 'prescribed'),    -- prescription written
        (32838, 'prescribed'),       -- EHR prescription
        (38000179, 'administered'),  -- physician administered drug (identified as procedure)
        (38000180, 'administered'),  -- inpatient administration
        (32818, 'administered'),     -- EHR administration record
        (44787730, 'reported'),      -- patient self-reported medication
        (32865, 'reported')          -- patient self-report
) AS v (concept_id, status);

CREATE TABLE omop.route_name AS
SELECT * FROM (
    VALUES (4132161, 'oral'), (4262099, 'transdermal'), (4171047, 'intravenous'), (4262914, 'nasal'),
        (4302612, 'intramuscular')
) AS v (concept_id, route);

CREATE TABLE omop.unit_mg AS
SELECT * FROM (VALUES (8576, 'MG', 1.0), (9655, 'MCG', 0.001), (9655, 'UG', 0.001), (8504, 'G', 1000.0))
    AS v (concept_id, unit, mg);

CREATE TABLE omop.code_system AS
SELECT * FROM (
    VALUES
        ('ICD10CM', 'ICD10CM', 'icd'), ('ICD10', 'ICD10', 'icd'), ('ICD10GM', 'ICD10', 'icd'),
        ('ICD10CN', 'ICD10', 'icd'), ('CIM10', 'ICD10', 'icd'), ('KCD7', 'ICD10', 'icd'),
        ('SNOMED', 'SNOMED', ''), ('LOINC', 'LOINC', ''), ('CPT4', 'CPT4', ''), ('HCPCS', 'HCPCS', ''),
        ('ICD10PCS', 'ICD10PCS', ''), ('ICD9Proc', 'ICD9Proc', ''), ('OPCS4', 'OPCS4', ''),
        ('RxNorm', 'RxNorm', ''), ('ATC', 'ATC', '')
) AS v (vocabulary_id, system, kind);
