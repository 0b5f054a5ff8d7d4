-- bad_field: notes the cells of one column that hold something which is not understood.
INSERT INTO record.unread
SELECT source, source_row, '$field', ${field}_text, '$expected; $outcome'
FROM typed WHERE ${field}_text IS NOT NULL AND $reading IS NULL AND $used;
