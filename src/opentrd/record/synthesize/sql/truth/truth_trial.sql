-- One row is one true trial; recorded says whether at least one row of the record stems from it.
WITH shown AS (
    SELECT DISTINCT number, trial FROM issue
    UNION ALL
    SELECT number, trial FROM course
), base_trial AS (
    SELECT number, episode, base, min(trial) FILTER (kind = 'drug') AS base_trial FROM trial WHERE base > 0 GROUP BY ALL
)
SELECT
    person.person_id, t.trial, t.episode, t.kind, t.agent, t.true_start, t.true_end, t.days,
    round(t.days / 7.0, 1) AS weeks, t.top_dose_mg,
    t.top_dose_mg >= t.atrq_mg AS dose_adequate,
    CASE WHEN t.top_dose_mg < t.atrq_mg THEN 0 WHEN t.first_dose_mg < t.atrq_mg THEN t.days - CAST(p.titration_days AS BIGINT)
         WHEN t.atrq_mg IS NOT NULL THEN t.days END AS days_adequate,
    t.sessions, t.indication, t.adherence_pct / 100 AS adherence, t.improvement_pct, t.outcome, t.stop_reason,
    CASE WHEN t.kind <> 'drug' THEN b.base_trial END AS base_trial,
    s.trial IS NOT NULL AS recorded
FROM trial AS t
JOIN person ON person.number = t.number
CROSS JOIN setting.p AS p
LEFT JOIN base_trial AS b ON b.number = t.number AND b.episode = t.episode AND b.base = t.base
LEFT JOIN shown AS s ON s.number = t.number AND s.trial = t.trial
ORDER BY t.number, t.trial
