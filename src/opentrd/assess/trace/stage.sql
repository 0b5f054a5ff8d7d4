-- trace_stage: one row is one edge of the argument from a staging item down to what it rests on.
--   person_id, table_name, row_key   the stage item (key: instrument/item)
--   from_table, from_key             the row it rests on
--   role                             in which role
--   truth                            does it count for the item; null: not known, or a rule
WITH item AS (
  SELECT s.person_id, s.instrument, s.item, s.instrument || '/' || s.item AS row_key, s.episode_id, r.method, r.severity_from, r.stimulation_set
  FROM assess.stage AS s JOIN knowledge.instrument_rule AS r ON r.instrument = s.instrument
)
SELECT i.person_id, CAST('stage' AS VARCHAR) AS table_name, CAST(i.row_key AS VARCHAR) AS row_key, CAST('trial' AS VARCHAR) AS from_table,
       CAST(j.trial_id AS VARCHAR) AS from_key, CAST('failed adequate trial' AS VARCHAR) AS role, CAST(j.counts AS BOOLEAN) AS truth
FROM item AS i JOIN assess.judgement AS j ON j.person_id = i.person_id AND j.definition = i.instrument
WHERE (i.method = 'maudsley' AND i.item IN ('total', 'failures')) OR i.method IN ('thase_rush', 'european_staging', 'count')
   OR (i.method = 'mgh_s' AND i.item <> 'ect')
UNION ALL
SELECT i.person_id, 'stage', i.row_key, 'trial', t.trial_id, t.kind,
       CASE WHEN t.improvement_pct < f.max_improvement_pct THEN TRUE WHEN t.improvement_pct >= f.max_improvement_pct THEN FALSE
            WHEN t.stop_reason = 'inefficacy' THEN TRUE WHEN t.stop_reason = 'remission' THEN FALSE END
FROM item AS i
JOIN assess.trial AS t ON t.person_id = i.person_id AND t.episode_id = i.episode_id
JOIN knowledge.definition AS d ON d.definition = i.instrument
JOIN knowledge.failure_rule AS f ON f.failure_rule = d.failure_rule
WHERE (t.kind IN ('augmentation', 'combination') AND i.item IN ('total', 'augmentation') AND i.method <> 'count')
   OR (t.kind = 'procedure' AND i.item IN ('total', 'ect') AND i.method <> 'count')
UNION ALL
SELECT i.person_id, 'stage', i.row_key, 'measurement', m.measurement_id, m.measure, NULL
FROM item AS i
JOIN record.measurement AS m ON m.person_id = i.person_id
WHERE (i.method = 'maudsley' AND i.severity_from = 'rating' AND i.item IN ('total', 'severity') AND m.measure = 'maudsley severity')
   OR (i.method = 'mgh_s' AND i.item IN ('total', 'optimised_dose') AND m.measure = 'dose_optimised')
   OR (i.method = 'mgh_s' AND i.item IN ('total', 'optimised_duration') AND m.measure = 'duration_optimised')
UNION ALL
SELECT person_id, 'stage', row_key, 'episode', episode_id, 'episode', NULL FROM item WHERE episode_id IS NOT NULL
UNION ALL
SELECT person_id, 'stage', row_key, 'instrument', instrument || '/' || item, 'rule', NULL FROM item
UNION ALL
SELECT person_id, 'stage', row_key, 'definition', instrument, 'rule', NULL FROM item
UNION ALL
SELECT i.person_id, 'stage', i.row_key, 'level', l.instrument || '/' || l.item || '/' || CAST(CAST(l.from_value AS BIGINT) AS VARCHAR), 'score', NULL
FROM item AS i JOIN knowledge.level AS l ON l.instrument = i.instrument AND (l.item = i.item OR i.item = 'total')
UNION ALL
SELECT i.person_id, 'stage', i.row_key, 'band', b.instrument || '/' || CAST(CAST(b.from_score AS BIGINT) AS VARCHAR), 'band', NULL
FROM item AS i JOIN knowledge.band AS b ON b.instrument = i.instrument AND i.item = 'total'
UNION ALL
SELECT person_id, 'stage', row_key, 'instrument_rule', instrument, 'rule', NULL FROM item
