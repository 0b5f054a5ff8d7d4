-- question: one row is one person and one missing fact, and how much its answer would settle.
--   person_id
--   table, row, field   the empty cell (row null: a row that is not there)
--   asks                the question in words
--   settles_low, settles_high   fewest and most verdicts, stage totals and standings of options that become decided over the possible answers
--   standings_low, standings_high   of these, standings: no row of option_open is left for the treatment in its role; at least so many, because a
--                 standing that rests on two missing facts is not counted
--   narrows_low, narrows_high   fewest and most points by which the intervals of stage totals and of counted failures shrink, summed
WITH base_verdict AS (
  SELECT person_id, definition AS name, met IS NOT NULL AS decided, CAST(failed_high - failed_low AS DOUBLE) AS width FROM assess.verdict
), base_stage AS (
  SELECT person_id, instrument AS name, coalesce(low = high, low IS NULL AND high IS NULL) AS decided, high - low AS width
  FROM assess.stage WHERE item = 'total'
), base AS (
  SELECT person_id, 'verdict' AS kind, name, decided, width FROM base_verdict
  UNION ALL SELECT person_id, 'stage', name, decided, width FROM base_stage
), answered AS (
  SELECT w.person_id AS world_id, 'verdict' AS kind, w.definition AS name, w.met IS NOT NULL AS decided, CAST(w.failed_high - w.failed_low AS DOUBLE) AS width
  FROM world.verdict AS w
  UNION ALL
  SELECT person_id, 'stage', instrument, coalesce(low = high, low IS NULL AND high IS NULL), high - low FROM world.stage WHERE item = 'total'
), unsettled AS (
  SELECT person_id, treatment, role, max(CASE WHEN why = 'block' THEN 1 ELSE 0 END) AS block, max(agent) AS agent
  FROM assess.option_open GROUP BY person_id, treatment, role
), asked_end AS (  -- of a drug taken more than once, one answer does not tell all
  SELECT person_id, agent, count(*) AS ends FROM world.question WHERE kind = 'end' GROUP BY person_id, agent
), raised AS (
  SELECT person_id, treatment, role, top_dose_mg, row_number() OVER (PARTITION BY person_id, treatment ORDER BY reckoned_to DESC, trial_no DESC) AS nth
  FROM world.option_tried WHERE role = 'optimise' AND coalesce(taken_now, TRUE)
), still AS (  -- what is left open in a world
  SELECT person_id AS world_id, treatment, role FROM world.option_tried WHERE role <> 'optimise' AND role <> 'stop'
  GROUP BY person_id, treatment, role HAVING max(CASE WHEN failed IS NULL THEN 1 ELSE 0 END) = 1 AND max(CASE WHEN failed THEN 1 ELSE 0 END) = 0
  UNION ALL
  SELECT person_id, treatment, role FROM raised WHERE nth = 1 AND top_dose_mg IS NULL
), standing AS (
  SELECT k.person_id, k.question_no, k.world_id, count(*) AS number
  FROM world.answer AS k
  JOIN unsettled AS u ON u.person_id = k.person_id
  LEFT JOIN asked_end AS e ON e.person_id = k.person_id AND e.agent = k.agent
  LEFT JOIN still AS s ON s.world_id = k.world_id AND s.treatment = u.treatment AND s.role = u.role
  WHERE s.world_id IS NULL AND (u.block = 0 OR (k.kind = 'end' AND u.agent = k.agent AND e.ends = 1))
  GROUP BY k.person_id, k.question_no, k.world_id
), settled AS (
  SELECT k.person_id, k.question_no, k.world_id, sum(CASE WHEN a.decided AND NOT b.decided THEN 1 ELSE 0 END) AS settles,
         sum(coalesce(b.width - a.width, 0)) AS narrows
  FROM world.answer AS k
  JOIN answered AS a ON a.world_id = k.world_id
  JOIN base AS b ON b.person_id = k.person_id AND b.kind = a.kind AND b.name = a.name
  GROUP BY k.person_id, k.question_no, k.world_id
), bounds AS (
  SELECT d.person_id, d.question_no, min(d.settles + coalesce(s.number, 0)) AS settles_low, max(d.settles + coalesce(s.number, 0)) AS settles_high,
         min(coalesce(s.number, 0)) AS standings_low, max(coalesce(s.number, 0)) AS standings_high, min(d.narrows) AS narrows_low, max(d.narrows) AS narrows_high
  FROM settled AS d
  LEFT JOIN standing AS s ON s.world_id = d.world_id
  GROUP BY d.person_id, d.question_no
)
SELECT q.person_id, CAST(q.table_name AS VARCHAR) AS "table", CAST(q.row_id AS VARCHAR) AS "row", CAST(q.field AS VARCHAR) AS field,
       CAST(q.asks AS VARCHAR) AS asks, CAST(b.settles_low AS BIGINT) AS settles_low, CAST(b.settles_high AS BIGINT) AS settles_high,
       CAST(b.standings_low AS BIGINT) AS standings_low, CAST(b.standings_high AS BIGINT) AS standings_high,
       CAST(b.narrows_low AS DOUBLE) AS narrows_low, CAST(b.narrows_high AS DOUBLE) AS narrows_high
FROM world.question AS q
JOIN bounds AS b ON b.person_id = q.person_id AND b.question_no = q.question_no
WHERE b.settles_high > 0 OR b.narrows_high > 0
