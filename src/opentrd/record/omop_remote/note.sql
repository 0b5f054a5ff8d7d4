-- One row is one kind of thing that was read with a reservation, or not at all, and how often: no row of a patient.
--   source   table of the CDM
--   field    its column
--   value    the concept or word concerned; '' when it is the row's own value
--   reason   what was expected and what was done
--   n        rows
WITH span AS (
    SELECT 'drug_exposure' AS source, start_date, end_date FROM omop.drug_row
    UNION ALL
    SELECT table_name, start_date, end_date FROM omop.condition_row
    UNION ALL
    SELECT 'procedure_occurrence', start_date, end_date FROM omop.procedure_row
),
day AS (
    SELECT source, CASE WHEN source = 'procedure_occurrence' THEN 'date' ELSE 'start_date' END AS field,
        'no day between 1850 and 2199; field left empty' AS reason,
        CASE WHEN start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN 0 ELSE 1 END AS fault
    FROM span WHERE start_date IS NOT NULL
    UNION ALL
    SELECT source, 'end_date', 'no day between 1850 and 2199 (9999 stands for no end); field left empty',
        CASE WHEN end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN 0 ELSE 1 END
    FROM span WHERE end_date IS NOT NULL
    UNION ALL
    SELECT source, 'end_date', 'the end lies before the start; field left empty', CASE WHEN end_date < start_date THEN 1 ELSE 0 END
    FROM span
    WHERE start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE)
        AND end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE)
    UNION ALL
    SELECT table_name, 'date', 'no day between 1850 and 2199; field left empty',
        CASE WHEN date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN 0 ELSE 1 END
    FROM omop.measured WHERE date IS NOT NULL AND value IS NOT NULL
),
per_field AS (
    SELECT 'drug_exposure' AS source, 'drug_exposure_end_date' AS field, '' AS value,
        'repeats the start date although several days were supplied; read as start + days_supply - 1' AS reason,
        sum(CASE WHEN end_repeats_start THEN 1 ELSE 0 END) AS n
    FROM omop.drug_row
    UNION ALL
    SELECT 'drug_exposure', 'drug_exposure_end_date', '',
        'is start + days_supply, one day more than was supplied; read as it stands', sum(CASE WHEN end_after_supply THEN 1 ELSE 0 END)
    FROM omop.drug_row
    UNION ALL
    SELECT 'drug_exposure', 'quantity', agent,
        'strength x quantity / days_supply gives an implausible daily dose; the dose was left empty', count(*)
    FROM omop.drug_row WHERE dose > dose_limit GROUP BY agent
    UNION ALL
    SELECT 'drug_exposure', 'quantity', '',
        'no daily dose: strength, quantity or days_supply is missing or not usable; the dose was left empty', count(*)
    FROM omop.drug_row WHERE dose IS NULL
    UNION ALL
    SELECT 'drug_exposure', 'daily_dose_mg', '', 'expected at most 20000 mg a day; field left empty', count(*)
    FROM omop.drug_row WHERE dose > 20000 AND coalesce(dose <= dose_limit, TRUE)
    UNION ALL
    SELECT 'drug_exposure', 'quantity', '', 'expected a number, not negative; not used', count(*)
    FROM omop.drug_row WHERE quantity < 0
    UNION ALL
    SELECT 'drug_exposure', 'days_supply', '', 'expected a number of days, not negative; not used', count(*)
    FROM omop.drug_row WHERE days_supply < 0
    UNION ALL
    SELECT 'drug_exposure', 'refills', '', 'refills are not counted as supplied days', count(*)
    FROM omop.drug_row WHERE refills > 0
    UNION ALL
    SELECT 'drug_exposure', 'stop_reason', stop_reason,
        'not one of inefficacy, intolerance, nonadherence, remission, other; left empty', count(*)
    FROM omop.drug_row
    WHERE NOT (stop_reason = 'inefficacy' OR stop_reason = 'intolerance' OR stop_reason = 'nonadherence'
        OR stop_reason = 'remission' OR stop_reason = 'other')
    GROUP BY stop_reason
    UNION ALL
    SELECT 'drug_exposure', 'drug_type_concept_id', CAST(drug_type_concept_id AS VARCHAR),
        'does not say whether the drug was dispensed, prescribed, administered or reported; the status was left empty', count(*)
    FROM omop.drug_row WHERE status IS NULL GROUP BY drug_type_concept_id
    UNION ALL
    SELECT table_name, 'value_as_number', measure, 'no number is given; not used', count(*)
    FROM omop.measured WHERE value IS NULL GROUP BY table_name, measure
    UNION ALL
    SELECT CASE WHEN r.measurement_id LIKE 'observation-%' THEN 'observation' ELSE 'measurement' END, 'value', r.measure,
        'outside what the measure can be; field left empty', count(*)
    FROM record.measurement AS r WHERE r.value IS NULL
    GROUP BY CASE WHEN r.measurement_id LIKE 'observation-%' THEN 'observation' ELSE 'measurement' END, r.measure
    UNION ALL
    SELECT 'person', 'month_of_birth', '', 'expected a month, 1 to 12; not used', count(*)
    FROM cdm.person WHERE NOT month_of_birth BETWEEN 1 AND 12
    UNION ALL
    SELECT 'person', 'day_of_birth', '', 'expected a day, 1 to 31; not used', count(*)
    FROM cdm.person WHERE NOT day_of_birth BETWEEN 1 AND 31
    UNION ALL
    SELECT 'person', 'gender_concept_id', CAST(gender_concept_id AS VARCHAR),
        'neither female, male nor other; the sex was left empty', count(*)
    FROM omop.person_row WHERE sex IS NULL GROUP BY gender_concept_id
    UNION ALL
    SELECT 'person', 'birth_date', '', 'no date of birth between 1850 and 2199; field left empty', count(*)
    FROM omop.person_row WHERE birth_earliest IS NULL AND birth_given
    UNION ALL
    SELECT source, field, '', reason, count(*)
    FROM day WHERE fault = 1 GROUP BY source, field, reason
    UNION ALL
    SELECT 'procedure_occurrence', 'sessions', '', 'expected a whole number from 1 to 45000; field left empty', count(*)
    FROM omop.procedure_row WHERE quantity > 0 AND NOT (quantity > 0.5 AND quantity <= 45000.5)
)
SELECT source, field, value, reason, CAST(n AS BIGINT) AS n
FROM per_field
WHERE n > 0
