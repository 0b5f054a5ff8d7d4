-- as_of: one row is one person, with the day up to which the record is read.
--   person_id      the person
--   as_of          last day that is used: the day asked for, else the end of observation, else the last dated row
--   anchor         as_of; in a record without any date, a stand-in day that only orders undated rows (never shown)
--   first_day      first day that any row or observation period speaks of
--   observed_from  first observed day: start of observation, else the first dated row
--   observed_to    last observed day up to as_of
--   age_low        completed years at as_of, lower bound
--   age_high       completed years at as_of, upper bound
WITH dated AS (
  SELECT person_id, coalesce(start_earliest, end_earliest) AS first_day, coalesce(end_latest, start_latest) AS last_day FROM record.exposure
  UNION ALL
  SELECT person_id, coalesce(start_earliest, end_earliest), coalesce(end_latest, start_latest) FROM record.procedure
  UNION ALL
  SELECT person_id, coalesce(start_earliest, end_earliest), coalesce(end_latest, start_latest) FROM record.condition
  UNION ALL
  SELECT person_id, date_earliest, date_latest FROM record.measurement
), rows_span AS (
  SELECT person_id, min(first_day) AS first_day, max(last_day) AS last_day FROM dated GROUP BY person_id
), observed AS (
  SELECT person_id, min(start_date) AS first_day, max(end_date) AS last_day
  FROM record.observation_period GROUP BY person_id
), chosen AS (
  SELECT p.person_id, p.birth_earliest, p.birth_latest,
         coalesce(q.as_of, o.last_day, r.last_day) AS as_of,
         coalesce(o.first_day, r.first_day) AS observed_from,
         CASE WHEN o.first_day < r.first_day THEN o.first_day ELSE coalesce(r.first_day, o.first_day) END AS first_day,
         coalesce(o.last_day, r.last_day) AS last_day
  FROM record.person AS p
  CROSS JOIN record.request AS q
  LEFT JOIN observed AS o ON o.person_id = p.person_id
  LEFT JOIN rows_span AS r ON r.person_id = p.person_id
)
SELECT person_id,
       CAST(as_of AS DATE) AS as_of,
       CAST(coalesce(as_of, CAST('2000-01-01' AS DATE)) AS DATE) AS anchor,
       CAST(first_day AS DATE) AS first_day,
       CAST(observed_from AS DATE) AS observed_from,
       CAST(CASE WHEN last_day > as_of THEN as_of ELSE last_day END AS DATE) AS observed_to,
       CAST(EXTRACT(YEAR FROM as_of) - EXTRACT(YEAR FROM birth_latest)
            - CASE WHEN EXTRACT(MONTH FROM as_of) * 100 + EXTRACT(DAY FROM as_of)
                        < EXTRACT(MONTH FROM birth_latest) * 100 + EXTRACT(DAY FROM birth_latest)
                   THEN 1 ELSE 0 END AS BIGINT) AS age_low,
       CAST(EXTRACT(YEAR FROM as_of) - EXTRACT(YEAR FROM birth_earliest)
            - CASE WHEN EXTRACT(MONTH FROM as_of) * 100 + EXTRACT(DAY FROM as_of)
                        < EXTRACT(MONTH FROM birth_earliest) * 100 + EXTRACT(DAY FROM birth_earliest)
                   THEN 1 ELSE 0 END AS BIGINT) AS age_high
FROM chosen
