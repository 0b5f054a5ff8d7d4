-- course: one row is one course of a procedure (neurostimulation, infusions, psychotherapy).
--   person_id, procedure, grp
--   course_no    number of the course, by start
--   sure_start, sure_end, may_start, may_end   first and last day, certain and possible
--   sessions     recorded sessions: the sum of recorded numbers; rows without a number count one
--   laterality   bilateral when any session is; else unilateral when known; null: not known
--   stop_reason, improvement_pct, improvement_basis   of the last row
WITH used AS (
  SELECT p.*, k.grp, a.anchor,
         coalesce(p.start_earliest, a.observed_from, a.anchor) AS may_start,
         coalesce(p.end_latest, p.start_latest, a.anchor) AS may_last
  FROM record.procedure AS p
  JOIN assess.as_of AS a ON a.person_id = p.person_id
  JOIN knowledge.procedure_kind AS k ON k.procedure = p.procedure
  WHERE coalesce(p.present, TRUE) AND coalesce(p.start_earliest <= a.anchor, TRUE)
    AND k.grp IN ('neurostimulation', 'infusion', 'psychotherapy')
), ordered AS (
  SELECT *, max(may_last) OVER (PARTITION BY person_id, procedure ORDER BY may_start, may_last, procedure_id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM used
), numbered AS (
  SELECT o.*,
         sum(CASE WHEN covered_to IS NULL THEN 1
                  WHEN date_diff('day', covered_to, may_start) - 1 > g.value THEN 1 ELSE 0 END)
           OVER (PARTITION BY person_id, procedure ORDER BY may_start, may_last, procedure_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS course_no
  FROM ordered AS o JOIN knowledge.parameter AS g ON g.parameter = 'course_gap_days'
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, procedure, course_no
                               ORDER BY may_start DESC, may_last DESC, procedure_id DESC) AS from_end
  FROM numbered
)
SELECT person_id, CAST(procedure AS VARCHAR) AS procedure, CAST(max(grp) AS VARCHAR) AS grp, CAST(course_no AS BIGINT) AS course_no,
       CAST(min(start_latest) AS DATE) AS sure_start,
       CAST(max(coalesce(end_earliest, start_latest)) AS DATE) AS sure_end,
       CAST(min(may_start) AS DATE) AS may_start,
       CAST(max(CASE WHEN may_last > anchor THEN anchor ELSE may_last END) AS DATE) AS may_end,
       CAST(sum(coalesce(sessions, 1)) AS BIGINT) AS sessions,
       CAST(CASE WHEN max(CASE WHEN lower(laterality) IN ('bilateral', 'bitemporal', 'bifrontal') THEN 1 ELSE 0 END) = 1 THEN 'bilateral'
                 WHEN max(CASE WHEN laterality IS NULL THEN 1 ELSE 0 END) = 1 THEN NULL
                 ELSE 'unilateral' END AS VARCHAR) AS laterality,
       CAST(max(CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN stop_reason END) AS VARCHAR) AS stop_reason,
       CAST(max(CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN improvement_pct END) AS DOUBLE) AS improvement_pct,
       CAST(max(CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN improvement_basis END) AS VARCHAR) AS improvement_basis
FROM ranked GROUP BY person_id, procedure, course_no
