-- everyone: one row is one person that any table names; nothing is known of those whom the person table does not have.
CREATE OR REPLACE TEMP TABLE everyone AS
SELECT s.person_id, p.* EXCLUDE (person_id)
FROM seen_person AS s LEFT JOIN one_person AS p ON p.person_id = s.person_id;

INSERT INTO record.unread
SELECT s.source, s.source_row, 'person_id', s.person_id,
       'in this table but not in the person table; expected a row there; used, with nothing else known of the person'
FROM seen_person AS s
WHERE s.person_id NOT IN (SELECT person_id FROM one_person)
  AND EXISTS (SELECT 1 FROM record.kept WHERE table_name = 'person');
