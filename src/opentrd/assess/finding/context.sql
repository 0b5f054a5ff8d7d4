-- finding_context: one row is one person and one piece of context: age at onset, socioeconomic position, language, race and ethnicity.
--   person_id, finding, subject, source   the check; '' and 'record'
--   grp, place    context, order on the page
--   present       true: recorded; null: not recorded
--   value, unit   as recorded;  threshold  null
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   the measurement it rests on; null
--   knowledge_status   verified: it is what the record says
WITH onset AS (
  SELECT person_id, min(low) AS low, max(high) AS high, min(measurement_id) AS measurement_id
  FROM assess.lab WHERE measure = 'age at onset' AND usable AND last GROUP BY person_id
), told AS (
  SELECT p.person_id, 'age_at_onset' AS finding,
         CASE WHEN o.low = o.high THEN CAST(CAST(o.low AS BIGINT) AS VARCHAR)
              ELSE CAST(CAST(o.low AS BIGINT) AS VARCHAR) || ' to ' || CAST(CAST(o.high AS BIGINT) AS VARCHAR) END AS value, 'a' AS unit, o.measurement_id
  FROM record.person AS p LEFT JOIN onset AS o ON o.person_id = p.person_id
  UNION ALL
  SELECT person_id, 'socioeconomic', socioeconomic, NULL, NULL FROM record.person
  UNION ALL
  SELECT person_id, 'language', language, NULL, NULL FROM record.person
  UNION ALL
  SELECT person_id, 'race_ethnicity', coalesce(race || CASE WHEN ethnicity IS NULL THEN '' ELSE '; ' || ethnicity END, ethnicity), NULL, NULL FROM record.person
)
SELECT t.person_id, CAST(t.finding AS VARCHAR) AS finding, CAST('' AS VARCHAR) AS subject, CAST('record' AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(CASE WHEN t.value IS NOT NULL THEN TRUE END AS BOOLEAN) AS present, CAST(t.value AS VARCHAR) AS value,
       CAST(CASE WHEN t.value IS NOT NULL THEN t.unit END AS VARCHAR) AS unit, CAST(NULL AS VARCHAR) AS threshold,
       CAST(CASE WHEN t.value IS NOT NULL THEN f.says_present ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN t.value IS NULL THEN f.settles END AS VARCHAR) AS settles, CAST(t.measurement_id AS VARCHAR) AS measurement_id,
       CAST(NULL AS VARCHAR) AS basis_id, CAST('verified' AS VARCHAR) AS knowledge_status
FROM told AS t
JOIN knowledge.finding AS f ON f.finding = t.finding
