-- One row is one procedure_occurrence whose code is a procedure of the knowledge.
--   procedure_id, person_id, procedure
--   start_date, end_date   as the CDM gives them
--   quantity               as the CDM gives it
--   laterality, detail     side of a stimulation and names of the concepts
SELECT p.procedure_occurrence_id AS procedure_id, p.person_id, m.meaning AS procedure, p.procedure_date AS start_date,
    p.procedure_end_date AS end_date, p.quantity, n.laterality, n.detail
FROM cdm.procedure_occurrence AS p
JOIN mapping.meaning AS m
    ON m.kind = 'procedure' AND m.table_name = 'procedure_occurrence' AND m.concept_id = p.procedure_concept_id
    AND m.source_concept_id = p.procedure_source_concept_id AND m.source_value = p.procedure_source_value
LEFT JOIN mapping.procedure_name AS n
    ON n.concept_id = p.procedure_concept_id AND n.source_concept_id = p.procedure_source_concept_id
