-- typed: one row is one exposure, its cells as text and as values.
--   start_*, end_*    first and last covered day, as intervals; an end before the start is left empty
--   daily_dose_mg     mg a day; g and mcg are converted
--   ongoing           left empty when an end is given, because the end says more
--   not_history       the status says that the drug was not taken, or not yet: the row is not used
--   dose_too_high     more than 20,000 mg a day: a slip of the unit or of the decimal point
--   end_read, dose_read, dose_factor, ongoing_read   what the cell says by itself: NULL is "not understood"
CREATE OR REPLACE TEMP TABLE dose_unit AS
SELECT * FROM (VALUES ('', 1.0), ('mg', 1.0), ('mg/d', 1.0), ('mg/day', 1.0), ('mg/24h', 1.0), ('mgperday', 1.0),
                      ('mgdaily', 1.0), ('milligram', 1.0), ('milligrams', 1.0),
                      ('g', 1000.0), ('g/d', 1000.0), ('g/day', 1000.0), ('g/24h', 1000.0),
                      ('mcg', 0.001), ('ug', 0.001), ('µg', 0.001), ('μg', 0.001), ('mcg/d', 0.001),
                      ('ug/d', 0.001), ('mcg/day', 0.001), ('ug/day', 0.001), ('mcg/24h', 0.001), ('ug/24h', 0.001)
             ) AS unit(unit, factor);

CREATE OR REPLACE TEMP TABLE unit_text AS
SELECT a.text, u.factor
FROM (SELECT DISTINCT coalesce(dose_unit_text, '') AS text FROM row_text) AS a
JOIN dose_unit AS u ON u.unit = replace(lower(a.text), ' ', '');

CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT t.*, t.person_id_text AS person_id, a.name AS agent, u.factor AS dose_factor,
         earliest_day(start_date_text) AS start_earliest, latest_day(start_date_text) AS start_latest,
         earliest_day(end_date_text) AS end_read, latest_day(end_date_text) AS end_read_latest,
         count_of(days_taken_text) AS days_taken, truth_of(ongoing_text) AS ongoing_read,
         CASE WHEN number_of(daily_dose_mg_text) >= 0 THEN number_of(daily_dose_mg_text) END AS dose_read,
         route_text AS route, form_text AS form, indication_text AS indication,
         CASE WHEN lower(status_text) IN ($exposure_status) THEN lower(status_text) END AS status,
         coalesce(regexp_replace(lower(status_text), '[\s_-]+', '-', 'g') IN ($not_history), FALSE) AS not_history,
         CASE WHEN lower(stop_reason_text) IN ($exposure_stop_reason) THEN lower(stop_reason_text) END AS stop_reason,
         improvement_of(improvement_pct_text) AS improvement_pct,
         CASE WHEN lower(improvement_basis_text) IN ($exposure_improvement_basis)
              THEN lower(improvement_basis_text) END AS improvement_basis,
         CASE WHEN number_of(adherence_text) BETWEEN 0 AND 1 THEN number_of(adherence_text) END AS adherence
  FROM row_text AS t
  LEFT JOIN resolved AS a ON a.text = t.agent_text
  LEFT JOIN unit_text AS u ON u.text = coalesce(t.dose_unit_text, '')
)
SELECT *, coalesce(end_read_latest < start_earliest, FALSE) AS end_before_start,
       CASE WHEN end_before_start THEN NULL ELSE end_read END AS end_earliest,
       CASE WHEN end_before_start THEN NULL ELSE end_read_latest END AS end_latest,
       CASE WHEN end_earliest IS NULL THEN ongoing_read END AS ongoing,
       coalesce(dose_read * dose_factor > 20000, FALSE) AS dose_too_high,
       CASE WHEN NOT dose_too_high THEN dose_read * dose_factor END AS daily_dose_mg
FROM reading;

INSERT INTO record.unread
SELECT source, source_row, 'ongoing', ongoing_text,
       'the row has an end_date as well; the end is used, ongoing is ignored'
FROM typed WHERE ongoing_read AND end_earliest IS NOT NULL AND agent IS NOT NULL AND NOT not_history;

INSERT INTO record.unread
SELECT source, source_row, 'daily_dose_mg', daily_dose_mg_text || coalesce(' ' || dose_unit_text, ''),
       'expected at most 20000 mg a day; field left empty'
FROM typed WHERE dose_too_high AND agent IS NOT NULL AND NOT not_history;

INSERT INTO record.unread
SELECT source, source_row, 'status', status_text, 'status ' || status_text || ': not history, row not used'
FROM typed WHERE not_history;
