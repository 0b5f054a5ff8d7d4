-- repeated_id: ids that several rows share; the second row in the order of content becomes id#2, and so on.
CREATE OR REPLACE TEMP TABLE renamed AS
WITH repeated AS (
  SELECT id FROM row_id GROUP BY id HAVING count(*) > 1
), numbered AS (
  SELECT r.row_key, r.id, t.source, t.source_row, row_number() OVER (PARTITION BY r.id ORDER BY $columns) AS place
  FROM row_id AS r JOIN repeated AS d ON d.id = r.id JOIN typed AS t ON t.row_key = r.row_key
)
SELECT row_key, id, source, source_row, id || '#' || place AS new_id FROM numbered WHERE place > 1;

INSERT INTO record.unread
SELECT source, source_row, '${table}_id', id,
       'another row with different content has this id; both are used, this one as ' || new_id
FROM renamed;

CREATE OR REPLACE TEMP TABLE row_id AS
SELECT r.row_key, coalesce(n.new_id, r.id) AS id FROM row_id AS r LEFT JOIN renamed AS n ON n.row_key = r.row_key;
