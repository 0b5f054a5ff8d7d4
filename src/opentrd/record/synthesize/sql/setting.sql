-- What the generator needs of the knowledge tables and of its own settings, in the form its SQL joins.
CREATE OR REPLACE TABLE setting.minimum AS
SELECT
    agent,
    min(CAST(min_dose_mg AS DOUBLE)) FILTER (dose_table = 'atrq') AS atrq_mg,
    min(CAST(min_dose_mg AS DOUBLE)) FILTER (dose_table = 'canmat') AS canmat_mg
FROM knowledge.dose_minimum
WHERE coalesce(form, '') = ''
GROUP BY agent;

CREATE OR REPLACE TABLE setting.pool_size AS
SELECT pool, CAST(count(*) AS INTEGER) AS agents FROM setting.agent GROUP BY pool;

-- The last step that a table of shares names stands for all later ones too.
CREATE OR REPLACE TABLE setting.last_step AS
SELECT
    (SELECT max(step) FROM setting.outcome_share) AS outcome_share,
    (SELECT max(step) FROM setting.strategy) AS strategy,
    (SELECT max(step) FROM setting.pool) AS pool;

-- Depression is coded by severity: each code from its own score up to the next code's.
CREATE OR REPLACE TABLE setting.depression_code AS
SELECT
    icd10cm, depression_score_from AS score_from,
    coalesce(lead(depression_score_from) OVER (ORDER BY depression_score_from), 1000) AS score_to
FROM setting.diagnosis
WHERE diagnosis = 'depression';

CREATE OR REPLACE TABLE setting.other_diagnosis AS
SELECT diagnosis, icd10cm, person_share, row_number() OVER (ORDER BY diagnosis) AS place
FROM setting.diagnosis
WHERE diagnosis <> 'depression';

-- The small vocabulary of the OMOP output. Ingredients have their real concept ids; clinical drugs and whatever has no
-- known standard id get ids above 2,000,000,000, the range that OMOP leaves to local concepts.
CREATE OR REPLACE TABLE setting.ingredient AS
SELECT
    a.agent,
    min(TRY_CAST(o.code AS BIGINT)) FILTER (o.system = 'OMOP') AS concept_id,
    min(o.code) FILTER (o.system = 'RxNorm') AS rxnorm
FROM (SELECT agent FROM setting.agent UNION SELECT agent FROM setting.other_use) AS a
LEFT JOIN knowledge.agent_code AS o ON o.agent = a.agent
GROUP BY a.agent;

CREATE OR REPLACE TABLE setting.clinical_drug AS
SELECT
    2000000000 + row_number() OVER (ORDER BY d.agent, d.unit_mg) AS concept_id, d.agent, d.unit_mg,
    concat(d.agent, ' ', format('{:g}', CAST(d.unit_mg AS DOUBLE)), ' MG ',
        CASE WHEN d.route = 'nasal' THEN 'Nasal Spray' ELSE 'Oral Tablet' END) AS name
FROM (
    SELECT agent, unit_mg, route FROM setting.agent
    UNION
    SELECT agent, unit_mg, 'oral' FROM setting.other_use
) AS d;

CREATE OR REPLACE TABLE setting.coded AS
SELECT
    "table", name, system, code, display,
    coalesce(omop_concept_id, 2000001000 + row_number() OVER (ORDER BY "table", name)) AS concept_id
FROM setting.code;
