-- raw.person and raw.observation_period: a birth date is as exact as the person table gives it (a day, a month, a year).
INSERT INTO raw.person (person_id, birth_date, sex, race, ethnicity, source, source_row)
SELECT
    p.person_id,
    CASE
        WHEN p.birth_datetime IS NOT NULL THEN CAST(p.birth_datetime AS VARCHAR)
        -- a year that is none is handed on as it was written, so that it is listed
        WHEN p.year_of_birth NOT BETWEEN 1 AND 9999 THEN CAST(p.year_of_birth AS VARCHAR)
        WHEN p.day_of_birth BETWEEN 1 AND 31 AND p.month_of_birth BETWEEN 1 AND 12
            THEN printf('%04d-%02d-%02d', p.year_of_birth::INTEGER, p.month_of_birth::INTEGER, p.day_of_birth::INTEGER)
        WHEN p.month_of_birth BETWEEN 1 AND 12
            THEN printf('%04d-%02d', p.year_of_birth::INTEGER, p.month_of_birth::INTEGER)
        WHEN p.year_of_birth IS NOT NULL THEN printf('%04d', p.year_of_birth::INTEGER)
        ELSE p.birth_datetime_text
    END,
    coalesce(s.sex, CASE
        WHEN p.gender_concept_id = 0 AND upper(p.gender_source_value) IN ('F', 'FEMALE') THEN 'female'
        WHEN p.gender_concept_id = 0 AND upper(p.gender_source_value) IN ('M', 'MALE') THEN 'male'
    END),
    coalesce(r.concept_name, p.race_source_value),
    coalesce(e.concept_name, p.ethnicity_source_value),
    'person',
    p.person_id
FROM omop.person AS p
LEFT JOIN omop.sex AS s ON s.concept_id = p.gender_concept_id
LEFT JOIN omop.named_concept AS r ON r.concept_id = p.race_concept_id
LEFT JOIN omop.named_concept AS e ON e.concept_id = p.ethnicity_concept_id;

INSERT INTO raw.observation_period (person_id, start_date, end_date, source, source_row)
SELECT person_id, observation_period_start_date_text, observation_period_end_date_text, 'observation_period',
    observation_period_id
FROM omop.observation_period;
