-- stage_thase_rush: one row is one person: the stage of Thase and Rush, set-based (the order of the trials does not matter).
--   person_id, instrument, item
--   low, high      stage 0 to 5, lower and upper bound
--   broken         failures above a step that is not reached, joined by ', '; null: none
WITH classed AS (
  SELECT f.person_id, f.part_no, f.certain, f.possible, k.thase_rush_class
  FROM assess.failed AS f
  JOIN knowledge.agent AS k ON k.agent = f.counted_as
  WHERE f.definition = 'thase_rush'
), part AS (
  SELECT person_id, part_no,
         count(DISTINCT CASE WHEN certain = 1 THEN thase_rush_class END) AS classes,
         max(CASE WHEN certain = 1 AND thase_rush_class = 'TCA' THEN 1 ELSE 0 END) AS tca,
         max(CASE WHEN certain = 1 AND thase_rush_class = 'MAOI' THEN 1 ELSE 0 END) AS maoi
  FROM classed WHERE part_no IS NOT NULL GROUP BY person_id, part_no
), whole AS (
  SELECT person_id,
         count(DISTINCT CASE WHEN possible = 1 THEN thase_rush_class END) AS classes,
         max(CASE WHEN possible = 1 AND thase_rush_class = 'TCA' THEN 1 ELSE 0 END) AS tca,
         max(CASE WHEN possible = 1 AND thase_rush_class = 'MAOI' THEN 1 ELSE 0 END) AS maoi
  FROM classed GROUP BY person_id
), staged AS (
  SELECT a.person_id, 'low' AS bound, coalesce(p.classes, 0) AS classes, coalesce(p.tca, 0) AS tca, coalesce(p.maoi, 0) AS maoi, t.bilateral_low AS ect
  FROM assess.as_of AS a
  JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = 'thase_rush'
  LEFT JOIN part AS p ON p.person_id = a.person_id
  UNION ALL
  SELECT a.person_id, 'high', CASE WHEN k.kept THEN coalesce(w.classes, 0) ELSE 5 END, CASE WHEN k.kept THEN coalesce(w.tca, 0) ELSE 1 END,
         CASE WHEN k.kept THEN coalesce(w.maoi, 0) ELSE 1 END, t.bilateral_high
  FROM assess.as_of AS a
  JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = 'thase_rush'
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  LEFT JOIN whole AS w ON w.person_id = a.person_id
), step AS (  -- strictly hierarchical: each step needs the one below
  SELECT *, CASE WHEN classes = 0 THEN 0 WHEN classes = 1 THEN 1 WHEN tca = 0 THEN 2 WHEN maoi = 0 THEN 3 WHEN ect = 0 THEN 4 ELSE 5 END AS stage
  FROM staged
), flagged AS (
  SELECT *, CASE WHEN tca = 1 AND stage < 3 THEN 'TCA' ELSE '' END
            || CASE WHEN tca = 1 AND stage < 3 AND maoi = 1 AND stage < 4 THEN ', ' ELSE '' END
            || CASE WHEN maoi = 1 AND stage < 4 THEN 'MAOI' ELSE '' END
            || CASE WHEN ect = 1 AND stage < 5 AND ((tca = 1 AND stage < 3) OR (maoi = 1 AND stage < 4)) THEN ', ' ELSE '' END
            || CASE WHEN ect = 1 AND stage < 5 THEN 'ECT' ELSE '' END AS broken
  FROM step
)
SELECT person_id, CAST('thase_rush' AS VARCHAR) AS instrument, CAST('total' AS VARCHAR) AS item,
       CAST(max(CASE WHEN bound = 'low' THEN stage END) AS DOUBLE) AS low,
       CAST(max(CASE WHEN bound = 'high' THEN stage END) AS DOUBLE) AS high,
       CAST(max(CASE WHEN bound = 'low' THEN nullif(broken, '') END) AS VARCHAR) AS broken
FROM flagged GROUP BY person_id
