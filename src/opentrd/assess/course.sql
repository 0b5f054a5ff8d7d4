-- course: one row is one course of a procedure (neurostimulation, infusions, psychotherapy).
--   person_id, procedure, grp
--   course_no    number of the course, by start
--   sure_start, sure_end, may_start, may_end   first and last day, certain and possible
--   start_known  false: a row does not say when it began
--   supply_end   last certain day before the first pause;  last_issue  start of the last session
--   days_low, days_high   days covered, certain and possible
--   sessions     recorded sessions: the sum of recorded numbers, a row without a number counts one, the same dates twice once; null: not
--                counted (one row, or a row over several days, without a number)
--   laterality   bilateral when any session is; else unilateral when known; null: not known
--   stop_reason, improvement_pct, improvement_basis   of the last row; rows with the same dates that contradict each
--                other leave the cell unknown
WITH used AS (
  SELECT p.*, k.grp, a.anchor,
         coalesce(p.start_earliest, a.first_day, a.anchor) AS may_start,
         CASE WHEN coalesce(p.end_latest, p.start_latest, a.anchor) > a.anchor THEN a.anchor
              ELSE coalesce(p.end_latest, p.start_latest, a.anchor) END AS may_last,
         CASE WHEN coalesce(p.end_earliest, p.start_latest) > a.anchor THEN a.anchor ELSE coalesce(p.end_earliest, p.start_latest) END AS last_certain
  FROM record.procedure AS p
  JOIN assess.as_of AS a ON a.person_id = p.person_id
  JOIN knowledge.procedure_kind AS k ON k.procedure = p.procedure
  WHERE coalesce(p.present, TRUE) AND coalesce(p.start_earliest <= a.anchor, TRUE)
    AND k.grp IN ('neurostimulation', 'infusion', 'psychotherapy')
), ordered AS (  -- a row whose latest start lies after its certain end has no certain day
  SELECT *, CASE WHEN start_latest <= last_certain THEN start_latest END AS sure_first,
         CASE WHEN start_latest <= last_certain THEN last_certain END AS sure_last,
         max(may_last) OVER (PARTITION BY person_id, procedure ORDER BY may_start, may_last, procedure_id
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM used
), numbered AS (
  SELECT o.*,
         sum(CASE WHEN covered_to IS NULL THEN 1
                  WHEN date_diff('day', covered_to, may_start) - 1 > g.value THEN 1 ELSE 0 END)
           OVER (PARTITION BY person_id, procedure ORDER BY may_start, may_last, procedure_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS course_no,
         CASE WHEN covered_to IS NULL OR covered_to < may_start THEN date_diff('day', may_start, may_last) + 1
              WHEN covered_to < may_last THEN date_diff('day', covered_to, may_last) ELSE 0 END AS may_days
  FROM ordered AS o JOIN knowledge.parameter AS g ON g.parameter = 'course_gap_days'
), ranked AS (
  SELECT *, rank() OVER (PARTITION BY person_id, procedure, course_no
                         ORDER BY start_latest DESC NULLS LAST, end_latest DESC NULLS LAST) AS from_end,
         row_number() OVER (PARTITION BY person_id, procedure, course_no, start_earliest, start_latest, end_earliest, end_latest
                            ORDER BY sessions DESC NULLS LAST, procedure_id) AS nth_of_dates,
         max(sure_last) OVER (PARTITION BY person_id, procedure, course_no ORDER BY sure_first NULLS LAST, sure_last, procedure_id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS surely_to
  FROM numbered
)
SELECT person_id, CAST(procedure AS VARCHAR) AS procedure, CAST(max(grp) AS VARCHAR) AS grp, CAST(course_no AS BIGINT) AS course_no,
       CAST(min(sure_first) AS DATE) AS sure_start,
       CAST(min(CASE WHEN start_earliest IS NULL THEN 0 ELSE 1 END) = 1 AS BOOLEAN) AS start_known,
       CAST(max(sure_last) AS DATE) AS sure_end,
       CAST(coalesce(min(CASE WHEN surely_to < sure_first - 1 THEN surely_to END), max(sure_last)) AS DATE) AS supply_end,
       CAST(max(sure_first) AS DATE) AS last_issue,
       CAST(sum(CASE WHEN sure_first IS NULL THEN 0
                     WHEN surely_to IS NULL OR surely_to < sure_first THEN date_diff('day', sure_first, sure_last) + 1
                     WHEN surely_to < sure_last THEN date_diff('day', surely_to, sure_last) ELSE 0 END) AS BIGINT) AS days_low, CAST(sum(may_days) AS BIGINT) AS days_high,
       CAST(min(may_start) AS DATE) AS may_start,
       CAST(max(may_last) AS DATE) AS may_end,
       CAST(CASE WHEN max(CASE WHEN sessions IS NULL AND coalesce(end_latest <> start_latest, end_latest IS NOT NULL) THEN 1 ELSE 0 END) = 1 THEN NULL
                 WHEN sum(CASE WHEN nth_of_dates = 1 THEN 1 ELSE 0 END) > 1 OR max(sessions) IS NOT NULL
                 THEN sum(CASE WHEN nth_of_dates = 1 THEN coalesce(sessions, 1) ELSE 0 END) END AS BIGINT) AS sessions,
       CAST(CASE WHEN max(CASE WHEN lower(laterality) IN ('bilateral', 'bitemporal', 'bifrontal') THEN 1 ELSE 0 END) = 1 THEN 'bilateral'
                 WHEN max(CASE WHEN laterality IS NULL THEN 1 ELSE 0 END) = 1 THEN NULL
                 ELSE 'unilateral' END AS VARCHAR) AS laterality,
       CAST(CASE WHEN min(last_stop) <> max(last_stop) THEN NULL
                 WHEN min(last_improvement) <> max(last_improvement) AND min(last_stop) IN ('inefficacy', 'remission') THEN NULL
                 ELSE min(last_stop) END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN min(last_improvement) = max(last_improvement) THEN min(last_improvement) END AS DOUBLE) AS improvement_pct,
       CAST(CASE WHEN min(last_basis) = max(last_basis) THEN min(last_basis) END AS VARCHAR) AS improvement_basis
FROM (SELECT *, CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN stop_reason END AS last_stop,
             CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN improvement_pct END AS last_improvement,
             CASE WHEN from_end = 1 AND coalesce(end_latest <= anchor, TRUE) THEN improvement_basis END AS last_basis
      FROM ranked) AS r
GROUP BY person_id, procedure, course_no
