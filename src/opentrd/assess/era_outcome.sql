-- era_outcome: one row is one era of the gap rule `trial`, with what its last exposure says about how it ended.
--   person_id, agent, era_no
--   stop_reason, improvement_pct, improvement_basis, adherence   of the last exposure (latest start, latest end, id)
--   exposures    number of exposure rows in the era
WITH placed AS (
  SELECT e.person_id, e.agent, e.era_no, i.stop_reason, i.improvement_pct, i.improvement_basis, i.adherence,
         row_number() OVER (PARTITION BY e.person_id, e.agent, e.era_no
                            ORDER BY i.start_latest DESC NULLS LAST, i.end_latest DESC NULLS LAST, i.exposure_id DESC) AS from_end,
         count(*) OVER (PARTITION BY e.person_id, e.agent, e.era_no) AS exposures
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.may_start BETWEEN e.may_start AND e.may_end
  WHERE e.gap_rule = 'trial'
)
SELECT person_id, agent, era_no, stop_reason, improvement_pct, improvement_basis, adherence, CAST(exposures AS BIGINT) AS exposures
FROM placed WHERE from_end = 1
