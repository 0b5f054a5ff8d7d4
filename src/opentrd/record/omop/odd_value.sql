-- record.unread: a value that no such field can have (month 13, a negative quantity, a word for a number), one line per
-- row and field with the row's id, at most omop_unread_lines per table; one further line counts the rest. Of the drug
-- and procedure rows only those are looked at that OpenTRD reads.
INSERT INTO record.unread
WITH drug AS (
    SELECT * FROM omop.drug_exposure WHERE drug_concept_id IN (SELECT drug_concept_id FROM omop.drug_agent)
),
done AS (
    SELECT p.*
    FROM omop.procedure_occurrence AS p
    SEMI JOIN raw.procedure AS r ON r.source = 'procedure_occurrence' AND r.source_row = p.procedure_occurrence_id
),
given AS (
    SELECT 'person' AS source, person_id AS row_id, 'year_of_birth' AS field, year_of_birth_text AS value,
        year_of_birth IS NULL AS odd, 'a year' AS expected
    FROM omop.person
    UNION ALL
    SELECT 'person', person_id, 'month_of_birth', month_of_birth_text,
        coalesce(month_of_birth NOT BETWEEN 1 AND 12 OR month_of_birth <> floor(month_of_birth), TRUE), 'a month, 1 to 12'
    FROM omop.person
    UNION ALL
    SELECT 'person', person_id, 'day_of_birth', day_of_birth_text,
        coalesce(day_of_birth NOT BETWEEN 1 AND 31 OR day_of_birth <> floor(day_of_birth), TRUE), 'a day, 1 to 31'
    FROM omop.person
    UNION ALL
    SELECT 'drug_exposure', drug_exposure_id, 'quantity', quantity_text, coalesce(quantity < 0, TRUE),
        'a number, not negative'
    FROM drug
    UNION ALL
    SELECT 'drug_exposure', drug_exposure_id, 'days_supply', days_supply_text, coalesce(days_supply < 0, TRUE),
        'a number of days, not negative'
    FROM drug
    UNION ALL
    SELECT 'drug_exposure', drug_exposure_id, 'refills', refills_text, coalesce(refills < 0, TRUE),
        'a number, not negative'
    FROM drug
    UNION ALL
    SELECT 'procedure_occurrence', procedure_occurrence_id, 'quantity', quantity_text, coalesce(quantity < 0, TRUE),
        'a number, not negative'
    FROM done
),
line AS (
    SELECT *, row_number() OVER (PARTITION BY source ORDER BY row_id, field, value) AS place
    FROM given
    WHERE trim(value) <> '' AND odd
)
SELECT source, coalesce(row_id, ''), field, value, 'expected ' || expected || '; not used' FROM line
WHERE place <= getvariable('omop_unread_lines')
UNION ALL
SELECT source, '', field, '', 'expected ' || expected || '; not used: ' || count(*)
    || CASE WHEN count(*) = 1 THEN ' further row' ELSE ' further rows' END
FROM line WHERE place > getvariable('omop_unread_lines')
GROUP BY source, field, expected;
