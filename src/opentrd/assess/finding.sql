-- finding: one row is one person and one check, about one subject, by one source: present, absent or not known.
--   person_id
--   finding       the check
--   subject       what it is about: a drug, gene, measure, trial; '' where it is about the person
--   source        guideline, rule set, or 'record'
--   grp           suicide, beside_suicide, pseudo_resistance, pharmacogenetics, bipolar, inflammation, biomarker, function, residual,
--                 context, data_quality, monitoring
--   place         order on the page: suicide first
--   present       true, false; null: not known
--   value, unit   what was found
--   threshold     what it is held against
--   says          what the page says, without advice
--   settles       what would settle it, when it is not known
--   measurement_id, basis_id   the row it rests on: a measurement, or another row
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_checked
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_pseudo_resistance
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_poor_fit
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_pharmacogenetics
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_biomarker
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_bipolar
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_context
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_monitoring
UNION ALL
SELECT person_id, finding, subject, source, grp, place, present, value, unit, threshold, says, settles, measurement_id, basis_id, knowledge_status
FROM assess.finding_data_quality
