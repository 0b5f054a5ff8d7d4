-- step: one row is one treatment step of an episode, in order: start or switch of a base drug, or an addition to it.
--   outcome, improvement   what it truly brought: percent from the untreated severity of the episode
--   strategy               switch, augment, combine, ect, rtms, psychotherapy, esketamine
--   pool                   group of agents the drug is taken from; null for a procedure
--   base                   number of the base drug inside the episode (0: none yet)
--   start_date, end_date   first and last day; a step begins on the day after the step before it
CREATE OR REPLACE TEMP TABLE step AS
WITH candidate AS (
    SELECT
        person.number, person.onset, episode, step,
        CASE WHEN person.resistant THEN 'resistant' ELSE 'ordinary' END AS patient,
        bits(person.number, concat('step/', episode, '/', step)) AS drawn
    FROM person
    CROSS JOIN setting.p AS p
    CROSS JOIN unnest(range(1, person.episodes + 1)) AS e(episode)
    CROSS JOIN unnest(range(1, CAST(p.step_most AS BIGINT) + 1)) AS s(step)
), judged AS (
    SELECT
        c.*, o.*,
        o.last OR share(c.drawn, 1) < p.drop_out_share AS ends,
        raw.strategy AS first_choice
    FROM candidate AS c
    CROSS JOIN setting.p AS p
    CROSS JOIN setting.last_step AS e
    JOIN setting.outcome_share_slot AS os
        ON os.patient = c.patient AND os.step = least(c.step, e.outcome_share) AND os.slot = part(c.drawn, 0)
    JOIN setting.outcome AS o ON o.outcome = os.outcome
    JOIN setting.strategy_slot AS raw ON raw.step = least(c.step, e.strategy) AND raw.slot = part(c.drawn, 2)
), kept AS (
    -- A step is taken only while no earlier one has ended the treatment of the episode.
    SELECT *
    FROM judged
    QUALIFY coalesce(max(CAST(ends AS INTEGER)) OVER (
        PARTITION BY number, episode ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) = 0
), chosen AS (
    -- Nothing is added to a drug that was not tolerated or not taken, nor where no drug was begun.
    SELECT
        *,
        CASE WHEN lag(next_is_switch) OVER steps THEN 'switch'
             WHEN step = 2 AND lag(first_choice) OVER steps = 'psychotherapy' THEN 'switch'
             ELSE first_choice END AS planned
    FROM kept
    WINDOW steps AS (PARTITION BY number, episode ORDER BY step)
), pooled AS (
    SELECT
        c.*,
        CASE WHEN c.planned = 'switch' THEN pool.pool END AS switch_pool,
        last_value(CASE WHEN c.planned = 'switch' THEN pool.pool END IGNORE NULLS) OVER (
            PARTITION BY c.number, c.episode ORDER BY c.step
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS pool_before
    FROM chosen AS c
    CROSS JOIN setting.last_step AS e
    JOIN setting.pool_slot AS pool ON pool.step = least(c.step, e.pool) AND pool.slot = part(c.drawn, 5)
), decided AS (
    -- No second antidepressant is given together with a MAOI.
    SELECT
        *,
        CASE WHEN planned = 'combine' AND pool_before = 'MAOI' THEN 'augment' ELSE planned END AS strategy
    FROM pooled
), timed AS (
    SELECT
        d.*,
        CASE strategy WHEN 'switch' THEN switch_pool WHEN 'combine' THEN 'other'
                      WHEN 'augment' THEN 'augmenting' WHEN 'esketamine' THEN 'esketamine' END AS pool,
        CAST(sessions.value AS INTEGER) AS sessions,
        CASE strategy
            WHEN 'ect' THEN CAST(sessions.value AS INTEGER) * p.session_days_ect
            WHEN 'rtms' THEN CAST(sessions.value AS INTEGER) * p.session_days_rtms
            WHEN 'psychotherapy' THEN CAST(sessions.value AS INTEGER) * p.session_days_psychotherapy
            ELSE days_lowest + spread(drawn, 3, days_highest - days_lowest) END AS days,
        CASE WHEN step = 1 THEN p.delay_lowest + spread(bits(number, concat('episode/', episode)), 0, p.delay_range)
             WHEN strategy = 'switch' AND 'MAOI' IN (switch_pool, coalesce(pool_before, '')) THEN p.maoi_washout_days
             ELSE 0 END AS wait_days,
        CASE WHEN step = 1 AND episode > 1
             THEN p.remission_lowest + spread(bits(number, concat('episode/', episode)), 2, p.remission_range)
             ELSE 0 END AS well_days
    FROM decided AS d
    CROSS JOIN setting.p AS p
    LEFT JOIN setting.choice_slot AS sessions
        ON sessions.choice = 'sessions_' || d.strategy AND sessions.slot = part(d.drawn, 4)
), placed AS (
    SELECT
        *,
        CAST(onset + CAST(sum(well_days + wait_days + days) OVER (PARTITION BY number ORDER BY episode, step)
            - days AS INTEGER) AS DATE) AS start_date
    FROM timed
)
SELECT
    number, CAST(episode AS INTEGER) AS episode, CAST(step AS INTEGER) AS step, strategy, pool, outcome,
    last AS recovered, stop_reason, sessions, wait_days, start_date,
    CAST(start_date + CAST(days - 1 AS INTEGER) AS DATE) AS end_date,
    improvement_lowest + spread(bits(number, concat('improvement/', episode, '/', step)), 0,
        improvement_highest - improvement_lowest + 1) AS improvement,
    adherence_lowest + spread(bits(number, concat('improvement/', episode, '/', step)), 1,
        adherence_highest - adherence_lowest + 1) AS adherence,
    CAST(count_if(strategy = 'switch') OVER (PARTITION BY number, episode ORDER BY step) AS INTEGER) AS base
FROM placed;
