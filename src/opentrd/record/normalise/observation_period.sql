-- typed: one row is one stretch of days on which the source would have seen the person.
--   start_date, end_date   first and last day; of a month or a year the widest reading
CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT *, person_id_text AS person_id,
         earliest_day(start_date_text) AS start_date, latest_day(end_date_text) AS end_read
  FROM row_text
)
SELECT *, coalesce(end_read < start_date, FALSE) AS end_before_start,
       CASE WHEN end_before_start THEN NULL ELSE end_read END AS end_date
FROM reading;
