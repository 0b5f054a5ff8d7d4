-- end_before_start: notes the rows whose last day lies before their first.
INSERT INTO record.unread
SELECT source, source_row, 'end_date', end_date_text,
       'the end lies before the start (' || ${start}_text 
       || '); expected the last day, not before the first; field left empty'
FROM typed WHERE end_before_start AND $used;
