-- count_window: one row is one person and one definition of the family `window`: does an entry day qualify?
--   person_id, definition_no
--   low           1: an entry day qualifies for certain;  high  1: some entry day possibly qualifies
--   met_on, possible_on   that day
--   index_date    first day of any of its antidepressant eras
--   excluded      true: an exclusion precedes every possible entry day up to the first certain one; null: it precedes the
--                 certain one, but not an earlier possible one
--   blocked_by    exclusion (every possible entry day up to the first certain one comes after one), diagnosis, window or number
--   unknown_by    diagnosis or date
WITH first_certain AS (
  SELECT person_id, definition, min(on_date) AS on_date FROM assess.entry WHERE counts GROUP BY person_id, definition
), tally AS (
  SELECT e.person_id, e.definition,
         max(CASE WHEN e.counts THEN 1 ELSE 0 END) AS low,
         max(CASE WHEN coalesce(e.counts, TRUE) THEN 1 ELSE 0 END) AS high,
         max(CASE WHEN coalesce(e.counts, TRUE) AND e.exclusion_ok AND coalesce(e.on_date <= f.on_date, TRUE) THEN 1 ELSE 0 END) AS admitted,
         max(CASE WHEN e.counts AND e.on_date = f.on_date AND e.exclusion_ok THEN 1 ELSE 0 END) AS first_admitted,
         min(CASE WHEN coalesce(e.counts, TRUE) THEN e.on_date END) AS possible_on,
         max(CASE WHEN coalesce(e.window_ok, TRUE) THEN 1 ELSE 0 END) AS no_diagnosis,
         max(CASE WHEN coalesce(e.diagnosis_ok, TRUE) THEN 1 ELSE 0 END) AS no_window,
         max(CASE WHEN e.window_ok AND e.diagnosis_ok IS NULL THEN 1 ELSE 0 END) AS null_diagnosis,
         min(f.on_date) AS certain_on
  FROM assess.entry AS e
  LEFT JOIN first_certain AS f ON f.person_id = e.person_id AND f.definition = e.definition
  GROUP BY e.person_id, e.definition
), started AS (
  SELECT e.person_id, r.definition_no, r.definition, min(e.sure_start) AS index_date
  FROM assess.era AS e
  JOIN knowledge.agent_set AS s ON s.agent = e.agent
  JOIN assess.rule AS r ON r.agent_set = s.agent_set AND r.family = 'window'
  WHERE e.gap_rule = 'trial' GROUP BY e.person_id, r.definition_no, r.definition
)
SELECT s.person_id, s.definition_no, CAST(coalesce(t.low, 0) AS BIGINT) AS low, CAST(coalesce(t.high, 0) AS BIGINT) AS high,
       CAST(CASE WHEN t.low = 1 THEN t.certain_on END AS DATE) AS met_on,
       CAST(t.possible_on AS DATE) AS possible_on, CAST(s.index_date AS DATE) AS index_date,
       CAST(CASE WHEN t.high = 1 AND t.admitted = 0 THEN 'exclusion' WHEN t.no_diagnosis = 1 THEN 'diagnosis' WHEN t.no_window = 1 THEN 'window'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN t.null_diagnosis = 1 THEN 'diagnosis' WHEN t.high = 1 THEN 'date' END AS VARCHAR) AS unknown_by,
       CAST(CASE WHEN coalesce(t.high, 0) = 0 THEN FALSE WHEN t.admitted = 0 THEN TRUE
                 WHEN t.low = 1 AND t.first_admitted = 0 THEN NULL ELSE FALSE END AS BOOLEAN) AS excluded
FROM started AS s
LEFT JOIN tally AS t ON t.person_id = s.person_id AND t.definition = s.definition
