-- episode: one row is one depressive episode as it truly was.
--   start_date, end_date   onset and last day; recovery comes during the last treatment, or it ends untreated
--   score                  PHQ-9 total at onset and without treatment, points
--   recovered              did the last step bring response or remission
CREATE OR REPLACE TEMP TABLE episode AS
SELECT
    s.number, s.episode,
    CAST(min(s.start_date - CAST(s.wait_days AS INTEGER)) FILTER (s.step = 1) AS DATE) AS start_date,
    CAST(CASE WHEN arg_max(s.recovered, s.step)
         THEN least(max(s.end_date), arg_max(s.start_date, s.step) + CAST(any_value(p.recovery_days) AS INTEGER))
         ELSE max(s.end_date) + CAST(any_value(p.unrecovered_days) AS INTEGER) END AS DATE) AS end_date,
    CAST(any_value(p.score_low) + spread(bits(s.number, concat('episode/', s.episode)), 1, any_value(p.score_range))
        AS INTEGER) AS score,
    CAST(count(*) AS INTEGER) AS steps,
    arg_max(s.recovered, s.step) AS recovered
FROM step AS s
CROSS JOIN setting.p AS p
GROUP BY s.number, s.episode;
