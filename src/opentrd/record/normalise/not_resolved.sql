-- not_resolved: notes the rows whose $kind the knowledge does not have.
INSERT INTO record.unread
SELECT t.source, t.source_row, '$kind', coalesce(t.${kind}_text, ''),
       CASE WHEN t.${kind}_text IS NULL THEN 'no $kind; expected a name or SYSTEM:code; row not used'
            ELSE 'no $kind of the knowledge has this name or code; expected a name or SYSTEM:code that '
                 || '''opentrd knowledge ${kind}_code'' lists; row not used' END
FROM row_text AS t LEFT JOIN resolved AS r ON r.text = t.${kind}_text
WHERE r.name IS NULL;
