-- question: one row is one person and one missing fact, and how much its answer would settle.
--   person_id
--   table, row, field   the empty cell (row null: a row that is not there)
--   asks                the question in words
--   settles_low, settles_high   fewest and most verdicts and stage totals that become decided over the possible answers
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
), settled AS (
  SELECT k.person_id, k.question_no, k.world_id, sum(CASE WHEN a.decided AND NOT b.decided THEN 1 ELSE 0 END) AS settles,
         sum(coalesce(b.width - a.width, 0)) AS narrows
  FROM world.answer AS k
  JOIN answered AS a ON a.world_id = k.world_id
  JOIN base AS b ON b.person_id = k.person_id AND b.kind = a.kind AND b.name = a.name
  GROUP BY k.person_id, k.question_no, k.world_id
), bounds AS (
  SELECT person_id, question_no, min(settles) AS settles_low, max(settles) AS settles_high,
         min(narrows) AS narrows_low, max(narrows) AS narrows_high
  FROM settled GROUP BY person_id, question_no
)
SELECT q.person_id, CAST(q.table_name AS VARCHAR) AS "table", CAST(q.row_id AS VARCHAR) AS "row", CAST(q.field AS VARCHAR) AS field,
       CAST(q.asks AS VARCHAR) AS asks, CAST(b.settles_low AS BIGINT) AS settles_low, CAST(b.settles_high AS BIGINT) AS settles_high,
       CAST(b.narrows_low AS DOUBLE) AS narrows_low, CAST(b.narrows_high AS DOUBLE) AS narrows_high
FROM world.question AS q
JOIN bounds AS b ON b.person_id = q.person_id AND b.question_no = q.question_no
WHERE b.settles_high > 0 OR b.narrows_high > 0
