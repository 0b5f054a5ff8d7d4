-- piece: one row is one piece of continuous use that is certain, inside an era of the gap rule `trial`.
--   person_id, agent, era_no   which era
--   start_date, end_date       first and last certain day
WITH certain AS (
  SELECT person_id, agent, chain_no, min(start_date) AS start_date, max(end_date) AS end_date
  FROM assess.chain WHERE gap_rule = 'trial' AND bound = 'sure'
  GROUP BY person_id, agent, chain_no
)
SELECT person_id, agent, era_no, sure_start AS start_date, bridged_end AS end_date
FROM assess.era WHERE gap_rule = 'trial' AND bound = 'both'
UNION ALL
SELECT c.person_id, c.agent, e.era_no, CAST(c.start_date AS DATE), CAST(c.end_date AS DATE)
FROM certain AS c
JOIN assess.era AS e ON e.gap_rule = 'trial' AND e.bound = 'may' AND e.person_id = c.person_id AND e.agent = c.agent
  AND c.start_date BETWEEN e.may_start AND e.may_end
