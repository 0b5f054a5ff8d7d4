-- person: one row is one person, numbered, with what all variants share about them.
--   person_no      number of the person (short keys make the joins of a multiverse cheap)
--   person_id
--   eligible       does the base definition speak about this person: depression diagnosed, no exclusion recorded; null: not known
--   exposures_kept false: exposures are not known completely, so more failures are possible than the record shows
WITH depression AS (
  SELECT c.person_id, count(*) AS rows_recorded, max(CASE WHEN c.course = 'point' THEN 0 ELSE 1 END) AS has_course
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
  GROUP BY c.person_id
), excluded AS (
  SELECT DISTINCT c.person_id
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition
  JOIN multiverse.exclusion AS x ON x.condition_set = s.condition_set
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
)
SELECT CAST(row_number() OVER (ORDER BY a.person_id) AS BIGINT) AS person_no, a.person_id,
       CAST(CASE WHEN x.person_id IS NOT NULL THEN FALSE
                 WHEN coalesce(d.rows_recorded, 0) >= b.min_depression_rows THEN TRUE
                 WHEN d.has_course = 1 THEN TRUE
                 WHEN c.kept THEN FALSE END AS BOOLEAN) AS eligible,
       CAST(e.kept AS BOOLEAN) AS exposures_kept
FROM assess.as_of AS a
CROSS JOIN multiverse.base AS b
JOIN assess.kept AS c ON c.person_id = a.person_id AND c.table_name = 'condition'
JOIN assess.kept AS e ON e.person_id = a.person_id AND e.table_name = 'exposure'
LEFT JOIN depression AS d ON d.person_id = a.person_id
LEFT JOIN excluded AS x ON x.person_id = a.person_id
