-- typed: one row is one procedure (a session or a course), its cells as text and as values.
--   start_*, end_*   first and last day, as intervals; an end before the start is left empty
--   sessions         number of sessions the row stands for
--   present          false: stated not to have been done; true when nothing is said; NULL when not understood
--   end_read         the end as its cell says it
CREATE OR REPLACE TEMP TABLE typed AS
WITH reading AS (
  SELECT t.*, t.person_id_text AS person_id, r.name AS procedure,
         earliest_day(date_text) AS start_earliest, latest_day(date_text) AS start_latest,
         earliest_day(end_date_text) AS end_read, latest_day(end_date_text) AS end_read_latest,
         count_of(sessions_text) AS sessions,
         laterality_text AS laterality, intensity_text AS intensity, detail_text AS detail,
         CASE WHEN lower(stop_reason_text) IN ($procedure_stop_reason) THEN lower(stop_reason_text) END AS stop_reason,
         improvement_of(improvement_pct_text) AS improvement_pct,
         CASE WHEN lower(improvement_basis_text) IN ($procedure_improvement_basis)
              THEN lower(improvement_basis_text) END AS improvement_basis,
         CASE WHEN present_text IS NULL THEN TRUE ELSE truth_of(present_text) END AS present
  FROM row_text AS t
  LEFT JOIN resolved AS r ON r.text = t.procedure_text
)
SELECT *, coalesce(end_read_latest < start_earliest, FALSE) AS end_before_start,
       CASE WHEN end_before_start THEN NULL ELSE end_read END AS end_earliest,
       CASE WHEN end_before_start THEN NULL ELSE end_read_latest END AS end_latest
FROM reading;
