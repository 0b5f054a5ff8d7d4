-- finding_data_quality: one row is one person and one thing that the record could not have shown.
--   person_id, finding   the check
--   subject       the table or the value it is about, or ''
--   source        'record'
--   grp, place    data_quality, order on the page
--   present       true: there is a gap; false: there is none; null: not known
--   value, unit   what was found;  threshold  null
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   the value that cannot be used; null
--   knowledge_status   verified: it is what the record says
WITH first_drug AS (
  SELECT t.person_id, min(t.may_start) AS may_start, min(t.certain_start) AS certain_start
  FROM assess.trial AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  WHERE t.kind = 'drug' GROUP BY t.person_id
), observed AS (
  SELECT person_id, min(start_date) AS start_date FROM record.observation_period GROUP BY person_id
), treated AS (
  SELECT DISTINCT person_id FROM assess.trial
), judged AS (
  SELECT person_id, 'table_not_kept' AS finding, table_name AS subject, NOT kept AS present, CAST(NULL AS VARCHAR) AS value, CAST(NULL AS VARCHAR) AS measurement_id FROM assess.kept
  UNION ALL
  SELECT d.person_id, 'left_truncation', '',
         CASE WHEN d.certain_start <= o.start_date THEN TRUE WHEN d.may_start > o.start_date THEN FALSE END,
         CASE WHEN o.start_date IS NOT NULL AND d.may_start IS NOT NULL
              THEN 'observed from ' || CAST(o.start_date AS VARCHAR) || ', first antidepressant ' || CAST(d.may_start AS VARCHAR) END, NULL
  FROM first_drug AS d LEFT JOIN observed AS o ON o.person_id = d.person_id
  UNION ALL
  SELECT u.person_id, 'unread_rows', u.table_name, u."rows" > 0, CAST(u."rows" AS VARCHAR), NULL FROM record.unused AS u
  UNION ALL
  SELECT person_id, 'no_dates', '', as_of IS NULL, NULL, NULL FROM assess.as_of
  UNION ALL
  SELECT person_id, 'age_unknown', '', CASE WHEN age_low IS NULL OR (age_low < 18 AND age_high >= 18) THEN TRUE ELSE FALSE END,
         CASE WHEN age_low = age_high THEN CAST(age_low AS VARCHAR) ELSE CAST(age_low AS VARCHAR) || ' to ' || CAST(age_high AS VARCHAR) END, NULL
  FROM assess.as_of
  UNION ALL
  SELECT t.person_id, 'diagnosis_missing', '', CASE WHEN p.depression_rows > 0 THEN FALSE WHEN p.kept THEN TRUE END, NULL, NULL
  FROM treated AS t JOIN assess.profile AS p ON p.person_id = t.person_id
  UNION ALL
  SELECT person_id, 'unusable_value', measure || ' ' || measurement_id, TRUE, reason, measurement_id FROM assess.lab WHERE NOT usable
)
SELECT j.person_id, CAST(j.finding AS VARCHAR) AS finding, CAST(j.subject AS VARCHAR) AS subject, CAST('record' AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(j.present AS BOOLEAN) AS present, CAST(j.value AS VARCHAR) AS value, CAST(NULL AS VARCHAR) AS unit,
       CAST(NULL AS VARCHAR) AS threshold,
       CAST(CASE WHEN j.present THEN f.says_present WHEN NOT j.present THEN f.says_absent ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN j.present IS NULL THEN f.settles END AS VARCHAR) AS settles, CAST(j.measurement_id AS VARCHAR) AS measurement_id,
       CAST(NULL AS VARCHAR) AS basis_id, CAST('verified' AS VARCHAR) AS knowledge_status
FROM judged AS j
JOIN knowledge.finding AS f ON f.finding = j.finding
