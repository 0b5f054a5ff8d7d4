-- typed: one row is one condition, its cells as text and as values.
--   start_*, end_*   first and last day, as intervals; an end before the start is left empty
--   course           as the reader says, else: span (a start and a later end), point (start and end are one
--                    and the same date), open (no end stated). An end that is stated but not understood does not
--                    make the row open: point.
--   present          false: ruled out; true when nothing is said; NULL when not understood
--   end_read         the end as its cell says it
CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT t.*, t.person_id_text AS person_id, r.name AS condition,
         earliest_day(start_date_text) AS start_earliest, latest_day(start_date_text) AS start_latest,
         earliest_day(end_date_text) AS end_read, latest_day(end_date_text) AS end_read_latest,
         CASE WHEN lower(course_text) IN ($condition_course) THEN lower(course_text) END AS course_read,
         CASE WHEN present_text IS NULL THEN TRUE ELSE truth_of(present_text) END AS present
  FROM row_text AS t
  LEFT JOIN resolved AS r ON r.text = t.condition_text
), bounded AS (
  SELECT *, coalesce(end_read_latest < start_earliest, FALSE) AS end_before_start,
         CASE WHEN end_before_start THEN NULL ELSE end_read END AS end_earliest,
         CASE WHEN end_before_start THEN NULL ELSE end_read_latest END AS end_latest
  FROM reading
)
SELECT *,
       CASE WHEN course_read IS NOT NULL THEN course_read
            WHEN end_date_text IS NULL THEN 'open'
            WHEN end_earliest IS NULL THEN 'point'
            WHEN start_earliest = end_earliest AND start_latest = end_latest THEN 'point'
            ELSE 'span' END AS course
FROM bounded;
