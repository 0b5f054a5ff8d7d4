-- drug_use: one row is one person, one agent that was issued, and one reading of its days: the short keys of its supply.
--   reading_no   number of the row;  use_no  number of person and agent
--   person_id, agent
--   bound        'sure': days that are certainly covered; 'may': days that are possibly covered; 'both': the two are the same, because
--                every day is known
--   alone        true: no two issues start on one day
WITH day AS (
  SELECT person_id, agent, may_start, count(*) AS issues, min(CASE WHEN sure_start = may_start AND sure_end = may_end THEN 1 ELSE 0 END) AS exact
  FROM assess.issue GROUP BY person_id, agent, may_start
), used AS (
  SELECT row_number() OVER (ORDER BY person_id, agent) AS use_no, person_id, agent, min(exact) AS exact, max(issues) = 1 AS alone
  FROM day GROUP BY person_id, agent
)
SELECT CAST(use_no * 2 AS BIGINT) AS reading_no, CAST(use_no AS BIGINT) AS use_no, person_id, agent,
       CAST(CASE WHEN exact = 1 THEN 'both' ELSE 'may' END AS VARCHAR) AS bound, CAST(alone AS BOOLEAN) AS alone
FROM used
UNION ALL
SELECT use_no * 2 + 1, use_no, person_id, agent, 'sure', alone FROM used WHERE exact = 0
