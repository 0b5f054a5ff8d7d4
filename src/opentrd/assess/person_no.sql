-- person_no: one row is one person and a number: the short key of the counts.
--   person_no    number by id, within this run
--   person_id    the person
SELECT CAST(row_number() OVER (ORDER BY person_id) AS BIGINT) AS person_no, person_id FROM assess.as_of
