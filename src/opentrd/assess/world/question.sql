-- world.question: one row is one person and one missing fact that an assessment could use.
--   person_id, question_no
--   kind         dose, end, improvement, course, severity, diagnosis, ect
--   table_name, row_id, field   the empty cell (row_id null: a row that is not there)
--   agent, era_no               the trial or course it belongs to
--   low_value, high_value       the two extreme answers, where they are numbers
--   asks         the question in words
WITH era_issue AS (
  SELECT e.person_id, e.agent, e.era_no, e.may_start, i.exposure_id, i.daily_dose_mg, i.sure_end, i.may_end, i.start_latest, x.end_latest, x.ongoing,
         x.start_earliest IS NOT NULL AS start_known
  FROM assess.era AS e
  JOIN assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.may_start BETWEEN e.may_start AND e.may_end
  JOIN record.exposure AS x ON x.person_id = i.person_id AND x.exposure_id = i.exposure_id
  WHERE e.gap_rule = 'trial'
), era_asked AS (
  SELECT person_id, agent, era_no, min(may_start) AS may_start, max(CASE WHEN start_known THEN 1 ELSE 0 END) = 1 AS start_known,
         min(CASE WHEN daily_dose_mg IS NULL THEN exposure_id END) AS without_dose,
         min(CASE WHEN end_latest IS NULL AND coalesce(NOT ongoing, TRUE) AND coalesce(sure_end < may_end, TRUE) THEN exposure_id END) AS without_end
  FROM era_issue GROUP BY person_id, agent, era_no
), last_issue AS (
  SELECT person_id, agent, era_no, exposure_id,
         row_number() OVER (PARTITION BY person_id, agent, era_no ORDER BY start_latest DESC NULLS LAST, end_latest DESC NULLS LAST, exposure_id DESC) AS nth
  FROM era_issue
), upper_half AS (  -- a stop for inefficacy means: below the highest threshold of failure
  SELECT max(max_improvement_pct) - 1 AS below FROM knowledge.failure_rule
), asked AS (
  SELECT a.person_id, 'dose' AS kind, 'exposure' AS table_name, a.without_dose AS row_id, 'daily_dose_mg' AS field, a.agent, a.era_no,
         CAST(0 AS DOUBLE) AS low_value, CAST(1000000 AS DOUBLE) AS high_value,
         'What was the daily dose of ' || a.agent || CASE WHEN a.start_known THEN ' (from ' || CAST(a.may_start AS VARCHAR) || ')' ELSE '' END || '?' AS asks
  FROM era_asked AS a JOIN knowledge.agent AS k ON k.agent = a.agent
  WHERE a.without_dose IS NOT NULL AND k.role IN ('antidepressant', 'augmenting')
  UNION ALL
  SELECT a.person_id, 'end', 'exposure', a.without_end, 'end_date', a.agent, a.era_no, NULL, NULL,
         'Until when was ' || a.agent || ' taken' || CASE WHEN a.start_known THEN ' (from ' || CAST(a.may_start AS VARCHAR) || ')' ELSE '' END || '?'
  FROM era_asked AS a WHERE a.without_end IS NOT NULL
  UNION ALL
  SELECT o.person_id, 'improvement', 'exposure', l.exposure_id, 'improvement_pct', o.agent, o.era_no, 0,
         CASE WHEN o.stop_reason = 'inefficacy' THEN u.below ELSE 100 END,
         'How much did depression improve on ' || o.agent || CASE WHEN e.start_known THEN ' (from ' || CAST(e.may_start AS VARCHAR) || ')' ELSE '' END || '?'
  FROM assess.era_outcome AS o
  JOIN last_issue AS l ON l.person_id = o.person_id AND l.agent = o.agent AND l.era_no = o.era_no AND l.nth = 1
  JOIN era_asked AS e ON e.person_id = o.person_id AND e.agent = o.agent AND e.era_no = o.era_no
  JOIN knowledge.agent AS k ON k.agent = o.agent
  CROSS JOIN upper_half AS u
  WHERE o.improvement_pct IS NULL AND coalesce(o.stop_reason <> 'remission', TRUE) AND k.role IN ('antidepressant', 'augmenting')
  UNION ALL
  SELECT c.person_id, 'course', 'procedure', NULL, 'improvement_pct', c.procedure, c.course_no, 0,
         CASE WHEN c.stop_reason = 'inefficacy' THEN u.below ELSE 100 END,
         'How much did depression improve with ' || c.procedure || CASE WHEN c.sure_start IS NOT NULL THEN ' (from ' || CAST(c.may_start AS VARCHAR) || ')' ELSE '' END || '?'
  FROM assess.course AS c CROSS JOIN upper_half AS u
  WHERE c.improvement_pct IS NULL AND coalesce(c.stop_reason <> 'remission', TRUE) AND c.grp = 'neurostimulation'
  UNION ALL
  SELECT s.person_id, 'severity', 'measurement', NULL, 'maudsley severity', NULL, NULL, s.low, s.high,
         'How severe is this episode on the Maudsley severity item (1 subsyndromal to 5 severe with psychosis)?'
  FROM assess.stage AS s WHERE s.instrument = 'maudsley' AND s.item = 'severity' AND s.low < s.high
  UNION ALL
  SELECT k.person_id, 'diagnosis', 'condition', NULL, 'condition', NULL, NULL, NULL, NULL, 'Has a depressive disorder been diagnosed?'
  FROM assess.kept AS k WHERE k.table_name = 'condition' AND NOT k.kept
  UNION ALL
  SELECT k.person_id, 'ect', 'procedure', NULL, 'procedure', NULL, NULL, NULL, NULL, 'Was a course of bilateral ECT given in this episode, without response?'
  FROM assess.kept AS k WHERE k.table_name = 'procedure' AND NOT k.kept
)
SELECT person_id, question_no, kind, table_name, row_id, field, agent, era_no, low_value, high_value, asks
FROM (SELECT a.*, row_number() OVER (PARTITION BY a.person_id
                                     ORDER BY CASE kind WHEN 'diagnosis' THEN 1 WHEN 'ect' THEN 2 WHEN 'severity' THEN 3 WHEN 'improvement' THEN 4
                                                        WHEN 'course' THEN 5 WHEN 'dose' THEN 6 ELSE 7 END, era_no DESC, agent) AS question_no
      FROM asked AS a) AS numbered
JOIN knowledge.parameter AS g ON g.parameter = 'most_questions'
WHERE question_no <= g.value
