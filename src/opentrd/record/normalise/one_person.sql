-- one_person: one row is one person of the person table; the person's rows are put together.
--   each field         the value on which the rows agree; NULL when none is given or they contradict each other
--   source, source_row   where the first of the rows came from
--   conflict_<field>   whether they contradict each other
CREATE OR REPLACE TEMP TABLE one_person AS
SELECT person_id, min_by(source, row_key) AS source, min_by(source_row, row_key) AS source_row,
       CASE WHEN min(birth_earliest) = max(birth_earliest) AND min(birth_latest) = max(birth_latest)
            THEN min(birth_earliest) END AS birth_earliest,
       CASE WHEN min(birth_earliest) = max(birth_earliest) AND min(birth_latest) = max(birth_latest)
            THEN min(birth_latest) END AS birth_latest,
       coalesce(min(birth_earliest) <> max(birth_earliest) OR min(birth_latest) <> max(birth_latest), FALSE)
         AS conflict_birth_date,
       CASE WHEN min(sex) = max(sex) THEN min(sex) END AS sex, min(sex) <> max(sex) AS conflict_sex,
       CASE WHEN min(race) = max(race) THEN min(race) END AS race, min(race) <> max(race) AS conflict_race,
       CASE WHEN min(ethnicity) = max(ethnicity) THEN min(ethnicity) END AS ethnicity,
       min(ethnicity) <> max(ethnicity) AS conflict_ethnicity,
       CASE WHEN min(language) = max(language) THEN min(language) END AS language,
       min(language) <> max(language) AS conflict_language,
       CASE WHEN min(socioeconomic) = max(socioeconomic) THEN min(socioeconomic) END AS socioeconomic,
       min(socioeconomic) <> max(socioeconomic) AS conflict_socioeconomic
FROM typed GROUP BY person_id;
