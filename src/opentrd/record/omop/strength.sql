-- One row is one drug concept and one of its agents with the strength of one unit of it.
--   drug_concept_id, agent, basis, mg
--   basis: amount (mg per tablet, capsule), volume (mg per mL), hourly (mg per hour, a patch)
-- From drug_strength; where that does not give it, from the strength printed in the concept's name
-- ('sertraline 50 MG Oral Tablet'). A pack of several strengths has none.
CREATE TABLE omop.drug_mg AS
WITH listed AS (
    SELECT
        d.drug_concept_id, d.agent,
        CASE WHEN s.amount_value > 0 THEN 'amount' WHEN s.denominator_unit_concept_id = 8505 THEN 'hourly'
            WHEN s.denominator_unit_concept_id = 8587 THEN 'volume'
            WHEN s.denominator_unit_concept_id = 0 AND s.denominator_value IS NULL THEN 'amount' END AS basis,
        CASE WHEN s.amount_value > 0 THEN s.amount_value * a.mg
            ELSE s.numerator_value * n.mg / coalesce(nullif(s.denominator_value, 0), 1) END AS mg
    FROM omop.drug_agent AS d
    JOIN omop.drug_strength AS s ON s.drug_concept_id = d.drug_concept_id
    JOIN omop.known_code AS k
        ON k.kind = 'agent' AND k.system = 'OMOP' AND k.meaning = d.agent
        AND k.code = CAST(s.ingredient_concept_id AS VARCHAR)
    LEFT JOIN (SELECT DISTINCT concept_id, mg FROM omop.unit_mg) AS a ON a.concept_id = s.amount_unit_concept_id
    LEFT JOIN (SELECT DISTINCT concept_id, mg FROM omop.unit_mg) AS n ON n.concept_id = s.numerator_unit_concept_id
    WHERE coalesce(s.invalid_reason, '') = '' AND (s.amount_value > 0 OR s.numerator_value > 0)
),
from_table AS (
    SELECT drug_concept_id, agent, max(basis) AS basis, sum(mg) AS mg
    FROM listed
    GROUP BY drug_concept_id, agent
    HAVING count(mg) = count(*) AND count(basis) = count(*) AND count(DISTINCT basis) = 1
),
part AS (
    SELECT d.drug_concept_id, d.agent, unnest(string_split(n.concept_name, ' / ')) AS part,
        contains(n.concept_name, ' / ') AS several
    FROM omop.drug_agent AS d
    JOIN omop.named_concept AS n ON n.concept_id = d.drug_concept_id
    WHERE NOT contains(n.concept_name, '{')
),
printed AS (
    SELECT p.drug_concept_id, p.agent,
        regexp_extract(upper(p.part), '([0-9]+(?:\.[0-9]+)?) ?(MG|MCG|UG|G)(/[A-Z]+)?(?: |$)', ['value', 'unit', 'per'])
            AS strength
    FROM part AS p
    WHERE NOT p.several OR EXISTS (
        SELECT 1 FROM omop.agent_words AS a
        WHERE a.agent = p.agent
            AND contains(' ' || trim(regexp_replace(lower(p.part), '[^a-z0-9]+', ' ', 'g')) || ' ', a.words)
    )
),
from_name AS (
    SELECT DISTINCT p.drug_concept_id, p.agent,
        CASE p.strength.per WHEN '' THEN 'amount' WHEN '/ML' THEN 'volume' WHEN '/HR' THEN 'hourly' END AS basis,
        CAST(p.strength.value AS DOUBLE) * u.mg AS mg
    FROM printed AS p
    JOIN omop.unit_mg AS u ON u.unit = p.strength.unit
    WHERE p.strength.value <> ''
)
SELECT drug_concept_id, agent, basis, mg FROM from_table
UNION ALL
SELECT n.drug_concept_id, n.agent, max(n.basis), max(n.mg)
FROM from_name AS n
ANTI JOIN from_table AS t ON t.drug_concept_id = n.drug_concept_id AND t.agent = n.agent
GROUP BY n.drug_concept_id, n.agent
HAVING count(*) = 1 AND count(n.basis) = 1;
