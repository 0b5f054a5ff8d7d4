-- One row is one drug concept and one agent of the knowledge that it contains; a combination has several.
--   drug_concept_id, agent, found_by (code, ancestor, strength, name)
-- A concept without ancestors is sought in drug_strength, and without that by the ingredient's name as a word
-- of the concept's name. A concept that the vocabulary does place, but under no agent, is none.
CREATE TABLE omop.drug_agent AS
WITH drug AS (
    SELECT DISTINCT concept_id FROM omop.concept_use WHERE table_name = 'drug_exposure' AND concept_id > 0
),
agent_concept AS (
    SELECT meaning AS agent, TRY_CAST(code AS BIGINT) AS concept_id FROM omop.known_code
    WHERE kind = 'agent' AND system = 'OMOP'
),
by_code AS (
    SELECT d.concept_id, a.agent FROM drug AS d JOIN agent_concept AS a ON a.concept_id = d.concept_id
    UNION
    SELECT c.concept_id, k.meaning
    FROM omop.use_code AS c
    JOIN omop.known_code AS k ON k.system = c.system AND k.code = c.code
    WHERE c.table_name = 'drug_exposure' AND k.kind = 'agent'
),
by_ancestor AS (
    SELECT DISTINCT h.concept_id, a.agent
    FROM omop.ancestry AS h
    JOIN agent_concept AS a ON a.concept_id = h.ancestor_concept_id
),
placed AS (
    SELECT concept_id FROM by_code
    UNION
    SELECT concept_id FROM omop.ancestry WHERE ancestor_concept_id <> concept_id
),
by_strength AS (
    SELECT DISTINCT s.drug_concept_id AS concept_id, a.agent
    FROM omop.drug_strength AS s
    JOIN agent_concept AS a ON a.concept_id = s.ingredient_concept_id
    WHERE s.drug_concept_id NOT IN (SELECT concept_id FROM placed WHERE concept_id IS NOT NULL)
),
by_name AS (
    SELECT n.concept_id, a.agent, a.words
    FROM omop.drug_words AS n
    JOIN omop.agent_words AS a ON contains(n.words, a.words)
    WHERE n.concept_id NOT IN (SELECT concept_id FROM placed WHERE concept_id IS NOT NULL)
        AND n.concept_id NOT IN (SELECT concept_id FROM by_strength)
),
-- "s ketamine" also contains "ketamine": the longer name is meant
by_longest_name AS (
    SELECT DISTINCT b.concept_id, b.agent
    FROM by_name AS b
    WHERE NOT EXISTS (
        SELECT 1 FROM by_name AS o
        WHERE o.concept_id = b.concept_id AND o.agent <> b.agent AND length(o.words) > length(b.words)
            AND contains(o.words, b.words)
    )
)
SELECT concept_id AS drug_concept_id, agent, min(found_by) AS found_by
FROM (
    SELECT *, 'code' AS found_by FROM by_code
    UNION ALL SELECT *, 'ancestor' FROM by_ancestor
    UNION ALL SELECT s.*, 'strength' FROM by_strength AS s JOIN drug AS d ON d.concept_id = s.concept_id
    UNION ALL SELECT *, 'name' FROM by_longest_name
)
GROUP BY concept_id, agent;
