-- One row is one drug exposure and one agent of the knowledge in it, with the dose that was supplied.
--   drug_exposure_id, exposure_id   the row in the CDM; the same with the agent where a drug has several
--   person_id, agent
--   start_date                      as the CDM gives it
--   end_date                        as the CDM gives it; start + days supplied - 1 where it is missing or only repeats the start
--   days_supply, quantity, refills  as the CDM gives them; days, units, number
--   stop_reason                     as the CDM gives it
--   status                          dispensed, prescribed, administered, reported; NULL when the type does not say
--   drug_type_concept_id            the type
--   route_concept_id, route_source_value   the route; '' when empty
--   name_route, form                what the drug's name says of route and form
--   dose                            mg a day: strength x quantity / days supplied; a patch by its hourly rate
--   dose_limit                      mg a day above which the dose is a fault of quantity or days_supply
--   end_repeats_start, end_after_supply   the end is the start though several days were supplied; is a day too late
SELECT e.drug_exposure_id,
    CASE WHEN d.agents > 1 THEN e.drug_exposure_id || '-' || d.agent ELSE e.drug_exposure_id END AS exposure_id,
    e.person_id, d.agent, e.drug_exposure_start_date AS start_date,
    -- more than 200,000 days lead beyond every date that is read
    CASE WHEN e.drug_exposure_end_date IS NULL AND e.days_supply > 0
            OR e.drug_exposure_end_date = e.drug_exposure_start_date AND e.days_supply > 1
        THEN CASE WHEN e.days_supply < 200000 THEN e.drug_exposure_start_date + CAST(e.days_supply - 1 AS INTEGER) END
        ELSE e.drug_exposure_end_date END AS end_date,
    e.days_supply, e.quantity, e.refills, lower(e.stop_reason) AS stop_reason, s.status, e.drug_type_concept_id,
    e.route_concept_id, coalesce(e.route_source_value, '') AS route_source_value, d.route AS name_route, d.form,
    CASE WHEN d.basis = 'hourly' THEN d.mg * 24
        WHEN d.basis = 'amount' AND e.quantity > 0 AND e.days_supply > 0
            THEN d.mg * e.quantity / nullif(e.days_supply, 0)
        WHEN d.basis = 'volume' AND e.quantity >= e.days_supply AND e.days_supply > 0
            THEN d.mg * e.quantity / nullif(e.days_supply, 0)
    END AS dose,
    d.dose_limit,
    e.drug_exposure_end_date = e.drug_exposure_start_date AND e.days_supply > 1 AS end_repeats_start,
    CASE WHEN e.days_supply > 1 AND e.days_supply < 200000
        THEN e.drug_exposure_end_date = e.drug_exposure_start_date + CAST(e.days_supply AS INTEGER) END AS end_after_supply
FROM cdm.drug_exposure AS e
JOIN mapping.drug AS d ON d.drug_concept_id = e.drug_concept_id
LEFT JOIN mapping.status AS s ON s.concept_id = e.drug_type_concept_id
