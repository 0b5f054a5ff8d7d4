-- coded_condition: one row is one coded diagnosis. Depression is either a problem with a start and an end (empty while
-- it lasts), or a code at the visits where a treatment was begun; other diagnoses are codes of one day.
CREATE OR REPLACE TEMP TABLE coded_condition AS
WITH depression AS (
    SELECT e.number, e.episode, e.start_date, e.end_date, d.*
    FROM episode AS e
    JOIN setting.depression_code AS d ON e.score >= d.score_from AND e.score < d.score_to
), coded AS (
    SELECT
        d.number, 'depression' AS diagnosis, d.icd10cm, d.episode, 0 AS step,
        greatest(d.start_date, person.birth_date) AS start_date,
        CASE WHEN d.end_date <= person.observed_to THEN d.end_date END AS end_date, TRUE AS stated
    FROM depression AS d
    JOIN person ON person.number = d.number
    WHERE person.diagnosed AND person.stated_course AND d.start_date <= person.observed_to
      AND d.end_date >= person.observed_from
    UNION ALL
    SELECT d.number, 'depression', d.icd10cm, d.episode, s.step, s.start_date, s.start_date, FALSE
    FROM depression AS d
    JOIN person ON person.number = d.number
    JOIN step AS s ON s.number = d.number AND s.episode = d.episode
    CROSS JOIN setting.p AS p
    WHERE person.diagnosed AND NOT person.stated_course
      AND s.start_date BETWEEN person.observed_from AND person.observed_to
      AND (s.step = 1 OR share(bits(d.number, concat('visit/', d.episode, '/', s.step)), 0) < p.diagnosis_at_visit_share)
    UNION ALL
    SELECT person.number, o.diagnosis, o.icd10cm, 0, o.place, x.day, x.day, FALSE
    FROM person
    CROSS JOIN setting.other_diagnosis AS o
    CROSS JOIN LATERAL (SELECT bits(person.number, concat('diagnosis/', o.diagnosis)) AS drawn) AS b
    CROSS JOIN LATERAL (SELECT CAST(person.observed_from
        + spread(b.drawn, 1, greatest(0, person.observed_to - person.observed_from)) AS DATE) AS day) AS x
    WHERE share(b.drawn, 0) < o.person_share
)
SELECT
    number,
    number * 10000
        + row_number() OVER (PARTITION BY number ORDER BY start_date, diagnosis, episode, step) AS condition_number,
    diagnosis, icd10cm, start_date, end_date, stated
FROM coded;
