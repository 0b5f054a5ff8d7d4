-- record.unread: what was read with a reservation, each kind counted once. Nothing here was left out of the record
-- except where the reason says so.
INSERT INTO record.unread
WITH event AS (
    SELECT * FROM (
        SELECT 'exposure' AS record_table, source, person_id, start_date AS date FROM raw.exposure
        UNION ALL SELECT 'condition', source, person_id, start_date FROM raw.condition
        UNION ALL SELECT 'procedure', source, person_id, date FROM raw.procedure
        UNION ALL SELECT 'measurement', source, person_id, date FROM raw.measurement
    )
    WHERE source IN (SELECT table_name FROM omop.concept_use)  -- other inputs may have been read before
),
observed AS (
    SELECT person_id, min(start_date) AS first_date, max(end_date) AS last_date
    FROM raw.observation_period
    GROUP BY person_id
),
note AS (
    SELECT 'drug_exposure' AS source, 'drug_exposure_end_date' AS field, '' AS value, count(*) AS n,
        'repeats the start date although several days were supplied; read as start + days_supply - 1' AS reason
    FROM omop.exposure WHERE end_repeats_start
    UNION ALL
    SELECT 'drug_exposure', 'drug_exposure_end_date', '', count(*),
        'is start + days_supply, one day more than was supplied; read as it stands'
    FROM omop.exposure WHERE end_after_supply
    UNION ALL
    SELECT 'drug_exposure', 'quantity', agent, count(*),
        'strength x quantity / days_supply gives an implausible daily dose (more than '
        || getvariable('omop_implausible_multiple') || ' times the largest minimum dose); the dose was left empty'
    FROM omop.exposure WHERE dose_implausible GROUP BY agent
    UNION ALL
    SELECT 'drug_exposure', 'quantity', '', count(*),
        'no daily dose: strength, quantity or days_supply is missing or not usable; the dose was left empty'
    FROM omop.exposure WHERE dose IS NULL
    UNION ALL
    SELECT 'drug_exposure', 'refills', '', count(*), 'refills are not counted as supplied days'
    FROM omop.exposure WHERE refills > 0
    UNION ALL
    SELECT 'drug_exposure', 'stop_reason', trim(stop_reason), count(*),
        'not one of inefficacy, intolerance, nonadherence, remission, other; left empty'
    FROM omop.exposure
    WHERE trim(stop_reason) <> ''
        AND lower(trim(stop_reason)) NOT IN ('inefficacy', 'intolerance', 'nonadherence', 'remission', 'other')
    GROUP BY trim(stop_reason)
    UNION ALL
    SELECT 'drug_exposure', 'drug_type_concept_id', CAST(e.drug_type_concept_id AS VARCHAR), count(*),
        'does not say whether the drug was dispensed, prescribed, administered or reported; the status was left empty'
    FROM omop.exposure AS e
    ANTI JOIN omop.drug_status AS s ON s.concept_id = e.drug_type_concept_id
    GROUP BY e.drug_type_concept_id
    UNION ALL
    SELECT table_name, 'value_as_number', measure, count(*), 'no number is given; not used'
    FROM omop.measured WHERE value IS NULL GROUP BY table_name, measure
    UNION ALL
    SELECT 'person', 'gender_concept_id', CAST(p.gender_concept_id AS VARCHAR), count(*),
        'neither female, male nor other; the sex was left empty'
    FROM omop.person AS p
    JOIN raw.person AS r ON r.person_id = p.person_id AND r.source = 'person'
    WHERE r.sex IS NULL GROUP BY p.gender_concept_id
    UNION ALL
    SELECT e.source, 'person_id', '', count(*),
        'the person is not in the person table; the row is used, with nothing else known of the person'
    FROM event AS e
    ANTI JOIN raw.person AS p ON p.person_id = e.person_id
    WHERE trim(e.person_id) <> ''
    GROUP BY e.source
    UNION ALL
    SELECT 'observation_period', 'person_id', '', count(*), 'the person has no observation period; the observed time is taken from the dated rows'
    FROM raw.person AS p
    WHERE EXISTS (SELECT 1 FROM raw.observation_period)
        AND p.person_id NOT IN (SELECT person_id FROM raw.observation_period WHERE person_id IS NOT NULL)
    UNION ALL
    SELECT e.source, 'date', '', count(*), CASE
        WHEN e.date < o.first_date
            THEN 'the ' || e.record_table || ' starts before the first observation period; it is in the record'
        WHEN e.date > o.last_date
            THEN 'the ' || e.record_table || ' starts after the last observation period; it is in the record, but not '
                || 'used when a person is assessed as of a day before it, such as the end of that period'
        ELSE 'the ' || e.record_table || ' starts outside every observation period; it is in the record' END
    FROM event AS e
    JOIN observed AS o ON o.person_id = e.person_id
    ANTI JOIN raw.observation_period AS p
        ON p.person_id = e.person_id AND e.date BETWEEN p.start_date AND p.end_date
    GROUP BY ALL
)
SELECT source, '', field, value, reason || ': ' || n || CASE WHEN n = 1 THEN ' row' ELSE ' rows' END
FROM note
WHERE n > 0
ORDER BY source, field, value, reason;
