-- record.exposure: one row is one drug exposure and one agent in it.
--   exposure_id, person_id, agent
--   start_earliest, start_latest, end_earliest, end_latest   first and last day; outside 1850 to 2199, or an end before
--              the start, it is empty
--   daily_dose_mg   mg a day; empty when implausible
--   route, form, status, stop_reason
--   days_taken, ongoing, indication, improvement_pct, improvement_basis, adherence   the CDM does not have them
WITH given AS (
    SELECT d.exposure_id, d.person_id, d.agent, d.start_date, d.dose, d.dose_limit, d.status, d.stop_reason,
        d.name_route, d.form, w.word AS route,
        d.end_date
    FROM omop.drug_row AS d
    LEFT JOIN wording.word AS w
        ON w.field = 'route' AND w.concept_id = d.route_concept_id AND w.source_value = d.route_source_value
    WHERE d.person_id IS NOT NULL
),
dated AS (
    SELECT g.*,
        CASE WHEN g.start_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN g.start_date END AS first_day,
        CASE WHEN g.end_date BETWEEN CAST('1850-01-01' AS DATE) AND CAST('2199-12-31' AS DATE) THEN g.end_date END AS last_day,
        CASE WHEN coalesce(g.dose > g.dose_limit, FALSE) THEN NULL
            ELSE nullif(floor(g.dose * 1000000 + 0.5) / nullif(CAST(1000000 AS DOUBLE), 0), 0) END AS mg
    FROM given AS g
)
SELECT exposure_id, person_id, agent, first_day AS start_earliest, first_day AS start_latest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_earliest,
    CASE WHEN coalesce(last_day < first_day, FALSE) THEN NULL ELSE last_day END AS end_latest,
    CAST(NULL AS BIGINT) AS days_taken, CAST(NULL AS BOOLEAN) AS ongoing,
    CASE WHEN mg <= 20000 THEN mg END AS daily_dose_mg,
    coalesce(route, name_route) AS route,
    CASE WHEN route = 'transdermal' THEN 'transdermal' ELSE form END AS form,
    CAST(NULL AS VARCHAR) AS indication, status,
    CASE WHEN stop_reason IN ('inefficacy', 'intolerance', 'nonadherence', 'remission', 'other') THEN stop_reason END
        AS stop_reason,
    CAST(NULL AS DOUBLE) AS improvement_pct, CAST(NULL AS VARCHAR) AS improvement_basis, CAST(NULL AS DOUBLE) AS adherence
FROM dated
