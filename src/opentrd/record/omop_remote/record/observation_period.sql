-- record.observation_period: one row is one stretch of days on which the source would have seen the person.
--   person_id
--   start_date, end_date   first and last day; outside 1850 to 2199, or an end before the start, it is empty
WITH given AS (
    SELECT person_id,
        CASE WHEN observation_period_start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE)
            THEN observation_period_start_date END AS first_day,
        CASE WHEN observation_period_end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE)
            THEN observation_period_end_date END AS last_day
    FROM cdm.observation_period
    WHERE person_id IS NOT NULL
)
SELECT DISTINCT person_id, first_day AS start_date,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_date
FROM given
