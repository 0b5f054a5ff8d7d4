-- Dates that stand in another resource than the row's own; run once, after everything is read.
-- fhir_encounter (key, day): the first day of each encounter; fhir_dateless (table_name, source, source_row,
-- encounter): rows without a date; fhir_onset_age (source, source_row, person_id, years): onsets given as an age.

-- An encounter id that two sources use for different days dates nothing.
CREATE OR REPLACE TEMP VIEW fhir_dated AS
SELECT DISTINCT dateless.table_name, dateless.source, dateless.source_row, visit.day
FROM fhir_dateless AS dateless
JOIN (
    SELECT key, min(day) AS day FROM fhir_encounter GROUP BY key HAVING count(DISTINCT day) = 1
) AS visit ON visit.key = dateless.encounter;

UPDATE raw.condition AS row SET start_date = dated.day FROM fhir_dated AS dated
WHERE dated.table_name = 'condition' AND row.source = dated.source AND row.source_row = dated.source_row
    AND row.start_date IS NULL;

UPDATE raw.exposure AS row SET start_date = dated.day FROM fhir_dated AS dated
WHERE dated.table_name = 'exposure' AND row.source = dated.source AND row.source_row = dated.source_row
    AND row.start_date IS NULL;

UPDATE raw.procedure AS row SET "date" = dated.day FROM fhir_dated AS dated
WHERE dated.table_name = 'procedure' AND row.source = dated.source AND row.source_row = dated.source_row
    AND row."date" IS NULL;

UPDATE raw.measurement AS row SET "date" = dated.day FROM fhir_dated AS dated
WHERE dated.table_name = 'measurement' AND row.source = dated.source AND row.source_row = dated.source_row
    AND row."date" IS NULL;

-- An onset given as an age starts in the year of birth plus that age.
UPDATE raw.condition AS row SET start_date = dated.year
FROM (
    SELECT
        age.source, age.source_row,
        min(lpad(CAST(CAST(substr(person.birth_date, 1, 4) AS INTEGER)
            + CAST(floor(CAST(age.years AS DOUBLE)) AS INTEGER) AS VARCHAR), 4, '0')) AS year
    FROM fhir_onset_age AS age
    JOIN raw.person AS person ON person.person_id = age.person_id
    WHERE regexp_matches(person.birth_date, '^[0-9]{4}')
    GROUP BY age.source, age.source_row
    HAVING count(DISTINCT substr(person.birth_date, 1, 4)) = 1
) AS dated
WHERE row.source = dated.source AND row.source_row = dated.source_row;

DROP VIEW fhir_dated;
DROP TABLE fhir_encounter;
DROP TABLE fhir_dateless;
DROP TABLE fhir_onset_age;
