-- trace_outcome: one row is one edge of the argument from an outcome down to what it rests on.
--   person_id, table_name, row_key   the outcome (key: trial_id/measurement_id/rule)
--   from_table, from_key             the row it rests on
--   role                             what the row is to the outcome: trial, baseline, rating, rule
--   truth                            null
WITH keyed AS (
  SELECT DISTINCT person_id, trial_id, measurement_id, rule, baseline_id, trial_id || '/' || measurement_id || '/' || rule AS row_key FROM assess.outcome
), rated AS (
  SELECT person_id, row_key, measurement_id AS rating_id, 'rating' AS role FROM keyed WHERE measurement_id <> ''
  UNION ALL
  SELECT person_id, row_key, baseline_id, 'baseline' FROM keyed WHERE baseline_id IS NOT NULL
)
SELECT person_id, CAST('outcome' AS VARCHAR) AS table_name, CAST(row_key AS VARCHAR) AS row_key, CAST('trial' AS VARCHAR) AS from_table,
       CAST(trial_id AS VARCHAR) AS from_key, CAST('trial' AS VARCHAR) AS role, CAST(NULL AS BOOLEAN) AS truth
FROM keyed
UNION ALL
SELECT person_id, 'outcome', row_key, 'outcome_rule', rule, 'rule', NULL FROM keyed
UNION ALL
SELECT DISTINCT r.person_id, 'outcome', r.row_key, CASE WHEN m.person_id IS NULL THEN 'rating' ELSE 'measurement' END, r.rating_id, r.role, CAST(NULL AS BOOLEAN)
FROM rated AS r
LEFT JOIN record.measurement AS m ON m.person_id = r.person_id AND m.measurement_id = r.rating_id
