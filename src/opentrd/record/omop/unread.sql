-- record.unread: what the event tables say that OpenTRD has no name for, one line per concept (or per source value where
-- the concept is 0), the most frequent first, at most omop_unread_lines per table; one further line counts the rest.
INSERT INTO record.unread
WITH looked_for AS (
    SELECT * FROM (
        VALUES ('drug_exposure', 'drug_concept_id', 'drug', 'agent'),
            ('condition_occurrence', 'condition_concept_id', 'condition', 'condition'),
            ('procedure_occurrence', 'procedure_concept_id', 'procedure', 'procedure'),
            ('measurement', 'measurement_concept_id', 'measure', 'measure'),
            ('observation', 'observation_concept_id', 'measure or condition', 'measure or condition')
    ) AS v (table_name, field, thing, knowledge_name)
),
not_understood AS (
    SELECT u.table_name, u.concept_id, CASE WHEN u.concept_id = 0 THEN u.source_value ELSE '' END AS source_value,
        CAST(sum(u.n) AS BIGINT) AS n
    FROM omop.concept_use AS u
    LEFT JOIN (SELECT DISTINCT table_name, concept_id, source_concept_id, source_value FROM omop.meaning) AS m
        ON m.table_name = u.table_name AND m.concept_id = u.concept_id
        AND m.source_concept_id = u.source_concept_id AND m.source_value = u.source_value
    LEFT JOIN (SELECT DISTINCT drug_concept_id FROM omop.drug_agent) AS d
        ON u.table_name = 'drug_exposure' AND d.drug_concept_id = u.concept_id
    WHERE m.concept_id IS NULL AND d.drug_concept_id IS NULL
    GROUP BY ALL
),
line AS (
    SELECT
        n.table_name, l.field,
        CASE WHEN n.concept_id = 0 AND n.source_value = '' THEN '0'
            WHEN n.concept_id = 0 THEN '0 (source value ' || n.source_value || ')'
            ELSE concat_ws(' ', n.concept_id, c.concept_name) END AS value,
        CASE WHEN n.concept_id = 0 THEN 'unmapped concept 0'
            WHEN n.table_name = 'drug_exposure' AND c.concept_id IS NOT NULL OR a.concept_id IS NOT NULL
                THEN 'not a ' || l.thing || ' that OpenTRD looks at'
            ELSE 'no ' || l.knowledge_name || ' of OpenTRD has this concept' END AS reason,
        n.n,
        -- concept 0 is a fault of the conversion, the others are as they should be: it is listed first
        row_number() OVER (
            PARTITION BY n.table_name ORDER BY n.concept_id = 0 DESC, n.n DESC, n.concept_id, n.source_value
        ) AS place
    FROM not_understood AS n
    JOIN looked_for AS l ON l.table_name = n.table_name
    LEFT JOIN omop.named_concept AS c ON c.concept_id = n.concept_id
    -- a drug without any ingredient of the knowledge in its name, or a concept whose place among the others is known
    LEFT JOIN (SELECT DISTINCT concept_id FROM omop.ancestry WHERE ancestor_concept_id <> concept_id) AS a
        ON a.concept_id = n.concept_id
)
SELECT table_name, '', field, value, reason || ': ' || n || CASE WHEN n = 1 THEN ' row' ELSE ' rows' END
FROM (
    SELECT table_name, field, value, reason, n, place FROM line
    WHERE place <= getvariable('omop_unread_lines')
    UNION ALL
    SELECT table_name, field, '', count(*) || ' further concepts or source values that are not listed one by one',
        CAST(sum(n) AS BIGINT), max(place)
    FROM line WHERE place > getvariable('omop_unread_lines')
    GROUP BY table_name, field
)
ORDER BY table_name, place;
