-- The dose is not a column of the CDM: it is amount_value (drug_strength) * quantity / days_supply. Nor is the indication:
-- as in most claims data, a low dose for sleep is not told apart from an antidepressant treatment.
SELECT
    i.exposure_number AS drug_exposure_id, i.number AS person_id, d.concept_id AS drug_concept_id,
    i.start_date AS drug_exposure_start_date, CAST(i.start_date AS TIMESTAMP) AS drug_exposure_start_datetime,
    i.end_date AS drug_exposure_end_date, CAST(i.end_date AS TIMESTAMP) AS drug_exposure_end_datetime,
    CAST(NULL AS DATE) AS verbatim_end_date,
    CAST(CASE i.status WHEN 'dispensed' THEN 38000175 WHEN 'prescribed' THEN 38000177 ELSE 38000179 END AS BIGINT)
        AS drug_type_concept_id,
    i.stop_reason, CAST(0 AS INTEGER) AS refills,
    i.daily_dose_mg / i.unit_mg * (i.end_date - i.start_date + 1) AS quantity,
    CAST(i.end_date - i.start_date + 1 AS INTEGER) AS days_supply,
    CAST(NULL AS VARCHAR) AS sig,
    CAST(CASE i.route WHEN 'oral' THEN 4132161 WHEN 'nasal' THEN 4262914 ELSE 0 END AS BIGINT) AS route_concept_id,
    CAST(NULL AS VARCHAR) AS lot_number, CAST(NULL AS BIGINT) AS provider_id, CAST(NULL AS BIGINT) AS visit_occurrence_id,
    CAST(NULL AS BIGINT) AS visit_detail_id, d.name AS drug_source_value, CAST(0 AS BIGINT) AS drug_source_concept_id,
    i.route AS route_source_value, CASE WHEN i.daily_dose_mg IS NOT NULL THEN 'mg' END AS dose_unit_source_value
FROM issue AS i
JOIN setting.clinical_drug AS d ON d.agent = i.agent AND d.unit_mg = i.unit_mg
ORDER BY i.exposure_number
