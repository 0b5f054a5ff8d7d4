-- person_conflict: notes where the rows of one person contradict each other in one field.
INSERT INTO record.unread
SELECT min_by(source, row_key), min_by(source_row, row_key), '$field',
       string_agg(DISTINCT ${field}_text, ' | ' ORDER BY ${field}_text),
       'the rows of person ' || person_id || ' contradict each other; expected one value; field left empty'
FROM typed WHERE person_id IN (SELECT person_id FROM one_person WHERE conflict_$field)
GROUP BY person_id;
