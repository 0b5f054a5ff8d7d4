-- score: one row is one measured value: PHQ-9 (and MADRS where a specialist treats) at the start, in the middle and
-- at the end of a step, following the true course with noise; CRP once for a share of the persons.
CREATE OR REPLACE TEMP TABLE score AS
WITH course AS (
    SELECT
        s.number, s.episode, s.step, s.start_date, s.end_date, s.improvement, e.score,
        coalesce(lag(s.improvement) OVER (PARTITION BY s.number, s.episode ORDER BY s.step), 0) AS improvement_before
    FROM step AS s
    JOIN episode AS e ON e.number = s.number AND e.episode = s.episode
), occasion AS (
    SELECT number, episode, step, 1 AS place, start_date AS day, score * (100 - improvement_before) / 100.0 AS severity
    FROM course
    UNION ALL
    SELECT number, episode, step, 2, CAST(start_date + CAST((end_date - start_date) // 2 AS INTEGER) AS DATE),
        score * (100 - (improvement_before + improvement) / 2.0) / 100.0 FROM course
    UNION ALL
    SELECT number, episode, step, 3, end_date, score * (100 - improvement) / 100.0 FROM course
), drawn AS (
    SELECT o.*, person.specialist, bits(o.number, concat('score/', o.episode, '/', o.step, '/', o.place)) AS drawn
    FROM occasion AS o
    JOIN person ON person.number = o.number
    WHERE o.day BETWEEN person.observed_from AND person.observed_to
), valued AS (
    SELECT number, day, 'PHQ-9' AS measure, place, NULL AS unit, '=' AS sign,
        CAST(greatest(0, least(p.score_max, round(severity + p.score_noise * noise(drawn)))) AS DOUBLE) AS value
    FROM drawn CROSS JOIN setting.p AS p
    WHERE share(drawn, 0) < p.score_share
    UNION ALL
    SELECT number, day, 'MADRS', place, NULL, '=',
        CAST(greatest(0, least(p.madrs_max, round(severity * p.madrs_per_point + p.score_noise * noise(drawn)))) AS DOUBLE)
    FROM drawn CROSS JOIN setting.p AS p
    WHERE specialist AND place <> 2
    UNION ALL
    SELECT
        number, day, 'CRP', 0, CASE WHEN in_mg_dl THEN 'mg/dL' ELSE 'mg/L' END,
        CASE WHEN censored THEN '<' ELSE '=' END,
        round(CASE WHEN censored THEN crp_limit ELSE mg_l END * CASE WHEN in_mg_dl THEN mg_dl_per_mg_l ELSE 1 END, 3)
    FROM (
        SELECT person.number, x.drawn, p.crp_limit, p.mg_dl_per_mg_l,
            CAST(person.observed_from
                + spread(x.drawn, 1, greatest(0, person.observed_to - person.observed_from)) AS DATE) AS day,
            share(x.drawn, 2) < p.crp_in_mg_dl_share AS in_mg_dl,
            -- A product of even draws is skewed to the right, as CRP is.
            round(p.crp_lowest + p.crp_range * share(x.drawn, 3) * share(x.drawn, 4), 1) AS mg_l,
            share(x.drawn, 5) < p.crp_censored_share
                AND p.crp_lowest + p.crp_range * share(x.drawn, 3) * share(x.drawn, 4) < p.crp_limit AS censored
        FROM person
        CROSS JOIN setting.p AS p
        CROSS JOIN LATERAL (SELECT bits(person.number, 'CRP') AS drawn) AS x
        WHERE share(x.drawn, 0) < p.crp_share
    )
)
SELECT
    number,
    number * 10000 + row_number() OVER (PARTITION BY number ORDER BY day, measure, place, value) AS measurement_number,
    measure, day, value, unit, sign
FROM valued;
