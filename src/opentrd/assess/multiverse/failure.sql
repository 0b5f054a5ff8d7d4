-- failure: one row is one trial and one value of the parameter `failure`, other than a switch, by which it possibly failed.
--   look_no    the trial (looked_at)
--   failure_place   the value (multiverse.grid)
--   surely     1: it certainly failed; 0: possibly
--   on_low, on_high   earliest and latest day on which the failure counts
WITH answered AS (
  SELECT t.look_no, g.place, coalesce(t.sure_end, t.may_start) AS on_low, t.may_end AS on_high,
         CASE WHEN g.basis = 'any' THEN TRUE
              WHEN g.basis = 'stop' THEN t.stop_reason = 'inefficacy'
              WHEN t.improvement_pct < g.number THEN TRUE
              WHEN t.improvement_pct >= g.number THEN FALSE
              WHEN t.stop_reason = 'inefficacy' AND g.number >= b.inefficacy_below THEN TRUE
              WHEN t.stop_reason = 'remission' THEN FALSE END AS failed
  FROM multiverse.looked_at AS t
  JOIN multiverse.grid AS g ON g.parameter = 'failure' AND g.basis <> 'switch'
  CROSS JOIN multiverse.base AS b
)
SELECT look_no, CAST(place AS BIGINT) AS failure_place, CAST(CASE WHEN failed THEN 1 ELSE 0 END AS BIGINT) AS surely,
       CAST(on_low AS DATE) AS on_low, CAST(on_high AS DATE) AS on_high
FROM answered WHERE coalesce(failed, TRUE)
