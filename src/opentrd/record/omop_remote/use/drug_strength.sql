-- One row is one row of the CDM's drug_strength for a drug concept that the drug exposures use.
--   drug_concept_id, ingredient_concept_id                         the drug and one of its ingredients
--   amount_value, amount_unit_concept_id                           strength of a unit, as a tablet
--   numerator_value, numerator_unit_concept_id                     strength of a solution or a patch ...
--   denominator_value, denominator_unit_concept_id                 ... in so much of it
--   invalid_reason                                                 why the row no longer holds
SELECT s.drug_concept_id, s.ingredient_concept_id, s.amount_value, s.amount_unit_concept_id, s.numerator_value,
    s.numerator_unit_concept_id, s.denominator_value, s.denominator_unit_concept_id, s.invalid_reason
FROM cdm.drug_strength AS s
JOIN (SELECT DISTINCT concept_id FROM omop.concept_use WHERE table_name = 'drug_exposure') AS u
    ON u.concept_id = s.drug_concept_id
