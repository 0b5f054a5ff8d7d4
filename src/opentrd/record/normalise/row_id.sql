-- row_id: one row is one row in use with its id: the given one, or one made from the content of the person's rows,
-- so that the order of the input changes nothing: "$table 1 of <person>" is the earliest.
-- The day and the name order nearly all rows; only rows that share both are ordered by all columns, which costs more.
CREATE OR REPLACE TEMP TABLE placed AS
SELECT row_key, person_id_text, rank() OVER (PARTITION BY person_id_text ORDER BY $day, $name) AS place
FROM typed WHERE ${table}_id_text IS NULL AND $used;

CREATE OR REPLACE TEMP TABLE row_id AS
WITH shared AS (
  SELECT person_id_text, place FROM placed GROUP BY person_id_text, place HAVING count(*) > 1
), tied AS (
  SELECT p.row_key, p.place
  FROM placed AS p JOIN shared AS s ON s.person_id_text = p.person_id_text AND s.place = p.place
), ordered AS (
  SELECT i.row_key,
         i.place + row_number() OVER (PARTITION BY person_id_text, i.place ORDER BY $columns) - 1 AS place
  FROM tied AS i JOIN typed AS t ON t.row_key = i.row_key
)
SELECT row_key, ${table}_id_text AS id FROM typed WHERE ${table}_id_text IS NOT NULL AND $used
UNION ALL
SELECT p.row_key, '$table ' || coalesce(o.place, p.place) || ' of ' || p.person_id_text
FROM placed AS p LEFT JOIN ordered AS o ON o.row_key = p.row_key;

DROP TABLE placed;
