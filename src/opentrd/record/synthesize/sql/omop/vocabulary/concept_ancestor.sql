SELECT i.concept_id AS ancestor_concept_id, d.concept_id AS descendant_concept_id,
    CAST(1 AS INTEGER) AS min_levels_of_separation, CAST(1 AS INTEGER) AS max_levels_of_separation
FROM setting.clinical_drug AS d
JOIN setting.ingredient AS i ON i.agent = d.agent
UNION ALL
SELECT concept_id, concept_id, 0, 0 FROM setting.ingredient
UNION ALL
SELECT concept_id, concept_id, 0, 0 FROM setting.clinical_drug
ORDER BY ALL
