-- issue: one row is one supply of a drug (dispensing, prescription or administration), as the record keeps it:
-- inside the observation, with gaps, early refills and missing fields.
--   exposure_number        id: person number * 10000 + order within the person
--   end_date, daily_dose_mg    null where the record does not keep them; without an end there is no dose either
--   stop_reason ... adherence  on the last issue of a trial, for a share of the trials
CREATE OR REPLACE TEMP TABLE issue AS
WITH planned AS (
    SELECT
        t.number, t.trial, t.agent, t.kind, t.true_start, t.true_end, t.top_dose_mg, t.first_dose_mg, t.titrated,
        t.stop_reason,
        t.unit_mg, t.route, t.form, t.indication, t.improvement_pct, t.adherence_pct, t.outcome, t.recorded_draw,
        person.observed_from, person.observed_to, person.dispensed, CAST(i AS INTEGER) AS i,
        CASE WHEN t.agent = 'esketamine' THEN 1 ELSE person.supply_days END AS supply,
        CASE WHEN t.agent = 'esketamine' THEN CAST(p.esketamine_interval_days AS INTEGER) ELSE person.supply_days END AS every,
        bits(t.number, concat('issue/', coalesce(t.episode, 0), '/', coalesce(t.step, 0), '/', i)) AS drawn
    FROM trial AS t
    JOIN person ON person.number = t.number
    CROSS JOIN setting.p AS p
    CROSS JOIN unnest(range(0, t.days // CASE WHEN t.agent = 'esketamine' THEN 1 ELSE person.supply_days END + 2)) AS n(i)
    WHERE t.kind NOT IN ('procedure', 'psychotherapy')
), dated AS (
    SELECT
        q.*,
        CASE WHEN i = 0 AND titrated THEN CAST(p.titration_days AS INTEGER) ELSE supply END AS days,
        CAST(true_start + CASE
            WHEN i = 0 THEN 0
            WHEN agent = 'esketamine' THEN i * every
            ELSE CASE WHEN titrated THEN CAST(p.titration_days AS INTEGER) ELSE supply END + (i - 1) * every
                 -- The full dose begins when the titration ends, so that first refill is in time.
                 + CASE WHEN i = 1 AND titrated THEN 0 ELSE CAST(refill.value AS INTEGER) END END AS DATE) AS start_date
    FROM planned AS q
    CROSS JOIN setting.p AS p
    JOIN setting.choice_slot AS refill ON refill.choice = 'refill_days' AND refill.slot = part(q.drawn, 0)
    WHERE i = 0 OR share(q.drawn, 1) >= CASE WHEN q.outcome = 'nonadherence' THEN p.skipped_issue_share_nonadherent
                                             ELSE p.skipped_issue_share END
), seen AS (
    SELECT
        *,
        least(CAST(start_date + days - 1 AS DATE), true_end, observed_to) AS supply_end,
        lead(i) OVER (PARTITION BY number, trial ORDER BY start_date, i) IS NULL AND true_end <= observed_to AS closes,
        row_number() OVER (PARTITION BY number ORDER BY start_date, trial, i) AS nth
    FROM dated
    WHERE start_date <= true_end AND start_date BETWEEN observed_from AND observed_to
)
SELECT
    s.number, s.number * 10000 + nth AS exposure_number, trial, agent, kind, start_date,
    CASE WHEN NOT end_missing THEN supply_end END AS end_date,
    CASE WHEN NOT (end_missing OR share(s.recorded_draw, 0) < p.dose_missing_trial_share
                   OR share(s.drawn, 3) < p.dose_missing_row_share)
         THEN CASE WHEN i = 0 AND titrated THEN first_dose_mg ELSE top_dose_mg END END AS daily_dose_mg,
    unit_mg, route, form,
    CASE WHEN kind = 'other use' OR share(s.recorded_draw, 1) < p.indication_share THEN indication END AS indication,
    CASE WHEN agent = 'esketamine' THEN 'administered' WHEN dispensed THEN 'dispensed' ELSE 'prescribed' END AS status,
    CASE WHEN closes AND share(s.recorded_draw, 2) < p.stop_reason_share THEN stop_reason END AS stop_reason,
    CASE WHEN closes AND share(s.recorded_draw, 3) < p.improvement_share THEN improvement_pct END AS improvement_pct,
    CASE WHEN closes AND share(s.recorded_draw, 3) < p.improvement_share AND improvement_pct IS NOT NULL
         THEN basis.value END AS improvement_basis,
    CASE WHEN closes AND share(s.recorded_draw, 5) < p.adherence_share THEN adherence_pct / 100 END AS adherence
FROM seen AS s
CROSS JOIN setting.p AS p
CROSS JOIN LATERAL (SELECT share(s.drawn, 2) < p.end_missing_row_share AND s.agent <> 'esketamine' AS end_missing) AS m
JOIN setting.choice_slot AS basis ON basis.choice = 'improvement_basis' AND basis.slot = part(s.recorded_draw, 4);
