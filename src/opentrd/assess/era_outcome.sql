-- era_outcome: one row is one era with what its last exposure says about how it ended.
--   person_id, agent, use_no, era_no   which era
--   stop_reason, improvement_pct, improvement_basis, adherence   of the last exposure (latest start, latest end); rows with the same
--                dates that contradict each other leave the cell unknown; improvements that do leave inefficacy and remission unknown too
--   start_known  false when one of its exposures has no start
WITH placed AS (  -- a date that is not known comes before all others
  SELECT e.use_no, e.person_id, e.agent, e.era_no, i.stop_reason, i.improvement_pct, i.improvement_basis, i.adherence, i.start_known,
         coalesce(i.start_latest, CAST('0001-01-01' AS DATE)) AS start_latest, coalesce(i.end_latest, CAST('0001-01-01' AS DATE)) AS end_latest
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.may_start BETWEEN e.may_start AND e.may_end
), last_start AS (
  SELECT use_no, era_no, max(start_latest) AS start_latest, min(CASE WHEN start_known THEN 1 ELSE 0 END) AS start_known
  FROM placed GROUP BY use_no, era_no
), last_rows AS (
  SELECT p.*, s.start_known AS all_known, max(p.end_latest) OVER (PARTITION BY p.use_no, p.era_no) AS last_end
  FROM placed AS p
  JOIN last_start AS s ON s.use_no = p.use_no AND s.era_no = p.era_no AND s.start_latest = p.start_latest
)
SELECT person_id, agent, use_no, era_no,
       CAST(CASE WHEN min(stop_reason) <> max(stop_reason) THEN NULL
                 WHEN min(improvement_pct) <> max(improvement_pct) AND min(stop_reason) IN ('inefficacy', 'remission') THEN NULL
                 ELSE min(stop_reason) END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN min(improvement_pct) = max(improvement_pct) THEN min(improvement_pct) END AS DOUBLE) AS improvement_pct,
       CAST(CASE WHEN min(improvement_basis) = max(improvement_basis) THEN min(improvement_basis) END AS VARCHAR) AS improvement_basis,
       CAST(CASE WHEN min(adherence) = max(adherence) THEN min(adherence) END AS DOUBLE) AS adherence,
       CAST(min(all_known) = 1 AS BOOLEAN) AS start_known
FROM last_rows WHERE end_latest = last_end
GROUP BY person_id, agent, use_no, era_no
