-- score: one row is one person, one instrument and one item, before bands and texts. A view.
--   person_id, instrument, item, low, high   as in stage
--   bounded   false: high null means that no upper bound is known (else that the instrument does not apply)
--   broken    failures above a step that is not reached (Thase-Rush);  remark  what the total does not say
SELECT person_id, instrument, item, low, high, CAST(TRUE AS BOOLEAN) AS bounded, CAST(NULL AS VARCHAR) AS broken, CAST(NULL AS VARCHAR) AS remark FROM assess.stage_maudsley
UNION ALL SELECT person_id, instrument, item, low, high, TRUE, broken, NULL FROM assess.stage_thase_rush
UNION ALL SELECT person_id, instrument, item, low, high, high IS NOT NULL, NULL, NULL FROM assess.stage_mgh_s
UNION ALL SELECT person_id, instrument, item, low, high, high IS NOT NULL, NULL, remark FROM assess.stage_counts
