-- unused: one row is one person with rows of $table that are not used because something in them was not understood.
INSERT INTO record.unused
SELECT person_id, '$table', count(*) FROM typed WHERE NOT ($understood) GROUP BY person_id ORDER BY person_id;
