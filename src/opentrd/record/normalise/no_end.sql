-- no_end: a day of the year 9999 as end_date stands for "no end": noted, and read as an empty cell.
INSERT INTO record.unread
SELECT source, source_row, 'end_date', end_date_text,
       'the year 9999 stands for no end; read as an empty end: $meaning'
FROM row_text WHERE means_no_end(end_date_text);

UPDATE row_text SET $changed WHERE means_no_end(end_date_text);
