-- agent: one row is one drug that a variant may look at.
--   agent_no    number of the agent
--   agent
--   class_no    number of its class
--   is_counted  1: its drug trials are looked at (it belongs to the agent set of the base definition)
--   is_base     1: something can be added to it (an antidepressant)
--   is_added    1: it can augment
WITH numbered AS (
  SELECT agent, role, row_number() OVER (ORDER BY agent) AS agent_no, rank() OVER (ORDER BY class) AS class_no FROM knowledge.agent
), counted AS (
  SELECT s.agent FROM knowledge.agent_set AS s JOIN multiverse.base AS b ON b.agent_set = s.agent_set
), added AS (
  SELECT DISTINCT s.agent FROM knowledge.agent_set AS s
  JOIN multiverse.grid AS g ON g.parameter = 'augmentation' AND g.value = s.agent_set
), looked_at AS (
  SELECT n.*, CASE WHEN c.agent IS NOT NULL AND n.role IN ('antidepressant', 'augmenting', 'rapid-acting') THEN 1 ELSE 0 END AS is_counted,
         CASE WHEN n.role = 'antidepressant' THEN 1 ELSE 0 END AS is_base,
         CASE WHEN n.role = 'augmenting' AND a.agent IS NOT NULL THEN 1 ELSE 0 END AS is_added
  FROM numbered AS n
  LEFT JOIN counted AS c ON c.agent = n.agent
  LEFT JOIN added AS a ON a.agent = n.agent
)
SELECT CAST(agent_no AS BIGINT) AS agent_no, CAST(agent AS VARCHAR) AS agent, CAST(class_no AS BIGINT) AS class_no,
       CAST(is_counted AS BIGINT) AS is_counted, CAST(is_base AS BIGINT) AS is_base, CAST(is_added AS BIGINT) AS is_added
FROM looked_at
WHERE is_counted = 1 OR is_base = 1 OR is_added = 1
