-- count_window: one row is one person and one definition of the family `window`: does an entry day qualify?
--   person_id, definition, needed
--   failed_low    1: an entry day qualifies for certain
--   failed_high   1: some entry day possibly qualifies; null when the record does not keep exposures
--   met_on, possible_on   that day
--   episode_id    null: the definition does not look at episodes
--   index_date    first day of any of its antidepressant eras
--   excluded      true: an exclusion precedes every possible entry day up to the first certain one; null: it precedes the
--                 certain one, but not an earlier possible one
--   blocked_by    exclusion (every possible entry day up to the first certain one comes after one), diagnosis, window or number;  unknown_by  diagnosis, date or exposure
WITH definition AS (
  SELECT definition, needed, agent_set FROM knowledge.definition WHERE family = 'window'
), first_certain AS (
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
         max(CASE WHEN e.window_ok AND e.diagnosis_ok IS NULL THEN 1 ELSE 0 END) AS null_diagnosis
  FROM assess.entry AS e
  LEFT JOIN first_certain AS f ON f.person_id = e.person_id AND f.definition = e.definition
  GROUP BY e.person_id, e.definition
), started AS (
  SELECT e.person_id, d.definition, min(e.sure_start) AS index_date
  FROM assess.era AS e CROSS JOIN definition AS d
  JOIN knowledge.agent_set AS s ON s.agent_set = d.agent_set AND s.agent = e.agent
  WHERE e.gap_rule = 'trial' GROUP BY e.person_id, d.definition
)
SELECT a.person_id, CAST(d.definition AS VARCHAR) AS definition, CAST(d.needed AS BIGINT) AS needed,
       CAST(coalesce(t.low, 0) AS BIGINT) AS failed_low,
       CAST(CASE WHEN k.kept THEN coalesce(t.high, 0) END AS BIGINT) AS failed_high,
       CAST(CASE WHEN t.low = 1 THEN f.on_date END AS DATE) AS met_on,
       CAST(t.possible_on AS DATE) AS possible_on,
       CAST(NULL AS VARCHAR) AS episode_id,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN s.index_date END AS DATE) AS index_date,
       CAST(CASE WHEN t.high = 1 AND t.admitted = 0 THEN 'exclusion' WHEN t.no_diagnosis = 1 THEN 'diagnosis' WHEN t.no_window = 1 THEN 'window'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN t.null_diagnosis = 1 THEN 'diagnosis' WHEN NOT k.kept THEN 'exposure' ELSE 'date' END AS VARCHAR) AS unknown_by,
       CAST(CASE WHEN coalesce(t.high, 0) = 0 THEN FALSE WHEN t.admitted = 0 THEN TRUE
                 WHEN t.low = 1 AND t.first_admitted = 0 THEN NULL ELSE FALSE END AS BOOLEAN) AS excluded
FROM assess.as_of AS a
CROSS JOIN definition AS d
JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
LEFT JOIN tally AS t ON t.person_id = a.person_id AND t.definition = d.definition
LEFT JOIN first_certain AS f ON f.person_id = a.person_id AND f.definition = d.definition
LEFT JOIN started AS s ON s.person_id = a.person_id AND s.definition = d.definition
