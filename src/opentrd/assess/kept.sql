-- kept: one row is one person and one record table.
--   person_id   the person
--   table_name  record table
--   kept        true: the source keeps this table over the person's whole observed time, so no row means "not recorded";
--               false: it does not, and no row means "not known"
WITH asked AS (
  SELECT a.person_id, a.observed_to, a.observed_from, t.table_name
  FROM assess.as_of AS a
  CROSS JOIN (SELECT 'exposure' AS table_name UNION ALL SELECT 'procedure' UNION ALL SELECT 'condition'
              UNION ALL SELECT 'measurement') AS t
), ordered AS (
  SELECT person_id, table_name, coalesce(start_date, CAST('0001-01-01' AS DATE)) AS start_date, coalesce(end_date, CAST('9999-12-31' AS DATE)) AS end_date,
         max(coalesce(end_date, CAST('9999-12-31' AS DATE)))
           OVER (PARTITION BY person_id, table_name ORDER BY start_date NULLS FIRST, end_date NULLS LAST
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM record.coverage
), limits AS (  -- a hole counts where it touches the observed time
  SELECT o.person_id, o.table_name, min(o.start_date) AS start_date, max(o.end_date) AS end_date,
         max(CASE WHEN date_diff('day', o.covered_to, o.start_date) > 1 AND coalesce(o.covered_to < a.observed_to AND o.start_date > a.observed_from, TRUE)
                  THEN 1 ELSE 0 END) AS holes
  FROM ordered AS o JOIN assess.as_of AS a ON a.person_id = o.person_id
  GROUP BY o.person_id, o.table_name
)
SELECT q.person_id, q.table_name,
       CAST(CASE WHEN k.table_name IS NULL THEN FALSE
                 WHEN l.person_id IS NULL THEN TRUE
                 ELSE l.holes = 0 AND coalesce(l.start_date <= q.observed_from AND l.end_date >= q.observed_to, TRUE)
            END AS BOOLEAN) AS kept
FROM asked AS q
LEFT JOIN record.kept AS k ON k.table_name = q.table_name
LEFT JOIN limits AS l ON l.person_id = q.person_id AND l.table_name = q.table_name
