-- raw.procedure: one row is one procedure_occurrence.
INSERT INTO raw.procedure (
    procedure_id, person_id, procedure, date, end_date, sessions, laterality, detail, source, source_row
)
SELECT
    p.procedure_occurrence_id, p.person_id, m.meaning, p.procedure_date_text, p.procedure_end_date_text,
    CASE WHEN p.quantity > 0 THEN CAST(TRY_CAST(p.quantity AS BIGINT) AS VARCHAR) END,
    n.laterality, n.detail, 'procedure_occurrence', p.procedure_occurrence_id
FROM omop.procedure_occurrence AS p
JOIN omop.meaning AS m
    ON m.kind = 'procedure' AND m.table_name = 'procedure_occurrence' AND m.concept_id = p.procedure_concept_id
    AND m.source_concept_id = p.procedure_source_concept_id AND m.source_value = p.procedure_source_value
LEFT JOIN omop.procedure_name AS n
    ON n.concept_id = p.procedure_concept_id AND n.source_concept_id = p.procedure_source_concept_id;
