-- One row is one drug concept that holds an agent, with what its name says of route and form.
--   drug_concept_id, route (oral, transdermal, nasal, injection), form (tablet, capsule, CR, transdermal, ...)
CREATE TABLE omop.drug_form AS
WITH drug AS (
    SELECT DISTINCT a.drug_concept_id, lower(c.concept_name) AS name
    FROM omop.drug_agent AS a
    JOIN omop.named_concept AS c ON c.concept_id = a.drug_concept_id
)
SELECT drug_concept_id,
    CASE WHEN regexp_matches(name, 'transdermal|patch') THEN 'transdermal'
        WHEN regexp_matches(name, '\boral\b') THEN 'oral'
        WHEN regexp_matches(name, '\bnasal\b') THEN 'nasal'
        WHEN regexp_matches(name, '\binject') THEN 'injection' END AS route,
    CASE WHEN regexp_matches(name, 'transdermal|patch') THEN 'transdermal'
        WHEN regexp_matches(name, 'extended release|sustained release|controlled release') THEN 'CR'
        ELSE nullif(regexp_extract(name,
            '\b(tablet|capsule|solution|suspension|injection|injectable|spray|film|lozenge)', 1), '') END AS form
FROM drug;
