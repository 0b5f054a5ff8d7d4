-- One row is one drug concept in use and one agent that it contains: its own concept, or one above it.
--   drug_concept_id, agent
SELECT DISTINCT u.concept_id AS drug_concept_id, k.meaning AS agent
FROM omop.concept_use AS u
JOIN omop.known_concept AS k ON k.kind = 'agent' AND k.concept_id = u.concept_id
WHERE u.table_name = 'drug_exposure'
UNION
SELECT u.concept_id, k.meaning
FROM omop.concept_use AS u
JOIN cdm.concept_ancestor AS a ON a.descendant_concept_id = u.concept_id
JOIN omop.known_concept AS k ON k.kind = 'agent' AND k.concept_id = a.ancestor_concept_id
WHERE u.table_name = 'drug_exposure'
