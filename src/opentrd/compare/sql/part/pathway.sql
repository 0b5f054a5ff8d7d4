-- pathway: one row is one sequence of antidepressant classes over the first four lines of treatment, in the present part.
--   line_1 .. line_4   class of each line; null: no further line is recorded
--   persons            how many persons
-- A line is a drug trial of an antidepressant, in the order of start (on one day in the order of names); the same drug
-- taken up again as the next trial is no new line. Trials without a date have no place in the order.
WITH started AS (
  SELECT t.person_id, t.agents AS agent, a.thase_rush_class AS class, t.start_date,
         lag(t.agents) OVER (PARTITION BY t.person_id ORDER BY t.start_date, t.agents, t.trial_id) AS before
  FROM run.trial AS t
  JOIN knowledge.agent AS a ON a.agent = t.agents AND a.role = 'antidepressant'
  WHERE t.kind = 'drug' AND t.start_date IS NOT NULL AND t.person_id >= $first AND t.person_id <= $last
), numbered AS (
  SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY start_date, agent) AS line
  FROM started
  WHERE before IS DISTINCT FROM agent
), person AS (
  SELECT person_id,
         max(CASE WHEN line = 1 THEN coalesce(nullif(class, ''), 'other') END) AS line_1,
         max(CASE WHEN line = 2 THEN coalesce(nullif(class, ''), 'other') END) AS line_2,
         max(CASE WHEN line = 3 THEN coalesce(nullif(class, ''), 'other') END) AS line_3,
         max(CASE WHEN line = 4 THEN coalesce(nullif(class, ''), 'other') END) AS line_4
  FROM numbered
  GROUP BY person_id
)
SELECT line_1, line_2, line_3, line_4, count(*) AS persons
FROM person
GROUP BY ALL
