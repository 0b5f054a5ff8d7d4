-- One row is one session of a course.
SELECT
    r.procedure_number * 100 + session AS procedure_occurrence_id, r.number AS person_id, c.concept_id AS procedure_concept_id,
    CAST(r.start_date + CAST(session * r.every AS INTEGER) AS DATE) AS procedure_date,
    CAST(r.start_date + CAST(session * r.every AS INTEGER) AS TIMESTAMP) AS procedure_datetime,
    CAST(r.start_date + CAST(session * r.every AS INTEGER) AS DATE) AS procedure_end_date,
    CAST(NULL AS TIMESTAMP) AS procedure_end_datetime, CAST(32817 AS BIGINT) AS procedure_type_concept_id,
    CAST(0 AS BIGINT) AS modifier_concept_id, CAST(1 AS INTEGER) AS quantity, CAST(NULL AS BIGINT) AS provider_id,
    CAST(NULL AS BIGINT) AS visit_occurrence_id, CAST(NULL AS BIGINT) AS visit_detail_id,
    concat(c.system, ':', c.code) AS procedure_source_value, CAST(0 AS BIGINT) AS procedure_source_concept_id,
    r.laterality AS modifier_source_value
FROM course AS r
JOIN setting.coded AS c ON c."table" = 'procedure' AND c.name = r.procedure
CROSS JOIN unnest(range(0, r.sessions)) AS s(session)
ORDER BY r.procedure_number, session
