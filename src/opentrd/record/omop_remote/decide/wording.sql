-- What the words that the rows use stand for.
--   wording.word    field, concept_id, source_value as in word_use, and the record's word; NULL when it is not known
--   wording.bound   measure, unit ('' when none is given), and the lowest and highest value that the measure can take in
--                   that unit; a measure in another unit has no row
CREATE OR REPLACE SCHEMA wording;

CREATE TABLE wording.word AS
SELECT w.field, w.concept_id, w.source_value, text_of(CASE w.field
    WHEN 'sex' THEN coalesce(s.sex, CASE
        WHEN w.concept_id = 0 AND upper(w.source_value) IN ('F', 'FEMALE') THEN 'female'
        WHEN w.concept_id = 0 AND upper(w.source_value) IN ('M', 'MALE') THEN 'male' END)
    WHEN 'route' THEN coalesce(r.route, lower(w.concept_name), nullif(lower(w.source_value), ''))
    WHEN 'unit' THEN coalesce(CASE WHEN w.vocabulary_id = 'UCUM' THEN w.concept_code ELSE w.concept_name END,
        w.source_value)
    ELSE coalesce(w.concept_name, w.source_value) END) AS word
FROM omop.word_use AS w
LEFT JOIN omop.sex AS s ON s.concept_id = w.concept_id
LEFT JOIN omop.route_name AS r ON r.concept_id = w.concept_id;

CREATE TABLE wording.bound AS
WITH unit AS (
    SELECT '' AS unit
    UNION
    SELECT word FROM wording.word WHERE field = 'unit' AND word IS NOT NULL
)
SELECT m.measure, u.unit, CAST(m.min_value AS DOUBLE) AS lowest, CAST(m.max_value AS DOUBLE) AS highest
FROM (SELECT DISTINCT meaning FROM omop.meaning WHERE kind = 'measure') AS d
JOIN knowledge.measure AS m ON m.measure = d.meaning
CROSS JOIN unit AS u
WHERE (m.min_value IS NOT NULL OR m.max_value IS NOT NULL)
    AND (u.unit = '' OR m.unit IS NULL OR name_key(u.unit) = name_key(m.unit));
