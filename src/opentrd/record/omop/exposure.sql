-- raw.exposure: one row is one drug exposure and one agent in it.
--   end: drug_exposure_end_date as it stands; start + days_supply - 1 where it is missing, or where it only
--        repeats the start while several days were supplied (a common default of a conversion)
--   daily_dose_mg: strength x quantity / days supplied; a patch gives its hourly rate x 24. A solution counts when at
--        least 1 mL a day was supplied (less: the quantity probably counts bottles). An implausible dose stays empty.
CREATE TABLE omop.exposure AS
WITH largest AS (
    SELECT agent, max(min_dose_mg) AS mg FROM knowledge.dose_minimum GROUP BY agent
),
agents AS (
    SELECT *, count(*) OVER (PARTITION BY drug_concept_id) AS agents FROM omop.drug_agent
),
read AS (
    SELECT
        e.drug_exposure_id, e.person_id, a.agent, a.agents, e.drug_exposure_start_date AS start_date,
        e.drug_exposure_start_date_text AS start_text, e.drug_exposure_end_date_text AS end_text,
        e.days_supply, e.quantity, e.refills, e.stop_reason, e.drug_type_concept_id,
        (e.drug_exposure_end_date_text IS NULL AND e.days_supply > 0) AS end_from_supply,
        (e.drug_exposure_end_date = e.drug_exposure_start_date AND e.days_supply > 1) AS end_repeats_start,
        (e.drug_exposure_end_date = TRY(e.drug_exposure_start_date + TRY_CAST(e.days_supply AS INTEGER))
            AND e.days_supply > 1) AS end_after_supply,
        CASE m.basis
            WHEN 'hourly' THEN m.mg * 24
            WHEN 'amount' THEN m.mg * nullif(greatest(e.quantity, 0), 0) / nullif(greatest(e.days_supply, 0), 0)
            WHEN 'volume' THEN CASE WHEN e.quantity >= e.days_supply
                THEN m.mg * e.quantity / nullif(greatest(e.days_supply, 0), 0) END
        END AS dose,
        l.mg AS largest_minimum,
        coalesce(rn.route, lower(rc.concept_name), lower(e.route_source_value)) AS route,
        f.route AS name_route, f.form
    FROM omop.drug_exposure AS e
    JOIN agents AS a ON a.drug_concept_id = e.drug_concept_id
    LEFT JOIN omop.drug_mg AS m ON m.drug_concept_id = a.drug_concept_id AND m.agent = a.agent
    LEFT JOIN largest AS l ON l.agent = a.agent
    LEFT JOIN omop.drug_form AS f ON f.drug_concept_id = e.drug_concept_id
    LEFT JOIN omop.named_concept AS rc ON rc.concept_id = e.route_concept_id
    LEFT JOIN omop.route_name AS rn ON rn.concept_id = e.route_concept_id
)
SELECT *, (dose > getvariable('omop_implausible_multiple') * largest_minimum) AS dose_implausible
FROM read;

INSERT INTO raw.exposure (
    exposure_id, person_id, agent, start_date, end_date, daily_dose_mg, route, form, status, stop_reason,
    source, source_row
)
SELECT
    CASE WHEN x.agents > 1 THEN x.drug_exposure_id || '-' || x.agent ELSE x.drug_exposure_id END,
    x.person_id,
    x.agent,
    x.start_text,
    CASE WHEN x.end_from_supply OR x.end_repeats_start
        THEN coalesce(CAST(TRY(x.start_date + TRY_CAST(x.days_supply - 1 AS INTEGER)) AS VARCHAR), x.end_text)
        ELSE x.end_text END,
    CASE WHEN coalesce(x.dose_implausible, FALSE) THEN NULL
        ELSE regexp_replace(CAST(nullif(floor(x.dose * 1000000 + 0.5) / 1000000, 0) AS VARCHAR), '\.0$', '') END,
    coalesce(x.route, x.name_route),
    CASE WHEN x.route = 'transdermal' THEN 'transdermal' ELSE x.form END,
    s.status,
    CASE WHEN lower(trim(x.stop_reason)) IN ('inefficacy', 'intolerance', 'nonadherence', 'remission', 'other')
        THEN lower(trim(x.stop_reason)) END,
    'drug_exposure',
    x.drug_exposure_id
FROM omop.exposure AS x
LEFT JOIN omop.drug_status AS s ON s.concept_id = x.drug_type_concept_id;
