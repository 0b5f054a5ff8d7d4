-- era_outcome: one row is one era of the gap rule `trial`, with what its last exposure says about how it ended.
--   person_id, agent, era_no
--   stop_reason, improvement_pct, improvement_basis, adherence   of the last exposure (latest start, latest end); rows with the same
--                dates that contradict each other leave the cell unknown; improvements that do leave inefficacy and remission unknown too
--   exposures    number of exposure rows in the era
WITH placed AS (
  SELECT e.person_id, e.agent, e.era_no, i.stop_reason, i.improvement_pct, i.improvement_basis, i.adherence,
         rank() OVER (PARTITION BY e.person_id, e.agent, e.era_no ORDER BY i.start_latest DESC NULLS LAST, i.end_latest DESC NULLS LAST) AS from_end,
         count(*) OVER (PARTITION BY e.person_id, e.agent, e.era_no) AS exposures
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.may_start BETWEEN e.may_start AND e.may_end
  WHERE e.gap_rule = 'trial'
)
SELECT person_id, agent, era_no,
       CAST(CASE WHEN min(stop_reason) <> max(stop_reason) THEN NULL
                 WHEN min(improvement_pct) <> max(improvement_pct) AND min(stop_reason) IN ('inefficacy', 'remission') THEN NULL
                 ELSE min(stop_reason) END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN min(improvement_pct) = max(improvement_pct) THEN min(improvement_pct) END AS DOUBLE) AS improvement_pct,
       CAST(CASE WHEN min(improvement_basis) = max(improvement_basis) THEN min(improvement_basis) END AS VARCHAR) AS improvement_basis,
       CAST(CASE WHEN min(adherence) = max(adherence) THEN min(adherence) END AS DOUBLE) AS adherence,
       CAST(max(exposures) AS BIGINT) AS exposures
FROM placed WHERE from_end = 1
GROUP BY person_id, agent, era_no
