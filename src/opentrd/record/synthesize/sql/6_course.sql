-- course: one row is one course of ECT, rTMS or psychotherapy that lies inside the observation.
--   every                  days from one session to the next
CREATE OR REPLACE TEMP TABLE course AS
SELECT
    t.number,
    t.number * 10000 + row_number() OVER (PARTITION BY t.number ORDER BY t.trial) AS procedure_number,
    t.trial, t.agent AS procedure, t.true_start AS start_date, t.true_end AS end_date, t.sessions,
    CAST(CASE t.agent WHEN 'ECT' THEN p.session_days_ect WHEN 'rTMS' THEN p.session_days_rtms
                      ELSE p.session_days_psychotherapy END AS INTEGER) AS every,
    CASE WHEN t.agent = 'ECT' THEN side.value END AS laterality,
    CASE WHEN share(t.recorded_draw, 2) < p.stop_reason_share THEN t.stop_reason END AS stop_reason,
    CASE WHEN share(t.recorded_draw, 3) < p.improvement_share THEN t.improvement_pct END AS improvement_pct,
    CASE WHEN share(t.recorded_draw, 3) < p.improvement_share THEN basis.value END AS improvement_basis
FROM trial AS t
JOIN person ON person.number = t.number
CROSS JOIN setting.p AS p
JOIN setting.choice_slot AS side ON side.choice = 'laterality' AND side.slot = part(t.recorded_draw, 1)
JOIN setting.choice_slot AS basis ON basis.choice = 'improvement_basis' AND basis.slot = part(t.recorded_draw, 4)
WHERE t.kind IN ('procedure', 'psychotherapy')
  AND t.true_start >= person.observed_from AND t.true_end <= person.observed_to;
