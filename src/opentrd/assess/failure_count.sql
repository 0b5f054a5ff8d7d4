-- failure_count: one row is one person and one instrument: failed adequate trials in the episode that staging looks at, one per drug.
--   person_id
--   definition_no        the instrument: of those that judge trials alike only the first (see judged_as in rule)
--   low, high            certainly (in one stretch of the episode) and possibly
--   days_low, days_high  from the start of the first to the end of the last of them, days
--   classes_low          different classes among the certain ones
WITH part AS (
  SELECT person_id, definition_no, part_no, count(DISTINCT counted_as) AS low, count(DISTINCT thase_rush_class) AS classes,
         date_diff('day', min(start_high), max(end_low)) + 1 AS days
  FROM assess.failed WHERE certain = 1 GROUP BY person_id, definition_no, part_no
), certain AS (
  SELECT person_id, definition_no, max(low) AS low, max(days) AS days, max(classes) AS classes FROM part GROUP BY person_id, definition_no
), possible AS (
  SELECT person_id, definition_no, count(DISTINCT counted_as) AS high, date_diff('day', min(start_low), max(end_high)) + 1 AS days
  FROM assess.failed GROUP BY person_id, definition_no
)
SELECT p.person_id, p.definition_no, CAST(coalesce(c.low, 0) AS BIGINT) AS low, CAST(p.high AS BIGINT) AS high,
       CAST(coalesce(c.days, 0) AS BIGINT) AS days_low, CAST(p.days AS BIGINT) AS days_high, CAST(coalesce(c.classes, 0) AS BIGINT) AS classes_low
FROM possible AS p
LEFT JOIN certain AS c ON c.person_id = p.person_id AND c.definition_no = p.definition_no
