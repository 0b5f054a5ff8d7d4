-- One row is one kind of thing that was noticed on persons and on the time they were observed, and how often.
--   source, field, value, reason, n   as in note
WITH event AS (
    SELECT 'exposure' AS kind, 'drug_exposure' AS source, person_id, start_earliest AS day FROM record.exposure
    UNION ALL
    SELECT 'condition', CASE WHEN condition_id LIKE 'observation-%' THEN 'observation' ELSE 'condition_occurrence' END,
        person_id, start_earliest
    FROM record.condition
    UNION ALL
    SELECT 'procedure', 'procedure_occurrence', person_id, start_earliest FROM record.procedure
    UNION ALL
    SELECT 'measurement', CASE WHEN measurement_id LIKE 'observation-%' THEN 'observation' ELSE 'measurement' END,
        person_id, date_earliest
    FROM record.measurement
),
observed AS (
    SELECT person_id, min(start_date) AS first_day, max(end_date) AS last_day FROM record.observation_period GROUP BY person_id
),
known AS (
    SELECT person_id, count(*) AS given, max(birth_earliest) AS born FROM omop.person_row GROUP BY person_id
),
outside AS (
    SELECT e.source, e.kind,
        CASE WHEN e.day < o.first_day THEN 'before' WHEN e.day > o.last_day THEN 'after' ELSE 'between' END AS place
    FROM event AS e
    JOIN observed AS o ON o.person_id = e.person_id
    LEFT JOIN record.observation_period AS p
        ON p.person_id = e.person_id AND e.day BETWEEN p.start_date AND p.end_date
    WHERE p.person_id IS NULL AND e.day IS NOT NULL
),
last_seen AS (
    SELECT person_id, max(day) AS last_day FROM event GROUP BY person_id
),
note AS (
    SELECT source, 'date' AS field, '' AS value, 'the ' || kind || CASE place
        WHEN 'before' THEN ' starts before the first observation period; it is in the record'
        WHEN 'after' THEN ' starts after the last observation period; it is in the record, but not used when a person is assessed as of a day before it, such as the end of that period'
        ELSE ' starts outside every observation period; it is in the record' END AS reason, count(*) AS n
    FROM outside GROUP BY source, kind, place
    UNION ALL
    SELECT e.source, 'person_id', '',
        'the person is not in the person table; the row is used, with nothing else known of the person', count(*)
    FROM event AS e LEFT JOIN known AS k ON k.person_id = e.person_id
    WHERE k.person_id IS NULL GROUP BY e.source
    UNION ALL
    SELECT 'observation_period', 'person_id', '',
        'the person has no observation period; the observed time is taken from the dated rows', count(*)
    FROM known AS k LEFT JOIN observed AS o ON o.person_id = k.person_id
    WHERE o.person_id IS NULL AND (SELECT count(*) FROM observed) > 0
    UNION ALL
    SELECT 'observation_period', 'end_date', '',
        'before the start, or no day between 1850 and 2199; field left empty', count(*)
    FROM record.observation_period WHERE end_date IS NULL
    UNION ALL
    SELECT 'person', 'person_id', '', 'several rows of one person; only that on which they agree is used', count(*)
    FROM known WHERE given > 1
    UNION ALL
    SELECT 'person', 'birth_date', '', 'the birth lies after the last date of the person; used as given', count(*)
    FROM known AS k JOIN last_seen AS l ON l.person_id = k.person_id
    WHERE k.born > l.last_day
)
SELECT source, field, value, reason, CAST(n AS BIGINT) AS n
FROM note
WHERE n > 0
