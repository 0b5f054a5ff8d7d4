-- One row is one drug concept in use and one agent in it.
--   drug_concept_id, agent
--   agents        agents of the drug
--   basis, mg     strength of a unit, as in drug_mg
--   dose_limit    mg a day above which a dose is a fault of quantity or days_supply
--   route, form   what the drug's name says
WITH named AS (
    SELECT n.concept_id, ' ' || lower(n.concept_name) || ' ' AS name FROM omop.named_concept AS n
),
largest AS (
    SELECT agent, max(min_dose_mg) AS mg FROM knowledge.dose_minimum GROUP BY agent
)
SELECT d.drug_concept_id, d.agent, count(*) OVER (PARTITION BY d.drug_concept_id) AS agents, m.basis, m.mg,
    CAST($multiple * l.mg AS DOUBLE) AS dose_limit,
    CASE WHEN n.name LIKE '%transdermal%' OR n.name LIKE '%patch%' THEN 'transdermal' WHEN n.name LIKE '% oral %' THEN 'oral'
        WHEN n.name LIKE '% nasal %' THEN 'nasal' WHEN n.name LIKE '% inject%' THEN 'injection' END AS route,
    CASE WHEN n.name LIKE '%transdermal%' OR n.name LIKE '%patch%' THEN 'transdermal'
        WHEN n.name LIKE '%extended release%' OR n.name LIKE '%sustained release%' OR n.name LIKE '%controlled release%'
            THEN 'CR'
        WHEN n.name LIKE '% tablet%' THEN 'tablet' WHEN n.name LIKE '% capsule%' THEN 'capsule'
        WHEN n.name LIKE '% solution%' THEN 'solution' WHEN n.name LIKE '% suspension%' THEN 'suspension'
        WHEN n.name LIKE '% injection%' THEN 'injection' WHEN n.name LIKE '% spray%' THEN 'spray'
        WHEN n.name LIKE '% film%' THEN 'film' WHEN n.name LIKE '% lozenge%' THEN 'lozenge' END AS form
FROM omop.drug_agent AS d
LEFT JOIN omop.drug_mg AS m ON m.drug_concept_id = d.drug_concept_id AND m.agent = d.agent
LEFT JOIN largest AS l ON l.agent = d.agent
LEFT JOIN named AS n ON n.concept_id = d.drug_concept_id
