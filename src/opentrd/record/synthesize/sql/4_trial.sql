-- trial: one row is one true treatment trial. A base drug lasts from its step to the end of what is added to it.
--   trial                  number within the person, in order of start
--   top_dose_mg            highest daily dose that was reached; first_dose_mg: that of the first days, when titrated
--   dose_adequate          does the highest dose reach the minimum of the ATRQ; null without a minimum there
--   outcome, improvement_pct, stop_reason, adherence_pct    the truth, at the end of the trial
CREATE OR REPLACE TEMP TABLE trial AS
WITH grouped AS (
    SELECT
        s.*,
        max(end_date) OVER base_days AS base_end,
        last_value(outcome) OVER base_days AS base_outcome,
        last_value(recovered) OVER base_days AS base_recovered,
        last_value(stop_reason) OVER base_days AS base_stop_reason,
        last_value(improvement) OVER base_days AS base_improvement,
        last_value(step) OVER base_days > step AND strategy = 'switch' AS has_addition,
        lead(pool) OVER (PARTITION BY number, episode, strategy ORDER BY step) AS next_pool,
        row_number() OVER (PARTITION BY number, pool ORDER BY episode, step) - 1 AS earlier_in_pool,
        bits(number, concat('trial/', episode, '/', step)) AS drawn
    FROM step AS s
    WINDOW base_days AS (PARTITION BY number, episode, base ORDER BY step
                         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), treated AS (
    -- An agent comes again only when its pool is exhausted: the person's first agent is drawn, the others follow in turn.
    SELECT
        g.*, a.agent, a.unit_mg, a.route, a.form, a.usual_mg, a.highest_mg, d.multiple, m.atrq_mg, m.canmat_mg,
        CASE WHEN g.strategy = 'switch' AND g.next_pool <> 'MAOI' AND g.pool <> 'MAOI' AND g.outcome <> 'intolerance'
                  AND share(g.drawn, 0) < p.cross_taper_share
             THEN CAST(p.cross_taper_lowest AS INTEGER) + spread(g.drawn, 1, p.cross_taper_range) ELSE 0 END AS taper_days,
        share(g.drawn, 2) < p.titration_share AND d.multiple >= 1 AND g.pool <> 'esketamine' AS slow
    FROM grouped AS g
    CROSS JOIN setting.p AS p
    LEFT JOIN setting.agent_slot AS f ON f.pool = g.pool AND f.slot = part(bits(g.number, concat('pool/', g.pool)), 0)
    LEFT JOIN setting.pool_size AS size ON size.pool = g.pool
    LEFT JOIN setting.agent AS a
        ON a.pool = g.pool AND a.position = (f.position - 1 + g.earlier_in_pool) % size.agents + 1
    LEFT JOIN setting.minimum AS m ON m.agent = a.agent
    LEFT JOIN setting.dose_step_slot AS d ON d.pool = g.pool AND d.slot = part(g.drawn, 3)
), dosed AS (
    SELECT
        *,
        CAST(CASE WHEN strategy = 'switch' THEN base_end ELSE end_date END + taper_days AS DATE) AS true_end,
        least(highest_mg, greatest(unit_mg / 2,
            round(coalesce(usual_mg, atrq_mg, canmat_mg) * multiple / (unit_mg / 2)) * (unit_mg / 2))) AS goal_mg
    FROM treated
), other_use AS (
    SELECT
        person.number, o.agent, o.daily_dose_mg, o.indication, o.unit_mg,
        CAST(person.onset + CAST(p.other_use_from_days AS INTEGER)
            + spread(x.drawn, 2, p.other_use_from_range) AS DATE) AS true_start,
        CAST(p.other_use_days_lowest AS INTEGER) + spread(x.drawn, 3, p.other_use_days_range) AS days
    FROM person
    CROSS JOIN setting.p AS p
    CROSS JOIN LATERAL (SELECT bits(person.number, 'other use') AS drawn) AS x
    JOIN setting.other_use_slot AS o ON o.slot = part(x.drawn, 1)
    WHERE share(x.drawn, 0) < p.other_use_share
), together AS (
    SELECT
        number, episode, step, base,
        CASE strategy WHEN 'switch' THEN 'drug' WHEN 'combine' THEN 'combination'
                      WHEN 'augment' THEN 'augmentation' WHEN 'esketamine' THEN 'augmentation'
                      WHEN 'psychotherapy' THEN 'psychotherapy' ELSE 'procedure' END AS kind,
        coalesce(agent, CASE strategy WHEN 'ect' THEN 'ECT' WHEN 'rtms' THEN 'rTMS' ELSE strategy END) AS agent,
        start_date AS true_start, true_end, goal_mg, unit_mg, route, form, 'depression' AS indication,
        slow AND goal_mg > unit_mg AS titrated, atrq_mg, sessions, adherence AS adherence_pct,
        CASE WHEN has_addition AND base_recovered THEN base_outcome ELSE outcome END AS outcome,
        CASE WHEN has_addition AND base_recovered THEN base_improvement ELSE improvement END AS improvement_pct,
        CASE WHEN has_addition THEN CASE WHEN base_recovered THEN base_stop_reason ELSE 'inefficacy' END
             ELSE stop_reason END AS stop_reason
    FROM dosed
    UNION ALL
    SELECT
        o.number, NULL, NULL, NULL, 'other use', o.agent, o.true_start, CAST(o.true_start + o.days - 1 AS DATE),
        o.daily_dose_mg, o.unit_mg, 'oral', NULL, o.indication, FALSE, m.atrq_mg, NULL, 100, 'not for depression', NULL, NULL
    FROM other_use AS o
    LEFT JOIN setting.minimum AS m ON m.agent = o.agent
    WHERE NOT EXISTS (SELECT 1 FROM dosed AS d WHERE d.number = o.number AND d.agent = o.agent)
)
SELECT
    t.* EXCLUDE (goal_mg),
    CAST(row_number() OVER (PARTITION BY t.number ORDER BY t.true_start, t.step NULLS LAST) AS INTEGER) AS trial,
    t.true_end - t.true_start + 1 AS days,
    CASE WHEN t.titrated THEN greatest(t.unit_mg / 2, round(t.goal_mg / t.unit_mg) * t.unit_mg / 2) END AS first_dose_mg,
    CASE WHEN t.titrated AND t.true_end - t.true_start < p.titration_days
         THEN greatest(t.unit_mg / 2, round(t.goal_mg / t.unit_mg) * t.unit_mg / 2) ELSE t.goal_mg END AS top_dose_mg,
    bits(t.number, concat('recorded/', coalesce(t.episode, 0), '/', coalesce(t.step, 0))) AS recorded_draw
FROM together AS t
CROSS JOIN setting.p AS p;
