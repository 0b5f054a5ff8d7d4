-- What goes wrong in a CDM, spread over a typed one by a hash of the row: ends, doses, dates and ids that cannot be.
UPDATE cdm.drug_exposure SET drug_exposure_end_date = drug_exposure_start_date WHERE hash(drug_exposure_id, 1) % 7 = 0;
UPDATE cdm.drug_exposure SET drug_exposure_end_date = NULL WHERE hash(drug_exposure_id, 2) % 11 = 0;
UPDATE cdm.drug_exposure SET drug_exposure_end_date = DATE '9999-12-31' WHERE hash(drug_exposure_id, 3) % 41 = 0;
UPDATE cdm.drug_exposure SET drug_exposure_end_date = drug_exposure_start_date - 5 WHERE hash(drug_exposure_id, 4) % 43 = 0;
UPDATE cdm.drug_exposure SET drug_exposure_start_date = DATE '1700-01-01' WHERE hash(drug_exposure_id, 5) % 97 = 0;
UPDATE cdm.drug_exposure SET drug_exposure_end_date = drug_exposure_start_date + CAST(days_supply AS INTEGER)
WHERE hash(drug_exposure_id, 6) % 23 = 0;
UPDATE cdm.drug_exposure SET quantity = -5 WHERE hash(drug_exposure_id, 7) % 37 = 0;
UPDATE cdm.drug_exposure SET quantity = 30000 WHERE hash(drug_exposure_id, 8) % 31 = 0;
UPDATE cdm.drug_exposure SET quantity = 'NaN' WHERE hash(drug_exposure_id, 9) % 47 = 0;
UPDATE cdm.drug_exposure SET quantity = 17 WHERE hash(drug_exposure_id, 10) % 5 = 0;
UPDATE cdm.drug_exposure SET days_supply = 0 WHERE hash(drug_exposure_id, 11) % 29 = 0;
UPDATE cdm.drug_exposure SET days_supply = 900000, drug_exposure_end_date = NULL WHERE hash(drug_exposure_id, 12) % 53 = 0;
UPDATE cdm.drug_exposure SET stop_reason = ' Inefficacy ' WHERE hash(drug_exposure_id, 13) % 17 = 0;
UPDATE cdm.drug_exposure SET stop_reason = 'Side Effects' WHERE hash(drug_exposure_id, 14) % 19 = 0;
UPDATE cdm.drug_exposure SET route_concept_id = 0, route_source_value = ' ÖRAL ' WHERE hash(drug_exposure_id, 15) % 23 = 0;
UPDATE cdm.drug_exposure SET route_concept_id = 4262099 WHERE hash(drug_exposure_id, 16) % 27 = 0;
UPDATE cdm.drug_exposure SET drug_type_concept_id = 999 WHERE hash(drug_exposure_id, 17) % 31 = 0;
UPDATE cdm.drug_exposure SET person_id = 880000 + person_id % 3 WHERE hash(drug_exposure_id, 18) % 101 = 0;
UPDATE cdm.drug_exposure SET drug_concept_id = 0, drug_source_value = 'Zoloft' WHERE hash(drug_exposure_id, 19) % 61 = 0;
INSERT INTO cdm.drug_exposure FROM cdm.drug_exposure WHERE hash(drug_exposure_id, 20) % 67 = 0;
INSERT INTO cdm.drug_exposure SELECT * REPLACE (drug_exposure_start_date + 3 AS drug_exposure_start_date)
FROM cdm.drug_exposure WHERE hash(drug_exposure_id, 21) % 71 = 0 AND drug_exposure_start_date > DATE '1850-01-01';

UPDATE cdm.condition_occurrence SET condition_end_date = condition_start_date - 1 WHERE hash(condition_occurrence_id, 1) % 13 = 0;
UPDATE cdm.condition_occurrence SET condition_start_date = DATE '2500-01-01' WHERE hash(condition_occurrence_id, 2) % 17 = 0;
UPDATE cdm.condition_occurrence SET condition_concept_id = 0, condition_source_value = 'F33.1 ' WHERE hash(condition_occurrence_id, 3) % 7 = 0;
UPDATE cdm.procedure_occurrence SET quantity = 2.5 WHERE hash(procedure_occurrence_id, 1) % 7 = 0;
UPDATE cdm.procedure_occurrence SET quantity = 0.5 WHERE hash(procedure_occurrence_id, 2) % 11 = 0;
UPDATE cdm.procedure_occurrence SET quantity = 99999 WHERE hash(procedure_occurrence_id, 3) % 13 = 0;

UPDATE cdm.measurement SET value_as_number = NULL, value_source_value = ' 12.50 ' WHERE hash(measurement_id, 1) % 7 = 0;
UPDATE cdm.measurement SET value_as_number = NULL, value_source_value = '.5e1' WHERE hash(measurement_id, 2) % 11 = 0;
UPDATE cdm.measurement SET value_as_number = NULL, value_source_value = '<3' WHERE hash(measurement_id, 3) % 13 = 0;
UPDATE cdm.measurement SET value_as_number = 'NaN', value_source_value = NULL WHERE hash(measurement_id, 4) % 17 = 0;
UPDATE cdm.measurement SET value_as_number = 500 WHERE hash(measurement_id, 5) % 19 = 0;
UPDATE cdm.measurement SET value_as_number = 33.3333333333 WHERE hash(measurement_id, 6) % 23 = 0;
UPDATE cdm.measurement SET unit_concept_id = 0, unit_source_value = ' {Score} ' WHERE hash(measurement_id, 7) % 11 = 0;
UPDATE cdm.measurement SET operator_concept_id = 4171756 WHERE hash(measurement_id, 8) % 13 = 0;
UPDATE cdm.measurement SET measurement_date = DATE '1849-12-31' WHERE hash(measurement_id, 9) % 29 = 0;

UPDATE cdm.person SET month_of_birth = 13 WHERE hash(person_id, 1) % 13 = 0;
UPDATE cdm.person SET month_of_birth = 2, day_of_birth = 31 WHERE hash(person_id, 2) % 11 = 0;
UPDATE cdm.person SET day_of_birth = NULL WHERE hash(person_id, 3) % 5 = 0;
UPDATE cdm.person SET month_of_birth = NULL, day_of_birth = NULL WHERE hash(person_id, 4) % 7 = 0;
UPDATE cdm.person SET year_of_birth = 1700 WHERE hash(person_id, 5) % 23 = 0;
UPDATE cdm.person SET year_of_birth = NULL WHERE hash(person_id, 6) % 29 = 0;
UPDATE cdm.person SET gender_concept_id = 0, gender_source_value = ' f' WHERE hash(person_id, 7) % 11 = 0;
UPDATE cdm.person SET race_concept_id = 0, race_source_value = ' Ärztin ' WHERE hash(person_id, 8) % 5 = 0;
INSERT INTO cdm.person FROM cdm.person WHERE hash(person_id, 9) % 17 = 0;
INSERT INTO cdm.person SELECT * REPLACE (year_of_birth + 1 AS year_of_birth) FROM cdm.person WHERE hash(person_id, 10) % 19 = 0;
INSERT INTO cdm.observation_period FROM cdm.observation_period WHERE hash(person_id, 11) % 7 = 0;
UPDATE cdm.observation_period SET observation_period_end_date = DATE '2015-01-01' WHERE hash(person_id, 12) % 11 = 0;
DELETE FROM cdm.observation_period WHERE hash(person_id, 13) % 13 = 0;
