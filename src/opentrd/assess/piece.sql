-- piece: one row is one piece of continuous use that is certain, inside an era of the gap rule `trial`.
--   person_id, agent, era_no   which era
--   start_date, end_date       first and last certain day
WITH certain AS (
  SELECT person_id, agent, chain_no, min(start_date) AS start_date, max(end_date) AS end_date
  FROM assess.chain WHERE gap_rule = 'trial' AND bound = 'sure'
  GROUP BY person_id, agent, chain_no
)
SELECT c.person_id, c.agent, e.era_no, CAST(c.start_date AS DATE) AS start_date, CAST(c.end_date AS DATE) AS end_date
FROM certain AS c
JOIN assess.era AS e ON e.gap_rule = 'trial' AND e.person_id = c.person_id AND e.agent = c.agent AND c.start_date BETWEEN e.may_start AND e.may_end
