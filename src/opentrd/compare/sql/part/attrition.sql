-- attrition: one row is one definition and one step from all persons to those who meet it, in the present part.
--   definition, step    step: 1 all persons, 2 with a recorded antidepressant trial, 3 diagnosed, 4 not excluded,
--                       5 as many different treatments tried as the definition needs, 6 met or undetermined, 7 met
--   persons             how many pass this step and all before it; what is not known passes; who meets the definition passes all
WITH tried AS (
  SELECT t.person_id,
         max(CASE WHEN a.role = 'antidepressant' THEN 1 ELSE 0 END) AS antidepressant,
         count(DISTINCT t.agents) AS treatments
  FROM run.trial AS t
  LEFT JOIN knowledge.agent AS a ON a.agent = t.agents
  WHERE t.kind IN ('drug', 'procedure') AND t.person_id >= $first AND t.person_id <= $last
  GROUP BY t.person_id
), passed AS (
  SELECT v.definition, v.met,
         coalesce(v.met, FALSE) OR coalesce(t.antidepressant, 0) = 1 AS treated,
         coalesce(v.eligible, TRUE) OR v.clause <> 'diagnosis' AS diagnosed,
         coalesce(v.eligible, TRUE) AS eligible,
         coalesce(v.met, FALSE) OR coalesce(t.treatments, 0) >= coalesce(v.needed, 1) AS enough
  FROM compare.part_verdict AS v
  LEFT JOIN tried AS t ON t.person_id = v.person_id
)
SELECT definition, s.step,
       sum(CASE WHEN s.step = 1
                  OR (treated AND (s.step = 2
                    OR (diagnosed AND (s.step = 3
                      OR (eligible AND (s.step = 4
                        OR (enough AND (s.step = 5
                          OR (s.step = 6 AND coalesce(met, TRUE)) OR (s.step = 7 AND coalesce(met, FALSE)))))))))) THEN 1 ELSE 0 END) AS persons
FROM passed
CROSS JOIN (SELECT unnest([1, 2, 3, 4, 5, 6, 7]) AS step) AS s
GROUP BY definition, s.step
