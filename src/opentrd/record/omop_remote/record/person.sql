-- record.person: one row is one person that any table names; the rows of one person are put together.
--   person_id
--   birth_earliest, birth_latest   birth date, as an interval; empty when the person's rows contradict each other
--   sex, race, ethnicity           the value on which the person's rows agree
--   language, socioeconomic        the CDM does not have them
WITH one AS (
    SELECT person_id,
        CASE WHEN min(birth_earliest) = max(birth_earliest) AND min(birth_latest) = max(birth_latest)
            THEN min(birth_earliest) END AS birth_earliest,
        CASE WHEN min(birth_earliest) = max(birth_earliest) AND min(birth_latest) = max(birth_latest)
            THEN min(birth_latest) END AS birth_latest,
        CASE WHEN min(sex) = max(sex) THEN min(sex) END AS sex,
        CASE WHEN min(race) = max(race) THEN min(race) END AS race,
        CASE WHEN min(ethnicity) = max(ethnicity) THEN min(ethnicity) END AS ethnicity
    FROM omop.person_row
    GROUP BY person_id
),
seen AS (
    SELECT person_id FROM one
    UNION
    SELECT person_id FROM record.observation_period
    UNION
    SELECT person_id FROM record.exposure
    UNION
    SELECT person_id FROM record.condition
    UNION
    SELECT person_id FROM record.procedure
    UNION
    SELECT person_id FROM record.measurement
)
SELECT s.person_id, o.birth_earliest, o.birth_latest, o.sex, o.race, o.ethnicity, CAST(NULL AS VARCHAR) AS language,
    CAST(NULL AS VARCHAR) AS socioeconomic
FROM seen AS s
LEFT JOIN one AS o ON o.person_id = s.person_id
