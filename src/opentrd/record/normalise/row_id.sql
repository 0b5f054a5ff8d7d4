-- row_id: one row is one row in use with its id: the given one, or one made from the content of the person's rows,
-- so that the order of the input changes nothing.
CREATE OR REPLACE TEMP TABLE row_id AS
SELECT row_key, ${table}_id_text AS id FROM typed WHERE ${table}_id_text IS NOT NULL AND $used
UNION ALL
SELECT row_key,
       '$table ' || row_number() OVER (PARTITION BY person_id_text ORDER BY $columns) || ' of ' || person_id_text
FROM typed WHERE ${table}_id_text IS NULL AND $used;
