-- What the tables of the folder ``omop`` decided, one concept or code a row, in the form that is sent to the database.
--   mapping.meaning          kind, table_name, concept_id, source_concept_id, source_value, meaning
--   mapping.drug             drug_concept_id, agent, agents (of the drug), basis and mg (strength of a unit),
--                            dose_limit (mg a day; above it a dose is implausible), route and form (by the drug's name)
--   mapping.status           drug_type_concept_id and the status of an exposure
--   mapping.sign             operator_concept_id and its sign
--   mapping.procedure_name   concept_id, source_concept_id, laterality, detail
CREATE OR REPLACE SCHEMA mapping;

CREATE TABLE mapping.meaning AS
SELECT kind, table_name, CAST(concept_id AS BIGINT) AS concept_id, CAST(source_concept_id AS BIGINT) AS source_concept_id,
    source_value, meaning
FROM omop.meaning;

CREATE TABLE mapping.drug AS
SELECT CAST(a.drug_concept_id AS BIGINT) AS drug_concept_id, a.agent,
    count(*) OVER (PARTITION BY a.drug_concept_id) AS agents, m.basis, CAST(m.mg AS DOUBLE) AS mg,
    CAST(getvariable('omop_implausible_multiple') * l.mg AS DOUBLE) AS dose_limit, f.route, f.form
FROM omop.drug_agent AS a
LEFT JOIN omop.drug_mg AS m ON m.drug_concept_id = a.drug_concept_id AND m.agent = a.agent
LEFT JOIN (SELECT agent, max(min_dose_mg) AS mg FROM knowledge.dose_minimum GROUP BY agent) AS l ON l.agent = a.agent
LEFT JOIN omop.drug_form AS f ON f.drug_concept_id = a.drug_concept_id;

CREATE TABLE mapping.status AS SELECT CAST(concept_id AS BIGINT) AS concept_id, status FROM omop.drug_status;

CREATE TABLE mapping.sign AS SELECT CAST(concept_id AS BIGINT) AS concept_id, sign FROM omop.sign;

CREATE TABLE mapping.procedure_name AS
SELECT CAST(concept_id AS BIGINT) AS concept_id, CAST(source_concept_id AS BIGINT) AS source_concept_id, laterality,
    text_of(detail) AS detail
FROM omop.procedure_name;
