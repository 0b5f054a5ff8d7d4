-- tried: one row is one instrument and one person with an augmentation or a course in the episode that staging looks at.
--   person_id, definition (the instrument)
--   augmentation_low, augmentation_high   1: an augmentation was used and failed (or used, where the instrument says so), certainly
--                                         and possibly; not one below the agent's minimum dose (quetiapine for sleep)
--   ect_low, ect_high                     1: the same of a course of ECT (or of the stimulation that the instrument counts)
--   bilateral_low, bilateral_high         1: the same of a course of bilateral ECT
--   bilateral_begun, bilateral_begun_high   last day on which such a failed course began, certainly and possibly
WITH instrument AS (  -- those that take an attempt alike share a reading
  SELECT i.instrument, i.add_on, i.stimulation_set, r.basis, r.banded, r.min_improvement, r.max_improvement, r.includes_threshold,
         min(i.instrument) OVER (PARTITION BY CASE WHEN i.add_on = 'used' THEN 1 ELSE 0 END, i.stimulation_set, r.basis, r.banded,
                                              r.min_improvement, r.max_improvement, r.includes_threshold) AS reading
  FROM knowledge.instrument_rule AS i JOIN assess.rule AS r ON r.definition = i.instrument
), attempt AS (
  SELECT t.person_id, r.reading, t.kind, t.laterality, s.procedure IS NOT NULL AS is_ect, CASE WHEN e.episode_no = t.episode_no THEN t.last_ok END AS episode_ok, t.reckoned_from,
         coalesce(t.sure_from, t.reckoned_to) AS begun_high,
         t.days_low >= g.value OR t.kind = 'procedure' AS long_enough,
         CASE WHEN c.procedure IS NULL OR coalesce(t.sessions >= n.value, TRUE) THEN TRUE END AS course_ok,  -- too few recorded sessions of ECT: perhaps no course
         CASE t.dose_status WHEN 'below minimum' THEN FALSE WHEN 'not known' THEN NULL ELSE TRUE END AS dose_ok,
         CASE WHEN r.add_on = 'used' THEN TRUE
              WHEN r.basis = 'improvement' AND (r.min_improvement IS NULL OR r.max_improvement IS NULL) THEN NULL
              WHEN t.improvement_pct < r.min_improvement OR t.improvement_pct > r.max_improvement THEN FALSE
              WHEN t.improvement_pct < r.max_improvement THEN TRUE
              WHEN t.improvement_pct = r.max_improvement THEN r.includes_threshold
              WHEN t.stop_reason = 'inefficacy' AND (r.max_improvement IS NULL OR (r.max_improvement >= 50 AND NOT r.banded)) THEN TRUE
              WHEN t.stop_reason = 'remission' THEN FALSE END AS did_not_respond
  FROM assess.trial AS t
  JOIN assess.episode AS e ON e.person_id = t.person_id AND e.is_last
    AND (e.episode_no = t.episode_no OR (t.episode_ok IS NULL AND t.reckoned_from <= e.reckoned_to AND t.reckoned_to >= e.reckoned_from))
  JOIN instrument AS r ON r.instrument = r.reading
  JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  JOIN knowledge.parameter AS n ON n.parameter = 'ect_course_sessions'
  LEFT JOIN knowledge.procedure_set AS s ON s.procedure_set = r.stimulation_set AND s.procedure = t.agent
  LEFT JOIN knowledge.procedure_set AS c ON c.procedure_set = 'ect' AND c.procedure = t.agent
  WHERE t.kind = 'augmentation' OR (t.kind = 'procedure' AND s.procedure IS NOT NULL)
), truth AS (
  SELECT *, did_not_respond AND episode_ok AND dose_ok AND course_ok AS failed,
         CASE WHEN laterality = 'bilateral' THEN did_not_respond AND episode_ok AND course_ok
              WHEN laterality = 'unilateral' THEN FALSE
              WHEN NOT did_not_respond THEN FALSE END AS failed_bilateral
  FROM attempt
), answered AS (
  SELECT person_id, reading,
         CAST(max(CASE WHEN kind = 'augmentation' AND failed AND long_enough THEN 1 ELSE 0 END) AS BIGINT) AS augmentation_low,
         CAST(max(CASE WHEN kind = 'augmentation' AND coalesce(failed, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS augmentation_high,
         CAST(max(CASE WHEN is_ect AND failed THEN 1 ELSE 0 END) AS BIGINT) AS ect_low,
         CAST(max(CASE WHEN is_ect AND coalesce(failed, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS ect_high,
         CAST(max(CASE WHEN is_ect AND failed_bilateral THEN 1 ELSE 0 END) AS BIGINT) AS bilateral_low,
         CAST(max(CASE WHEN is_ect AND coalesce(failed_bilateral, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS bilateral_high,
         CAST(max(CASE WHEN is_ect AND failed_bilateral THEN reckoned_from END) AS DATE) AS bilateral_begun,
         CAST(max(CASE WHEN is_ect AND coalesce(failed_bilateral, TRUE) THEN begun_high END) AS DATE) AS bilateral_begun_high
  FROM truth GROUP BY person_id, reading
)
SELECT a.person_id, CAST(i.instrument AS VARCHAR) AS definition, a.augmentation_low, a.augmentation_high, a.ect_low, a.ect_high, a.bilateral_low, a.bilateral_high,
       a.bilateral_begun, a.bilateral_begun_high
FROM answered AS a JOIN instrument AS i ON i.reading = a.reading
