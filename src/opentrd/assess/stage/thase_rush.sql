-- stage_thase_rush: one row is one person and one reading of the stages of Thase and Rush: set-based, or in the order of the trials.
--   person_id, instrument, item
--   low, high      stage 0 to 5, lower and upper bound
--   broken         failures above a step that is not reached, joined by ', '; null: none
WITH staging AS (
  SELECT i.instrument, i.strict_order, r.judged_as FROM knowledge.instrument_rule AS i JOIN assess.rule AS r ON r.definition = i.instrument WHERE i.method = 'thase_rush'
), failure AS (
  SELECT f.person_id, f.definition_no, f.certain, f.part_no, f.start_low, f.start_high, f.thase_rush_class
  FROM assess.failed AS f JOIN (SELECT DISTINCT judged_as FROM staging) AS s ON s.judged_as = f.definition_no
), part AS (
  SELECT person_id, definition_no, part_no, count(DISTINCT thase_rush_class) AS classes,
         max(CASE WHEN thase_rush_class = 'TCA' THEN 1 ELSE 0 END) AS tca, max(CASE WHEN thase_rush_class = 'MAOI' THEN 1 ELSE 0 END) AS maoi
  FROM failure WHERE certain = 1 GROUP BY person_id, definition_no, part_no
), low_set AS (
  SELECT person_id, definition_no, max(classes) AS classes, max(tca) AS tca, max(maoi) AS maoi FROM part GROUP BY person_id, definition_no
), high_set AS (
  SELECT person_id, definition_no, count(DISTINCT thase_rush_class) AS classes,
         max(CASE WHEN thase_rush_class = 'TCA' THEN 1 ELSE 0 END) AS tca, max(CASE WHEN thase_rush_class = 'MAOI' THEN 1 ELSE 0 END) AS maoi
  FROM failure GROUP BY person_id, definition_no
), ordered AS (  -- a TCA is a step once another class came first; low: certainly first (not on the same day), high: possibly
  SELECT 'low' AS bound, t.person_id, t.definition_no, t.start_high AS begun
  FROM failure AS t
  JOIN failure AS o ON o.person_id = t.person_id AND o.definition_no = t.definition_no AND o.part_no = t.part_no AND o.certain = 1
    AND o.thase_rush_class <> 'TCA' AND o.start_high < t.start_low
  WHERE t.certain = 1 AND t.thase_rush_class = 'TCA'
  UNION ALL
  SELECT 'high', t.person_id, t.definition_no, CASE WHEN o.start_low > t.start_low THEN o.start_low ELSE t.start_low END
  FROM failure AS t
  JOIN failure AS o ON o.person_id = t.person_id AND o.definition_no = t.definition_no AND o.thase_rush_class <> 'TCA' AND o.start_low <= t.start_high
  WHERE t.thase_rush_class = 'TCA'
), third AS (
  SELECT bound, person_id, definition_no, min(begun) AS begun FROM ordered GROUP BY bound, person_id, definition_no
), fourth AS (
  SELECT h.bound, h.person_id, h.definition_no, min(CASE WHEN h.bound = 'low' THEN m.start_high WHEN h.begun > m.start_low THEN h.begun ELSE m.start_low END) AS begun
  FROM third AS h
  JOIN failure AS m ON m.person_id = h.person_id AND m.definition_no = h.definition_no AND m.thase_rush_class = 'MAOI'
    AND ((h.bound = 'low' AND m.certain = 1 AND m.start_low > h.begun) OR (h.bound = 'high' AND m.start_high >= h.begun))
  GROUP BY h.bound, h.person_id, h.definition_no
), staged AS (
  SELECT a.person_id, i.instrument, i.strict_order, 'low' AS bound, coalesce(p.classes, 0) AS classes, coalesce(p.tca, 0) AS any_tca, coalesce(p.maoi, 0) AS any_maoi,
         coalesce(t.bilateral_low, 0) AS any_ect,
         CASE WHEN i.strict_order THEN CASE WHEN h.person_id IS NULL THEN 0 ELSE 1 END ELSE coalesce(p.tca, 0) END AS tca,
         CASE WHEN i.strict_order THEN CASE WHEN m.person_id IS NULL THEN 0 ELSE 1 END ELSE coalesce(p.maoi, 0) END AS maoi,
         CASE WHEN i.strict_order AND t.bilateral_begun <= m.begun THEN 0 ELSE coalesce(t.bilateral_low, 0) END AS ect
  FROM assess.as_of AS a
  CROSS JOIN staging AS i
  LEFT JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = i.instrument
  LEFT JOIN low_set AS p ON p.person_id = a.person_id AND p.definition_no = i.judged_as
  LEFT JOIN third AS h ON h.bound = 'low' AND h.person_id = a.person_id AND h.definition_no = i.judged_as
  LEFT JOIN fourth AS m ON m.bound = 'low' AND m.person_id = a.person_id AND m.definition_no = i.judged_as
  UNION ALL
  SELECT a.person_id, i.instrument, i.strict_order, 'high', CASE WHEN k.kept THEN coalesce(p.classes, 0) ELSE 5 END,
         CASE WHEN k.kept THEN coalesce(p.tca, 0) ELSE 1 END, CASE WHEN k.kept THEN coalesce(p.maoi, 0) ELSE 1 END, 0,
         CASE WHEN NOT k.kept THEN 1 WHEN i.strict_order THEN CASE WHEN h.person_id IS NULL THEN 0 ELSE 1 END ELSE coalesce(p.tca, 0) END,
         CASE WHEN NOT k.kept THEN 1 WHEN i.strict_order THEN CASE WHEN m.person_id IS NULL THEN 0 ELSE 1 END ELSE coalesce(p.maoi, 0) END,
         CASE WHEN NOT o.kept THEN 1 WHEN k.kept AND i.strict_order AND t.bilateral_begun_high < m.begun THEN 0 ELSE coalesce(t.bilateral_high, 0) END
  FROM assess.as_of AS a
  CROSS JOIN staging AS i
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.kept AS o ON o.person_id = a.person_id AND o.table_name = 'procedure'
  LEFT JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = i.instrument
  LEFT JOIN high_set AS p ON p.person_id = a.person_id AND p.definition_no = i.judged_as
  LEFT JOIN third AS h ON h.bound = 'high' AND h.person_id = a.person_id AND h.definition_no = i.judged_as
  LEFT JOIN fourth AS m ON m.bound = 'high' AND m.person_id = a.person_id AND m.definition_no = i.judged_as
), step AS (  -- strictly hierarchical: each step needs the one below
  SELECT *, CASE WHEN classes = 0 THEN 0 WHEN classes = 1 THEN 1 WHEN tca = 0 THEN 2 WHEN maoi = 0 THEN 3 WHEN ect = 0 THEN 4 ELSE 5 END AS stage
  FROM staged
), flagged AS (
  SELECT *, CASE WHEN any_tca = 1 AND stage < 3 THEN 'TCA' ELSE '' END
            || CASE WHEN any_tca = 1 AND stage < 3 AND any_maoi = 1 AND stage < 4 THEN ', ' ELSE '' END
            || CASE WHEN any_maoi = 1 AND stage < 4 THEN 'MAOI' ELSE '' END
            || CASE WHEN any_ect = 1 AND stage < 5 AND ((any_tca = 1 AND stage < 3) OR (any_maoi = 1 AND stage < 4)) THEN ', ' ELSE '' END
            || CASE WHEN any_ect = 1 AND stage < 5 THEN 'ECT' ELSE '' END AS broken
  FROM step
)
SELECT person_id, CAST(instrument AS VARCHAR) AS instrument, CAST('total' AS VARCHAR) AS item,
       CAST(max(CASE WHEN bound = 'low' THEN stage END) AS DOUBLE) AS low,
       CAST(max(CASE WHEN bound = 'high' THEN stage END) AS DOUBLE) AS high,
       CAST(max(CASE WHEN bound = 'low' THEN nullif(broken, '') END) AS VARCHAR) AS broken
FROM flagged GROUP BY person_id, instrument
