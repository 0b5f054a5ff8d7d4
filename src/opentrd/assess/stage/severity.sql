-- stage_severity: one row is one person whose severity is rated or coded for the episode that staging looks at.
--   person_id
--   low, high   Maudsley severity item (1 to 5): the last rating since the episode began, else the last coded severity
WITH rated AS (
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
  JOIN knowledge.condition_set AS s ON s.condition = c.condition
  JOIN knowledge.severity_level AS v ON v.condition_set = s.condition_set
  JOIN assess.episode AS e ON e.person_id = c.person_id AND e.is_last
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE) AND coalesce(c.start_latest >= e.reckoned_from, TRUE)
), coding AS (
  SELECT person_id, min(score) AS low, max(score) AS high FROM coded WHERE nth = 1 GROUP BY person_id
)
SELECT coalesce(r.person_id, c.person_id) AS person_id, CAST(coalesce(r.low, c.low) AS DOUBLE) AS low, CAST(coalesce(r.high, c.high) AS DOUBLE) AS high
FROM coding AS c FULL OUTER JOIN rating AS r ON r.person_id = c.person_id
