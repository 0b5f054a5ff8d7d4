-- trace_domain: one row is one edge of the argument from a domain of depression down to its indicators, and from these to signs and rules.
--   person_id, table_name, row_key   the domain (key: domain), or an indicator (key: domain/indicator)
--   from_table, from_key             the row it rests on
--   role                             the weight of the indicator, or what the row is: rule, process, marker, nothing recorded
--   truth                            is the indicator there; null: not measured, or a rule
WITH looked_at AS (
  SELECT a.person_id, i.domain, i.indicator, i.domain || '/' || i.indicator AS row_key, i.sign, s.sign AS shown, s.present, g.silence, k.kept
  FROM assess.as_of AS a
  CROSS JOIN knowledge.domain_indicator AS i
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN knowledge.sign AS g ON g.sign = i.sign
  LEFT JOIN assess.sign AS s ON s.person_id = a.person_id AND s.sign = i.sign
)
SELECT i.person_id, CAST('domain' AS VARCHAR) AS table_name, CAST(i.domain AS VARCHAR) AS row_key, CAST('indicator' AS VARCHAR) AS from_table,
       CAST(i.domain || '/' || i.indicator AS VARCHAR) AS from_key, CAST(i.weight AS VARCHAR) AS role, CAST(i.present AS BOOLEAN) AS truth
FROM assess.indicator AS i
UNION ALL
SELECT person_id, 'domain', domain, 'knowledge.domain', domain, 'rule', NULL FROM assess.domain
UNION ALL
SELECT DISTINCT r.person_id, 'domain', r.domain, 'mechanism', 'process/' || r.process || '/' || m.relation || '/domain/' || r.domain, 'process', CAST(NULL AS BOOLEAN)
FROM assess.domain_reason AS r
JOIN knowledge.mechanism AS m ON m.from_kind = 'process' AND m.from_node = r.process AND m.to_kind = 'domain' AND m.to_node = r.domain
UNION ALL
SELECT DISTINCT r.person_id, 'domain', r.domain, 'mechanism', 'marker/' || r.marker || '/' || m.relation || '/process/' || r.process, 'marker', CAST(NULL AS BOOLEAN)
FROM assess.domain_reason AS r
JOIN knowledge.mechanism AS m ON m.from_kind = 'marker' AND m.from_node = r.marker AND m.to_kind = 'process' AND m.to_node = r.process
UNION ALL
SELECT person_id, 'indicator', row_key, 'domain_indicator', row_key, 'rule', NULL FROM looked_at
UNION ALL
SELECT person_id, 'indicator', row_key, 'sign', sign, 'sign', present FROM looked_at WHERE shown IS NOT NULL
UNION ALL
SELECT person_id, 'indicator', row_key, 'knowledge.sign', sign, 'nothing recorded', NULL FROM looked_at WHERE sign IS NOT NULL AND shown IS NULL
UNION ALL
SELECT person_id, 'indicator', row_key, 'kept', 'condition', 'would be recorded', kept FROM looked_at WHERE silence = 'absent' AND shown IS NULL
