-- stage_maudsley: one row is one person and one item of the Maudsley Staging Method (or its total).
--   person_id, instrument, item
--   low, high      score, lower and upper bound; both null: not applicable (no failed trial); low alone null: perhaps not
--                  applicable, because it is not certain that any trial failed
--   low_months, high_months   length of the episode behind the item `duration`, for the reader
WITH length AS (
  SELECT e.person_id, s.bound, e.basis, e.start_date IS NOT NULL AS start_known,
         (EXTRACT(YEAR FROM s.end_date) - EXTRACT(YEAR FROM s.start_date)) * 12 + EXTRACT(MONTH FROM s.end_date) - EXTRACT(MONTH FROM s.start_date)
         + CASE WHEN EXTRACT(DAY FROM s.end_date) > EXTRACT(DAY FROM s.start_date) THEN 1 ELSE 0 END AS months,
         row_number() OVER (PARTITION BY e.person_id, s.bound ORDER BY s.spell_no DESC) AS from_end
  FROM assess.episode AS e
  JOIN assess.spell AS s ON s.person_id = e.person_id AND s.start_date BETWEEN e.reckoned_from AND e.reckoned_to
  WHERE e.is_last
), duration AS (
  SELECT person_id,
         max(CASE WHEN bound = 'sure' AND start_known THEN months END) AS low_months,
         max(CASE WHEN bound = 'may' AND start_known AND basis <> 'treatment only' THEN months END) AS high_months
  FROM length WHERE from_end = 1 GROUP BY person_id
), rated AS (
  SELECT m.person_id, m.value, rank() OVER (PARTITION BY m.person_id ORDER BY m.date_latest DESC NULLS LAST) AS nth
  FROM record.measurement AS m
  JOIN assess.as_of AS a ON a.person_id = m.person_id
  LEFT JOIN assess.episode AS e ON e.person_id = m.person_id AND e.is_last
  WHERE m.measure = 'maudsley severity' AND coalesce(m.sign, '=') = '=' AND m.value BETWEEN 1 AND 5
    AND coalesce(m.date_earliest <= a.anchor, a.as_of IS NULL) AND coalesce(m.date_latest >= e.reckoned_from, TRUE)
), rating AS (
  SELECT person_id, min(value) AS low, max(value) AS high FROM rated WHERE nth = 1 GROUP BY person_id
), coded AS (
  SELECT c.person_id, v.score, rank() OVER (PARTITION BY c.person_id ORDER BY c.start_latest DESC NULLS LAST) AS nth
  FROM record.condition AS c
  JOIN assess.episode AS e ON e.person_id = c.person_id AND e.is_last
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition
  JOIN knowledge.severity_level AS v ON v.condition_set = s.condition_set
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE) AND coalesce(c.start_latest >= e.reckoned_from, TRUE)
), coding AS (
  SELECT person_id, min(score) AS low, max(score) AS high FROM coded WHERE nth = 1 GROUP BY person_id
), failures AS (  -- certain within one stretch of the episode, possible over the whole of it
  SELECT person_id, max(low) AS low, max(high) AS high
  FROM (SELECT person_id, sum(CASE WHEN part_no IS NULL THEN 0 ELSE certain END) AS low, CAST(NULL AS BIGINT) AS high
        FROM assess.failed WHERE definition = 'maudsley' GROUP BY person_id, part_no
        UNION ALL
        SELECT person_id, NULL, count(DISTINCT CASE WHEN possible = 1 THEN counted_as END)
        FROM assess.failed WHERE definition = 'maudsley' GROUP BY person_id) AS f
  GROUP BY person_id
), raw_item AS (
  SELECT a.person_id, k.kept AS exposures_kept,
         d.low_months, d.high_months,
         coalesce(r.low, c.low) AS severity_low, coalesce(r.high, c.high) AS severity_high,
         coalesce(f.low, 0) AS failures_low, CASE WHEN k.kept THEN coalesce(f.high, 0) END AS failures_high,
         t.augmentation_low, t.augmentation_high, t.ect_low, t.ect_high
  FROM assess.as_of AS a
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = 'maudsley'
  LEFT JOIN duration AS d ON d.person_id = a.person_id
  LEFT JOIN rating AS r ON r.person_id = a.person_id
  LEFT JOIN coding AS c ON c.person_id = a.person_id
  LEFT JOIN failures AS f ON f.person_id = a.person_id
), bound AS (  -- each item as lower and upper bound; an item that is not known spans its scale
  SELECT i.person_id, s.item, s.scale_min, s.scale_max, i.low_months, i.high_months,
         CASE s.item WHEN 'duration' THEN i.low_months WHEN 'failures' THEN i.failures_low END AS low_value,
         CASE s.item WHEN 'duration' THEN i.high_months WHEN 'failures' THEN i.failures_high END AS high_value,
         CASE s.item WHEN 'severity' THEN i.severity_low WHEN 'augmentation' THEN i.augmentation_low WHEN 'ect' THEN i.ect_low END AS low_score,
         CASE s.item WHEN 'severity' THEN i.severity_high WHEN 'augmentation' THEN i.augmentation_high WHEN 'ect' THEN i.ect_high END AS high_score,
         i.failures_high = 0 AS none_failed
  FROM raw_item AS i
  JOIN knowledge.instrument AS s ON s.instrument = 'maudsley' AND s.item <> 'total'
), scored AS (
  SELECT b.person_id, b.item, b.low_months, b.high_months, coalesce(b.none_failed, FALSE) AS none_failed,
         coalesce(b.low_score, l.score, b.scale_min) AS low,
         CASE WHEN b.item = 'failures' AND b.low_value = 0 THEN 1 ELSE 0 END AS may_not_apply,
         coalesce(b.high_score, h.score, b.scale_max) AS high
  FROM bound AS b
  LEFT JOIN knowledge.level AS l ON l.instrument = 'maudsley' AND l.item = b.item AND b.item IN ('duration', 'failures')
    AND b.low_value >= l.from_value AND coalesce(b.low_value <= l.to_value, TRUE)
  LEFT JOIN knowledge.level AS h ON h.instrument = 'maudsley' AND h.item = b.item AND b.item IN ('duration', 'failures')
    AND b.high_value >= h.from_value AND coalesce(b.high_value <= h.to_value, TRUE)
)
SELECT person_id, CAST('maudsley' AS VARCHAR) AS instrument, CAST(item AS VARCHAR) AS item,
       CAST(CASE WHEN may_not_apply = 1 THEN NULL ELSE low END AS DOUBLE) AS low,
       CAST(CASE WHEN item = 'failures' AND none_failed THEN NULL ELSE high END AS DOUBLE) AS high,
       CAST(CASE WHEN item = 'duration' THEN low_months END AS BIGINT) AS low_months,
       CAST(CASE WHEN item = 'duration' THEN high_months END AS BIGINT) AS high_months
FROM scored
UNION ALL
SELECT person_id, 'maudsley', 'total',
       CASE WHEN max(may_not_apply) = 1 THEN NULL ELSE sum(low) END,
       CASE WHEN max(CASE WHEN none_failed THEN 1 ELSE 0 END) = 1 THEN NULL ELSE sum(high) END, NULL, NULL
FROM scored GROUP BY person_id
