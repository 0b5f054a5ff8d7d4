-- one row: how many drug trials say how they ended
-- trials: drug trials; improved: those with a recorded improvement
-- recorded: those with a recorded improvement or a stop for inefficacy or remission
SELECT
    count(*) AS trials,
    CAST(coalesce(sum(CASE WHEN improvement_pct IS NOT NULL OR stop_reason IN ('inefficacy', 'remission') THEN 1 ELSE 0 END), 0) AS BIGINT)
        AS recorded,
    count(improvement_pct) AS improved
FROM trial
WHERE kind = 'drug'
