-- typed: one row is one measurement, its cells as text and as values.
--   date_*   the day, as an interval
--   value    number; outside the range that the measure can take it is left empty
--   sign     '<' and '>' as in a laboratory's "below 0.5"; also read from the value's first character; else '='
--   value_read, sign_read   what the cell says by itself
CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT t.*, t.person_id_text AS person_id, r.name AS measure,
         earliest_day(date_text) AS date_earliest, latest_day(date_text) AS date_latest,
         CASE WHEN left(value_text, 1) IN ('<', '>', '=') THEN number_of(text_of(substr(value_text, 2)))
              ELSE number_of(value_text) END AS value_read,
         unit_text AS unit, assay_text AS assay,
         CASE WHEN sign_text IN ($measurement_sign) THEN sign_text END AS sign_read,
         m.min_value, m.max_value,
         unit_text IS NULL OR m.unit IS NULL OR name_key(unit_text) = name_key(m.unit) AS same_unit
  FROM row_text AS t
  LEFT JOIN resolved AS r ON r.text = t.measure_text
  LEFT JOIN knowledge.measure AS m ON m.measure = r.name
)
SELECT *, coalesce(same_unit AND (value_read < min_value OR value_read > max_value), FALSE) AS out_of_range,
       CASE WHEN out_of_range THEN NULL ELSE value_read END AS value,
       CASE WHEN sign_text IS NOT NULL THEN sign_read
            WHEN left(value_text, 1) IN ('<', '>') THEN left(value_text, 1) ELSE '=' END AS sign
FROM reading;

INSERT INTO record.unread
SELECT source, source_row, 'value', value_text,
       'outside what ' || measure || ' can be; expected a number from ' || coalesce(CAST(min_value AS VARCHAR), 'any')
       || ' to ' || coalesce(CAST(max_value AS VARCHAR), 'any') || '; field left empty'
FROM typed WHERE out_of_range;
