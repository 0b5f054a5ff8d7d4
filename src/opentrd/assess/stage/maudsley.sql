-- stage_maudsley: one row is one person and one item of the Maudsley Staging Method or a variant of it (or its total).
--   person_id, instrument, item
--   low, high      score, lower and upper bound; both null: not applicable (no failed trial); low alone null: perhaps not
--                  applicable, because it is not certain that any trial failed
--   low_months, high_months   length of the episode behind the item `duration`, for the reader
WITH length AS (
  SELECT e.person_id, s.bound, e.basis, e.start_date IS NOT NULL AS start_known, s.spell_no,
         (EXTRACT(YEAR FROM s.end_date) - EXTRACT(YEAR FROM s.start_date)) * 12 + EXTRACT(MONTH FROM s.end_date) - EXTRACT(MONTH FROM s.start_date)
         + CASE WHEN EXTRACT(DAY FROM s.end_date) > EXTRACT(DAY FROM s.start_date) THEN 1 ELSE 0 END AS months
  FROM assess.episode AS e
  JOIN assess.spell AS s ON s.person_id = e.person_id AND s.start_date BETWEEN e.reckoned_from AND e.reckoned_to
  WHERE e.is_last
), last_length AS (
  SELECT person_id, bound, max(spell_no) AS spell_no FROM length GROUP BY person_id, bound
), duration AS (
  SELECT l.person_id,
         max(CASE WHEN l.bound = 'sure' AND l.start_known THEN l.months END) AS low_months,
         max(CASE WHEN l.bound = 'may' AND l.start_known AND l.basis <> 'treatment only' THEN l.months END) AS high_months
  FROM length AS l JOIN last_length AS n ON n.person_id = l.person_id AND n.bound = l.bound AND n.spell_no = l.spell_no
  GROUP BY l.person_id
), raw_item AS (
  SELECT a.person_id, i.instrument, d.low_months, d.high_months,
         CASE WHEN i.severity_from = 'rating' THEN v.low END AS severity_low, CASE WHEN i.severity_from = 'rating' THEN v.high END AS severity_high,
         coalesce(f.low, 0) AS failures_low, CASE WHEN k.kept THEN coalesce(f.high, 0) END AS failures_high,
         coalesce(t.augmentation_low, 0) AS augmentation_low, CASE WHEN k.kept THEN coalesce(t.augmentation_high, 0) ELSE 1 END AS augmentation_high,
         coalesce(t.ect_low, 0) AS ect_low, CASE WHEN p.kept THEN coalesce(t.ect_high, 0) ELSE 1 END AS ect_high
  FROM assess.as_of AS a
  CROSS JOIN knowledge.instrument_rule AS i
  JOIN assess.rule AS r ON r.definition = i.instrument
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.kept AS p ON p.person_id = a.person_id AND p.table_name = 'procedure'
  LEFT JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = i.instrument
  LEFT JOIN assess.failure_count AS f ON f.person_id = a.person_id AND f.definition_no = r.judged_as
  LEFT JOIN duration AS d ON d.person_id = a.person_id
  LEFT JOIN assess.stage_severity AS v ON v.person_id = a.person_id
  WHERE i.method = 'maudsley'
), scored AS (  -- each item as lower and upper bound; an item that is not known spans its scale
  SELECT r.*, coalesce(dl.score, d.scale_min) AS duration_low, coalesce(dh.score, d.scale_max) AS duration_high,
         coalesce(r.severity_low, s.scale_min) AS severe_low, coalesce(r.severity_high, s.scale_max) AS severe_high,
         CASE WHEN r.failures_low > 0 THEN fl.score END AS failed_low,
         CASE WHEN coalesce(r.failures_high > 0, TRUE) THEN coalesce(fh.score, f.scale_max) END AS failed_high
  FROM raw_item AS r
  JOIN knowledge.instrument AS d ON d.instrument = r.instrument AND d.item = 'duration'
  JOIN knowledge.instrument AS s ON s.instrument = r.instrument AND s.item = 'severity'
  JOIN knowledge.instrument AS f ON f.instrument = r.instrument AND f.item = 'failures'
  LEFT JOIN knowledge.level AS dl ON dl.instrument = r.instrument AND dl.item = 'duration' AND r.low_months >= dl.from_value AND coalesce(r.low_months <= dl.to_value, TRUE)
  LEFT JOIN knowledge.level AS dh ON dh.instrument = r.instrument AND dh.item = 'duration' AND r.high_months >= dh.from_value AND coalesce(r.high_months <= dh.to_value, TRUE)
  LEFT JOIN knowledge.level AS fl ON fl.instrument = r.instrument AND fl.item = 'failures' AND r.failures_low >= fl.from_value AND coalesce(r.failures_low <= fl.to_value, TRUE)
  LEFT JOIN knowledge.level AS fh ON fh.instrument = r.instrument AND fh.item = 'failures' AND r.failures_high >= fh.from_value AND coalesce(r.failures_high <= fh.to_value, TRUE)
)
SELECT person_id, CAST(instrument AS VARCHAR) AS instrument, CAST('duration' AS VARCHAR) AS item, CAST(duration_low AS DOUBLE) AS low,
       CAST(duration_high AS DOUBLE) AS high, CAST(low_months AS BIGINT) AS low_months, CAST(high_months AS BIGINT) AS high_months
FROM scored
UNION ALL SELECT person_id, instrument, 'severity', severe_low, severe_high, NULL, NULL FROM scored
UNION ALL SELECT person_id, instrument, 'failures', failed_low, failed_high, NULL, NULL FROM scored
UNION ALL SELECT person_id, instrument, 'augmentation', augmentation_low, augmentation_high, NULL, NULL FROM scored
UNION ALL SELECT person_id, instrument, 'ect', ect_low, ect_high, NULL, NULL FROM scored
UNION ALL
SELECT person_id, instrument, 'total', duration_low + severe_low + failed_low + augmentation_low + ect_low,
       duration_high + severe_high + failed_high + augmentation_high + ect_high, NULL, NULL
FROM scored
