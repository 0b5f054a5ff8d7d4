-- typed: one row is one row of the person table, its cells as text and as values.
--   birth_*   birth date, as an interval
--   sex       female, male, other; f and m are read too
CREATE OR REPLACE TEMP TABLE typed AS
SELECT *, person_id_text AS person_id,
       earliest_day(birth_date_text) AS birth_earliest, latest_day(birth_date_text) AS birth_latest,
       CASE WHEN lower(sex_text) IN ($person_sex) THEN lower(sex_text)
            WHEN lower(sex_text) = 'f' THEN 'female' WHEN lower(sex_text) = 'm' THEN 'male' END AS sex,
       race_text AS race, ethnicity_text AS ethnicity, language_text AS language, socioeconomic_text AS socioeconomic
FROM row_text;
