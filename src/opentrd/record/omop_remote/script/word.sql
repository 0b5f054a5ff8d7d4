-- One row is one way in which the rows write a word, and the record's word.
--   field, concept_id, source_value   as in word_use
--   word                              NULL when it is not known
SELECT w.field, w.concept_id, w.source_value,
    CASE w.field
        WHEN 'sex' THEN coalesce(s.sex, CASE
            WHEN w.concept_id = 0 AND (upper(w.source_value) = 'F' OR upper(w.source_value) = 'FEMALE') THEN 'female'
            WHEN w.concept_id = 0 AND (upper(w.source_value) = 'M' OR upper(w.source_value) = 'MALE') THEN 'male' END)
        WHEN 'route' THEN coalesce(r.route, lower(w.concept_name), nullif(lower(w.source_value), ''))
        WHEN 'unit' THEN nullif(coalesce(
            CASE WHEN w.vocabulary_id = 'UCUM' THEN w.concept_code ELSE w.concept_name END, w.source_value), '')
        ELSE nullif(coalesce(w.concept_name, w.source_value), '') END AS word
FROM omop.word_use AS w
LEFT JOIN omop.sex AS s ON s.concept_id = w.concept_id
LEFT JOIN omop.route_name AS r ON r.concept_id = w.concept_id
