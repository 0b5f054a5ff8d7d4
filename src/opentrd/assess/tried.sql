-- tried: one row is one instrument and one person: augmentation and ECT in the episode that staging looks at.
--   person_id, definition (the instrument)
--   augmentation_low, augmentation_high   1: an augmentation was used and failed, certainly and possibly; not one below the
--                                         agent's minimum dose (quetiapine for sleep)
--   ect_low, ect_high                     1: a course of ECT was used and failed, certainly and possibly
--   bilateral_low, bilateral_high         1: a course of bilateral ECT was used and failed
WITH attempt AS (
  SELECT t.person_id, d.definition, t.kind, t.laterality, s.procedure IS NOT NULL AS is_ect,
         t.episode_ok AND CASE WHEN c.is_last THEN TRUE END AS episode_ok,
         t.days_low >= g.value OR t.kind = 'procedure' AS long_enough,
         CASE WHEN coalesce(t.sessions >= n.value, TRUE) THEN TRUE END AS course_ok,  -- too few recorded sessions: perhaps no course
         CASE t.dose_status WHEN 'below minimum' THEN FALSE WHEN 'not known' THEN NULL ELSE TRUE END AS dose_ok,
         CASE WHEN t.improvement_pct < f.max_improvement_pct THEN TRUE
              WHEN t.improvement_pct >= f.max_improvement_pct THEN FALSE
              WHEN t.stop_reason = 'inefficacy' THEN TRUE
              WHEN t.stop_reason = 'remission' THEN FALSE END AS did_not_respond
  FROM assess.trial AS t
  JOIN assess.episode AS e ON e.episode_id = t.episode_id AND e.is_last
  LEFT JOIN assess.spell AS c ON c.person_id = t.person_id AND c.bound = 'sure' AND c.spell_no = t.part_no
  CROSS JOIN knowledge.definition AS d
  JOIN knowledge.failure_rule AS f ON f.failure_rule = d.failure_rule
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  JOIN knowledge.parameter AS n ON n.parameter = 'ect_course_sessions'
  LEFT JOIN knowledge.procedure_set AS s ON s.procedure_set = 'ect' AND s.procedure = t.agent
  WHERE d.family = 'instrument' AND t.kind IN ('augmentation', 'procedure')
), truth AS (
  SELECT *, did_not_respond AND episode_ok AND dose_ok AND course_ok AS failed,
         CASE WHEN laterality = 'bilateral' THEN did_not_respond AND episode_ok AND course_ok
              WHEN laterality = 'unilateral' THEN FALSE
              WHEN NOT did_not_respond THEN FALSE END AS failed_bilateral
  FROM attempt
), tally AS (
  SELECT person_id, definition,
         max(CASE WHEN kind = 'augmentation' AND failed AND long_enough THEN 1 ELSE 0 END) AS augmentation_low,
         max(CASE WHEN kind = 'augmentation' AND coalesce(failed, TRUE) THEN 1 ELSE 0 END) AS augmentation_high,
         max(CASE WHEN is_ect AND failed THEN 1 ELSE 0 END) AS ect_low,
         max(CASE WHEN is_ect AND coalesce(failed, TRUE) THEN 1 ELSE 0 END) AS ect_high,
         max(CASE WHEN is_ect AND failed_bilateral THEN 1 ELSE 0 END) AS bilateral_low,
         max(CASE WHEN is_ect AND coalesce(failed_bilateral, TRUE) THEN 1 ELSE 0 END) AS bilateral_high
  FROM truth GROUP BY person_id, definition
)
SELECT a.person_id, CAST(d.definition AS VARCHAR) AS definition,
       CAST(coalesce(t.augmentation_low, 0) AS BIGINT) AS augmentation_low,
       CAST(CASE WHEN x.kept THEN coalesce(t.augmentation_high, 0) ELSE 1 END AS BIGINT) AS augmentation_high,
       CAST(coalesce(t.ect_low, 0) AS BIGINT) AS ect_low,
       CAST(CASE WHEN p.kept THEN coalesce(t.ect_high, 0) ELSE 1 END AS BIGINT) AS ect_high,
       CAST(coalesce(t.bilateral_low, 0) AS BIGINT) AS bilateral_low,
       CAST(CASE WHEN p.kept THEN coalesce(t.bilateral_high, 0) ELSE 1 END AS BIGINT) AS bilateral_high
FROM assess.as_of AS a
CROSS JOIN knowledge.definition AS d
JOIN assess.kept AS x ON x.person_id = a.person_id AND x.table_name = 'exposure'
JOIN assess.kept AS p ON p.person_id = a.person_id AND p.table_name = 'procedure'
LEFT JOIN tally AS t ON t.person_id = a.person_id AND t.definition = d.definition
WHERE d.family = 'instrument'
