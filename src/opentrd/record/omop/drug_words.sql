-- Names as words, for the concepts that only their name can place: lower case, one blank between words and at
-- both ends, so that containing a name means containing it as whole words.
--   drug_words: concept_id, words (of the drug concept's name)
--   agent_words: agent, words (of each name the knowledge has for the agent)
CREATE TABLE omop.drug_words AS
SELECT n.concept_id, ' ' || trim(regexp_replace(lower(n.concept_name), '[^a-z0-9]+', ' ', 'g')) || ' ' AS words
FROM omop.named_concept AS n
WHERE n.concept_id IN (SELECT concept_id FROM omop.concept_use WHERE table_name = 'drug_exposure');

CREATE TABLE omop.agent_words AS
SELECT DISTINCT agent, ' ' || trim(regexp_replace(lower(name), '[^a-z0-9]+', ' ', 'g')) || ' ' AS words
FROM (
    SELECT agent, CAST(code AS VARCHAR) AS name FROM knowledge.agent_code WHERE system = 'name'
    UNION SELECT agent, agent FROM knowledge.agent
)
WHERE length(name) > 3;  -- an abbreviation such as T3 is no safe word of a drug's name
