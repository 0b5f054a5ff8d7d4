-- piece: one row is one piece of continuous use that is certain, inside an era.
--   person_id, agent, era_no   which era
--   start_date, end_date       first and last certain day
--   use_no                     as in era;  reading_no, chain_no  the chain that it is
WITH certain AS (
  SELECT u.use_no, c.reading_no, c.chain_no, min(c.start_date) AS start_date, max(c.end_date) AS end_date
  FROM assess.chain AS c JOIN assess.drug_use AS u ON u.reading_no = c.reading_no AND u.bound = 'sure'
  GROUP BY u.use_no, c.reading_no, c.chain_no
)
SELECT e.person_id, e.agent, e.era_no, e.sure_start AS start_date, e.bridged_end AS end_date, e.use_no, u.reading_no, e.era_no AS chain_no
FROM assess.era AS e JOIN assess.drug_use AS u ON u.use_no = e.use_no
WHERE e.bound = 'both'
UNION ALL
SELECT e.person_id, e.agent, e.era_no, CAST(c.start_date AS DATE), CAST(c.end_date AS DATE), e.use_no, c.reading_no, c.chain_no
FROM certain AS c
JOIN assess.era AS e ON e.use_no = c.use_no AND c.start_date BETWEEN e.may_start AND e.may_end
