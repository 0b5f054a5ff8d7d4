-- One row is one drug concept and one of its agents with the strength of one unit of it, from drug_strength.
--   drug_concept_id, agent
--   basis   amount (a tablet or capsule), volume (a mL), hourly (an hour of a patch)
--   mg      mg in one of it
WITH unit AS (
    SELECT DISTINCT concept_id, mg FROM omop.unit_mg
),
listed AS (
    SELECT d.drug_concept_id, d.agent,
        CASE WHEN s.amount_value > 0 THEN 'amount' WHEN s.denominator_unit_concept_id = 8505 THEN 'hourly'
            WHEN s.denominator_unit_concept_id = 8587 THEN 'volume'
            WHEN s.denominator_unit_concept_id = 0 AND s.denominator_value IS NULL THEN 'amount' END AS basis,
        CASE WHEN s.amount_value > 0 THEN s.amount_value * a.mg
            ELSE s.numerator_value * n.mg / nullif(coalesce(nullif(s.denominator_value, 0), 1), 0) END AS mg
    FROM omop.drug_agent AS d
    JOIN cdm.drug_strength AS s ON s.drug_concept_id = d.drug_concept_id
    JOIN omop.known_concept AS k ON k.kind = 'agent' AND k.meaning = d.agent AND k.concept_id = s.ingredient_concept_id
    LEFT JOIN unit AS a ON a.concept_id = s.amount_unit_concept_id
    LEFT JOIN unit AS n ON n.concept_id = s.numerator_unit_concept_id
    WHERE s.invalid_reason IS NULL AND (s.amount_value > 0 OR s.numerator_value > 0)
)
SELECT drug_concept_id, agent, max(basis) AS basis, CAST(sum(mg) AS DOUBLE) AS mg
FROM listed
GROUP BY drug_concept_id, agent
HAVING count(mg) = count(*) AND count(basis) = count(*) AND min(basis) = max(basis)
