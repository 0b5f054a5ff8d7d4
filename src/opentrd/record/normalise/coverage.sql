-- typed: one row is one stretch of days over which the source keeps one table for one person.
--   table_name             record table
--   start_date, end_date   first and last day; of a month or a year the narrowest reading, because only
--                          what is certain is covered
CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT *, person_id_text AS person_id,
         latest_day(start_date_text) AS start_date, earliest_day(end_date_text) AS end_read,
         latest_day(end_date_text) AS end_read_latest, earliest_day(start_date_text) AS start_earliest,
         CASE WHEN lower(table_text) IN ($record_tables) THEN lower(table_text) END AS table_name
  FROM row_text
)
SELECT *, coalesce(end_read_latest < start_earliest, FALSE) AS end_before_start,
       CASE WHEN end_before_start THEN NULL ELSE end_read END AS end_date
FROM reading;

INSERT INTO record.unread
SELECT source, source_row, 'table', coalesce(table_text, ''),
       'expected one of ' || $record_tables_text || '; row not used'
FROM typed WHERE table_name IS NULL;
