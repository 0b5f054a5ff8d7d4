-- One row is one concept used and one concept above it: those that the knowledge has, and one more as a sign that the
-- vocabulary places the concept at all.
--   concept_id            concept of a drug, condition or procedure
--   ancestor_concept_id   concept above it (or the concept itself)
--   levels                levels between them
WITH used AS (
    SELECT DISTINCT concept_id FROM omop.concept_use
    WHERE table_name IN ('drug_exposure', 'condition_occurrence', 'procedure_occurrence') AND concept_id > 0
),
above AS (
    SELECT a.descendant_concept_id AS concept_id, a.ancestor_concept_id,
        coalesce(a.min_levels_of_separation, 0) AS levels
    FROM cdm.concept_ancestor AS a
    JOIN used AS u ON u.concept_id = a.descendant_concept_id
)
SELECT a.concept_id, a.ancestor_concept_id, CAST(min(a.levels) AS DOUBLE) AS levels
FROM above AS a
JOIN asked.known_concept AS k ON k.concept_id = a.ancestor_concept_id
GROUP BY a.concept_id, a.ancestor_concept_id
UNION ALL
SELECT a.concept_id, min(a.ancestor_concept_id), CAST(0 AS DOUBLE)
FROM above AS a
LEFT JOIN asked.known_concept AS k ON k.concept_id = a.ancestor_concept_id
WHERE k.concept_id IS NULL AND a.ancestor_concept_id <> a.concept_id
GROUP BY a.concept_id
