SELECT
    person_id, CAST(birth_date AS VARCHAR) AS birth_date, sex, race, ethnicity, language,
    CAST(NULL AS VARCHAR) AS socioeconomic
FROM person ORDER BY number
