-- row_text: one row is one row of raw.$table that names a person, each different row once.
--   row_key               number of the row, to join on
--   <column>_text         the cell without surrounding white space; NULL when empty
--   source, source_row    where the row came from (of identical rows: the first)
-- Identical means: all columns of the contract and of the reader agree, the id included.
CREATE OR REPLACE TEMP TABLE all_text AS
SELECT rowid AS row_key, $text_columns, source, source_row FROM raw.$table;

-- Equal rows have equal hashes; only rows that share a hash are then compared in full.
CREATE OR REPLACE TEMP TABLE row_hash AS SELECT row_key, hash($columns) AS hashed FROM all_text;

CREATE OR REPLACE TEMP TABLE extra_row AS
WITH shared AS (
  SELECT hashed FROM row_hash GROUP BY hashed HAVING count(*) > 1
), alike AS (
  SELECT row_key FROM row_hash WHERE hashed IN (SELECT hashed FROM shared)
), numbered AS (
  SELECT row_key,
         row_number() OVER (PARTITION BY $columns
                            ORDER BY source, try_cast(source_row AS BIGINT), source_row, row_key) AS copy
  FROM all_text WHERE row_key IN (SELECT row_key FROM alike)
)
SELECT row_key FROM numbered WHERE copy > 1;

INSERT INTO record.unread
SELECT source, source_row, 'row', coalesce($id_or_person, ''), 'same row twice, counted once'
FROM all_text WHERE row_key IN (SELECT row_key FROM extra_row) AND person_id_text IS NOT NULL;

INSERT INTO record.unread
SELECT source, source_row, 'person_id', '', 'no person_id; expected the id of a person; row not used'
FROM all_text WHERE person_id_text IS NULL;

DELETE FROM all_text WHERE person_id_text IS NULL OR row_key IN (SELECT row_key FROM extra_row);

DROP TABLE IF EXISTS row_text;
ALTER TABLE all_text RENAME TO row_text;

INSERT INTO seen_person
SELECT person_id_text, source, source_row
FROM (SELECT person_id_text, source, source_row,
             row_number() OVER (PARTITION BY person_id_text
                                ORDER BY source, try_cast(source_row AS BIGINT), source_row) AS place
      FROM (SELECT person_id_text, source, source_row FROM row_text
            WHERE person_id_text NOT IN (SELECT person_id FROM seen_person)))
WHERE place = 1;

DROP TABLE row_hash;
DROP TABLE extra_row;
