-- record.procedure: one row is one procedure_occurrence whose code is a procedure of the knowledge.
--   procedure_id, person_id, procedure
--   start_earliest, start_latest, end_earliest, end_latest   first and last day; outside 1850 to 2199, or an end before
--              the start, it is empty
--   sessions     number of sessions: the quantity; empty below 1 and above 45,000
--   laterality   side of a stimulation, from the concept's name
--   detail       the names of the concepts
--   present      true
--   intensity, stop_reason, improvement_pct, improvement_basis   the CDM does not have them
WITH dated AS (
    SELECT p.procedure_id, p.person_id, p.procedure, p.laterality, p.detail,
        CASE WHEN p.quantity > 0.5 AND p.quantity <= 45000.5 THEN CAST(p.quantity AS BIGINT) END AS sessions,
        CASE WHEN p.start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN p.start_date END AS first_day,
        CASE WHEN p.end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN p.end_date END AS last_day
    FROM omop.procedure_row AS p
    WHERE p.person_id IS NOT NULL
)
SELECT procedure_id, person_id, procedure, first_day AS start_earliest, first_day AS start_latest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_earliest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_latest,
    sessions, laterality, CAST(NULL AS VARCHAR) AS intensity, detail, CAST(NULL AS VARCHAR) AS stop_reason,
    CAST(NULL AS DOUBLE) AS improvement_pct, CAST(NULL AS VARCHAR) AS improvement_basis, TRUE AS present
FROM dated
