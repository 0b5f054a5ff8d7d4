-- failure: one row is one trial and one value of the parameter `failure` by which it possibly failed.
--   look_no    the trial (looked_at)
--   failure_place   the value (multiverse.grid)
--   surely     1: it certainly failed; 0: possibly
--   on_low, on_high   earliest and latest day on which the failure counts
WITH inefficacy AS (  -- a stop for inefficacy says that the improvement stayed below this
  SELECT max_improvement_pct AS below FROM knowledge.failure_rule WHERE failure_rule = 'below_50'
), answered AS (
  SELECT t.look_no, g.place, coalesce(t.sure_end, t.may_start) AS on_low, t.may_end AS on_high,
         CASE WHEN g.basis = 'any' THEN TRUE
              WHEN g.basis = 'stop' THEN t.stop_reason = 'inefficacy'
              WHEN t.improvement_pct < g.number THEN TRUE
              WHEN t.improvement_pct >= g.number THEN FALSE
              WHEN t.stop_reason = 'inefficacy' AND g.number >= i.below THEN TRUE
              WHEN t.stop_reason = 'remission' THEN FALSE END AS failed
  FROM multiverse.looked_at AS t
  JOIN multiverse.grid AS g ON g.parameter = 'failure' AND g.basis <> 'switch'
  CROSS JOIN inefficacy AS i
)
SELECT look_no, CAST(place AS BIGINT) AS failure_place, CAST(CASE WHEN failed THEN 1 ELSE 0 END AS BIGINT) AS surely,
       CAST(on_low AS DATE) AS on_low, CAST(on_high AS DATE) AS on_high
FROM answered WHERE coalesce(failed, TRUE)
UNION ALL
SELECT f.look_no, f.failure_place, f.surely, f.on_low, CAST(coalesce(f.on_high, a.anchor) AS DATE)
FROM multiverse.followed AS f
JOIN multiverse.looked_at AS t ON t.look_no = f.look_no
JOIN multiverse.person AS p ON p.person_no = t.person_no
JOIN assess.as_of AS a ON a.person_id = p.person_id
