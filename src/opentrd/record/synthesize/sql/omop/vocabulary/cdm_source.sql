SELECT
    'OpenTRD synthetic histories' AS cdm_source_name, 'OpenTRD' AS cdm_source_abbreviation, 'OpenTRD' AS cdm_holder,
    concat('Synthetic treatment histories; every person is invented. Seed ', getvariable('synthetic_seed')) AS source_description,
    CAST(NULL AS VARCHAR) AS source_documentation_reference, CAST(NULL AS VARCHAR) AS cdm_etl_reference,
    make_date(CAST(data_end_year AS INTEGER), 12, 31) AS source_release_date,
    make_date(CAST(data_end_year AS INTEGER), 12, 31) AS cdm_release_date,
    'v5.4' AS cdm_version, CAST(756265 AS BIGINT) AS cdm_version_concept_id, 'synthetic' AS vocabulary_version
FROM setting.p
