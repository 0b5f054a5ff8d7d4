-- One row is one row of the CDM's person table, its cells as values.
--   person_id
--   birth_earliest, birth_latest   birth date, as exact as the CDM gives it: a day, a month or a year
--   birth_given                    whether it gives one at all
--   sex, race, ethnicity           words of the record
--   gender_concept_id              concept of the sex, for the notes
WITH given AS (
    SELECT p.person_id, p.birth_datetime, p.gender_concept_id, p.race_concept_id, p.ethnicity_concept_id,
        coalesce(p.gender_source_value, '') AS gender_source_value, coalesce(p.race_source_value, '') AS race_source_value,
        coalesce(p.ethnicity_source_value, '') AS ethnicity_source_value,
        CASE WHEN p.birth_datetime IS NOT NULL OR p.year_of_birth IS NOT NULL THEN TRUE ELSE FALSE END AS birth_given,
        CASE WHEN p.year_of_birth BETWEEN 1850 AND 2199 THEN CAST(p.year_of_birth AS BIGINT) END AS year,
        CASE WHEN p.month_of_birth BETWEEN 1 AND 12 THEN CAST(p.month_of_birth AS BIGINT) END AS month,
        CASE WHEN p.day_of_birth BETWEEN 1 AND 31 THEN CAST(p.day_of_birth AS BIGINT) END AS day
    FROM cdm.person AS p
    WHERE p.person_id IS NOT NULL
),
month_known AS (
    SELECT g.*,
        CAST(CAST(g.year AS VARCHAR) || '-01-01' AS DATE) AS first_of_year,
        CAST(CAST(g.year AS VARCHAR) || '-12-31' AS DATE) AS last_of_year,
        CAST(CAST(g.year AS VARCHAR) || CASE WHEN g.month < 10 THEN '-0' ELSE '-' END || CAST(g.month AS VARCHAR) || '-01'
            AS DATE) AS first_of_month,
        CASE WHEN g.month = 12 THEN CAST(CAST(g.year AS VARCHAR) || '-12-31' AS DATE)
            ELSE CAST(CAST(g.year AS VARCHAR) || CASE WHEN g.month < 9 THEN '-0' ELSE '-' END
                || CAST(g.month + 1 AS VARCHAR) || '-01' AS DATE) - 1 END AS last_of_month
    FROM given AS g
),
born AS (
    SELECT m.*,
        CASE WHEN m.birth_datetime IS NOT NULL THEN m.birth_datetime
            WHEN m.day IS NOT NULL AND m.month IS NOT NULL THEN m.first_of_month + CAST(m.day - 1 AS INTEGER)
            WHEN m.month IS NOT NULL THEN m.first_of_month ELSE m.first_of_year END AS earliest,
        CASE WHEN m.birth_datetime IS NOT NULL THEN m.birth_datetime
            WHEN m.day IS NOT NULL AND m.month IS NOT NULL THEN m.first_of_month + CAST(m.day - 1 AS INTEGER)
            WHEN m.month IS NOT NULL THEN m.last_of_month ELSE m.last_of_year END AS latest
    FROM month_known AS m
),
-- the 31st of a month of 30 days is no date
read AS (
    SELECT b.*,
        CASE WHEN b.birth_datetime IS NULL AND coalesce(b.latest > b.last_of_month, FALSE)
                AND b.day IS NOT NULL AND b.month IS NOT NULL THEN FALSE
            WHEN b.earliest BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN TRUE
            ELSE FALSE END AS is_date
    FROM born AS b
)
SELECT r.person_id, CASE WHEN r.is_date THEN r.earliest END AS birth_earliest,
    CASE WHEN r.is_date THEN r.latest END AS birth_latest, r.birth_given,
    s.word AS sex, a.word AS race, e.word AS ethnicity, r.gender_concept_id
FROM read AS r
LEFT JOIN wording.word AS s
    ON s.field = 'sex' AND s.concept_id = r.gender_concept_id AND s.source_value = r.gender_source_value
LEFT JOIN wording.word AS a
    ON a.field = 'race' AND a.concept_id = r.race_concept_id AND a.source_value = r.race_source_value
LEFT JOIN wording.word AS e
    ON e.field = 'ethnicity' AND e.concept_id = r.ethnicity_concept_id AND e.source_value = r.ethnicity_source_value
