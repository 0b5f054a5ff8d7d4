-- record.$table with ids that differ: equal rows count once; further rows with the same id become id#2, id#3, ...
--   (the columns of record.$table)
WITH different AS (
    SELECT DISTINCT $columns FROM record.$table
),
numbered AS (
    SELECT $columns,
        coalesce($id, CAST('$table of ' AS VARCHAR) || person_id) AS given_id,
        row_number() OVER (
            PARTITION BY coalesce($id, CAST('$table of ' AS VARCHAR) || person_id) ORDER BY $ordered
        ) AS place
    FROM different
)
SELECT CASE WHEN place = 1 THEN given_id ELSE given_id || '#' || CAST(place AS VARCHAR) END AS $id, $others
FROM numbered
