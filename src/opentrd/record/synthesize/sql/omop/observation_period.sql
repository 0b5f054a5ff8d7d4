SELECT
    number AS observation_period_id, number AS person_id, observed_from AS observation_period_start_date,
    observed_to AS observation_period_end_date, CAST(32817 AS BIGINT) AS period_type_concept_id
FROM person ORDER BY number
