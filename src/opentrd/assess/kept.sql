-- kept: one row is one person and one record table.
--   person_id   the person
--   table_name  record table
--   kept        true: the source keeps this table over the person's whole observed time, so no row means "not recorded";
--               false: it does not, and no row means "not known"
WITH asked AS (
  SELECT a.person_id, a.as_of, a.observed_from, t.table_name
  FROM assess.as_of AS a
  CROSS JOIN (SELECT 'exposure' AS table_name UNION ALL SELECT 'procedure' UNION ALL SELECT 'condition'
              UNION ALL SELECT 'measurement') AS t
), limits AS (
  SELECT person_id, table_name, min(start_date) AS start_date, max(end_date) AS end_date,
         max(CASE WHEN start_date IS NULL THEN 1 ELSE 0 END) AS open_start,
         max(CASE WHEN end_date IS NULL THEN 1 ELSE 0 END) AS open_end
  FROM record.coverage GROUP BY person_id, table_name
)
SELECT q.person_id, q.table_name,
       CAST(CASE WHEN k.table_name IS NULL THEN FALSE
                 WHEN l.person_id IS NULL THEN TRUE
                 ELSE coalesce((l.open_start = 1 OR l.start_date <= q.observed_from)
                               AND (l.open_end = 1 OR l.end_date >= q.as_of), TRUE)
            END AS BOOLEAN) AS kept
FROM asked AS q
LEFT JOIN record.kept AS k ON k.table_name = q.table_name
LEFT JOIN limits AS l ON l.person_id = q.person_id AND l.table_name = q.table_name
