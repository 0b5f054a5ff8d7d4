-- count_window: one row is one person and one definition of the family `window`: does an entry day qualify?
--   person_id, definition_no
--   low           1: an entry day qualifies for certain;  high  1: some entry day possibly qualifies
--   met_on, possible_on   that day
--   index_date    first day of any of its antidepressant eras
--   excluded      true: an exclusion precedes every possible entry day up to the first certain one; null: it precedes the
--                 certain one, but not an earlier possible one
--   blocked_by    exclusion (every possible entry day up to the first certain one comes after one), diagnosis, window or number
--   unknown_by    diagnosis or date
WITH tally AS (
  SELECT person_id, definition,
         max(CASE WHEN coalesce(counts, TRUE) THEN 1 ELSE 0 END) AS high,
         min(CASE WHEN counts THEN on_date END) AS certain_on,
         min(CASE WHEN coalesce(counts, TRUE) THEN on_date END) AS possible_on,
         min(CASE WHEN counts AND exclusion_ok THEN on_date END) AS certain_admitted_on,
         min(CASE WHEN coalesce(counts, TRUE) AND exclusion_ok THEN on_date END) AS admitted_on,
         max(CASE WHEN coalesce(counts, TRUE) AND on_date IS NULL THEN 1 ELSE 0 END) AS undated,  -- no exclusion is known to precede it
         max(CASE WHEN coalesce(window_ok, TRUE) THEN 1 ELSE 0 END) AS no_diagnosis,
         max(CASE WHEN coalesce(diagnosis_ok, TRUE) THEN 1 ELSE 0 END) AS no_window,
         max(CASE WHEN window_ok AND diagnosis_ok IS NULL THEN 1 ELSE 0 END) AS null_diagnosis
  FROM assess.entry GROUP BY person_id, definition
), judged AS (
  SELECT *, undated = 1 OR coalesce(admitted_on <= certain_on, admitted_on IS NOT NULL) AS admitted FROM tally
), started AS (
  SELECT e.person_id, r.definition_no, r.definition, min(e.sure_start) AS index_date
  FROM assess.era AS e
  JOIN knowledge.agent_set AS s ON s.agent = e.agent
  JOIN assess.rule AS r ON r.agent_set = s.agent_set AND r.family = 'window'
  WHERE e.gap_rule = 'trial' GROUP BY e.person_id, r.definition_no, r.definition
)
SELECT s.person_id, s.definition_no, CAST(CASE WHEN t.certain_on IS NULL THEN 0 ELSE 1 END AS BIGINT) AS low, CAST(coalesce(t.high, 0) AS BIGINT) AS high,
       CAST(t.certain_on AS DATE) AS met_on,
       CAST(t.possible_on AS DATE) AS possible_on, CAST(s.index_date AS DATE) AS index_date,
       CAST(CASE WHEN t.high = 1 AND NOT t.admitted THEN 'exclusion' WHEN t.no_diagnosis = 1 THEN 'diagnosis' WHEN t.no_window = 1 THEN 'window'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN t.null_diagnosis = 1 THEN 'diagnosis' WHEN t.high = 1 THEN 'date' END AS VARCHAR) AS unknown_by,
       CAST(CASE WHEN coalesce(t.high, 0) = 0 THEN FALSE WHEN NOT t.admitted THEN TRUE
                 WHEN coalesce(t.certain_admitted_on > t.certain_on, t.certain_on IS NOT NULL) THEN NULL ELSE FALSE END AS BOOLEAN) AS excluded
FROM started AS s
LEFT JOIN judged AS t ON t.person_id = s.person_id AND t.definition = s.definition
