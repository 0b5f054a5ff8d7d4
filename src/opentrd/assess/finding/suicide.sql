-- finding_suicide: one row is one person and one check that stands first on every page, also when nobody asked.
--   person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
--                 as in finding; grp suicide (thoughts, behaviour, earlier attempts) or beside_suicide (mania, mixed state, delirium, withdrawal)
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_checked WHERE grp IN ('suicide', 'beside_suicide')
