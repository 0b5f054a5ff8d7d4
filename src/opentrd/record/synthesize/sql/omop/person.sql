SELECT
    number AS person_id, CAST(coalesce(sex_concept_id, 0) AS BIGINT) AS gender_concept_id,
    year(birth_date) AS year_of_birth, month(birth_date) AS month_of_birth, day(birth_date) AS day_of_birth,
    CAST(birth_date AS TIMESTAMP) AS birth_datetime,
    CAST(coalesce(race_concept_id, 0) AS BIGINT) AS race_concept_id,
    CAST(coalesce(ethnicity_concept_id, 0) AS BIGINT) AS ethnicity_concept_id,
    CAST(NULL AS BIGINT) AS location_id, CAST(NULL AS BIGINT) AS provider_id, CAST(NULL AS BIGINT) AS care_site_id,
    person_id AS person_source_value, sex AS gender_source_value, CAST(0 AS BIGINT) AS gender_source_concept_id,
    race AS race_source_value, CAST(0 AS BIGINT) AS race_source_concept_id,
    ethnicity AS ethnicity_source_value, CAST(0 AS BIGINT) AS ethnicity_source_concept_id
FROM person ORDER BY number
