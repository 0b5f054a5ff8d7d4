-- record.condition: one row is one condition_occurrence, or one observation whose code is a condition.
--   condition_id, person_id, condition
--   start_earliest, start_latest, end_earliest, end_latest   first and last day; outside 1850 to 2199, or an end before
--              the start, it is empty
--   course    point: a dated code says nothing about how long
--   present   false when an observation says that it is not there
WITH dated AS (
    SELECT g.condition_id, g.person_id, g.condition, g.present,
        CASE WHEN g.start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN g.start_date END AS first_day,
        CASE WHEN g.end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN g.end_date END AS last_day
    FROM omop.condition_row AS g
    WHERE g.person_id IS NOT NULL
)
SELECT condition_id, person_id, condition, first_day AS start_earliest, first_day AS start_latest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_earliest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_latest,
    CAST('point' AS VARCHAR) AS course, present
FROM dated
