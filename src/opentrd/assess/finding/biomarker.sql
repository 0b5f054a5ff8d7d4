-- finding_biomarker: one row is one person and one statement about a biomarker: a stratum, a caution, a composite, or a value with its reported direction.
--   person_id
--   finding       crp_stratum, crp_cut, crp_acute_phase, crp_two_values, crp_bmi_adjusted, crp_confounder, inflamed_composite, peripheral_not_central,
--                 biomarker_reported, assay_reference, dexamethasone_nonsuppression, tspo_binding
--   subject       the measure; of a cut-off with its limit; of a confounder what confounds
--   source        whose rule it is, or who reported the direction
--   grp, place    inflammation or biomarker, order on the page
--   present       is it inside the rule; a reported value without a cut-off is neither present nor absent: null
--   value, unit   the value;  threshold  the rule in words
--   says          what the page says;  settles  what would settle it when it is not known
--   measurement_id, basis_id   the measurement; the exposure or condition of a confounder, or the genotype
--   knowledge_status   weakest status of the facts behind it
WITH crp_person AS (
  SELECT person_id, min(date_low) AS date_low, max(date_high) AS date_high FROM assess.biomarker_value WHERE measure IN ('CRP', 'hs-CRP') GROUP BY person_id
), preferred AS (  -- the high-sensitivity assay where there is one
  SELECT c.*, rank() OVER (PARTITION BY c.person_id ORDER BY CASE c.measure WHEN 'hs-CRP' THEN 0 ELSE 1 END) AS nth
  FROM assess.biomarker_crp AS c WHERE c.rule = 'crp_above_1'
), rated AS (
  SELECT person_id, measure, min(low) AS low, max(high) AS high, min(rating_id) AS rating_id FROM assess.rating WHERE measure IN ('IDS-SR30', 'AES') AND last GROUP BY person_id, measure
), part AS (
  SELECT r.person_id, p.rule, CASE WHEN r.low >= p.value_low THEN TRUE WHEN r.high < p.value_low THEN FALSE END AS truth
  FROM rated AS r JOIN knowledge.biomarker_rule AS p ON p.measure = r.measure AND p.kind = 'composite_part'
  UNION ALL
  SELECT c.person_id, p.rule, c.holds FROM preferred AS c JOIN knowledge.biomarker_rule AS p ON p.kind = 'composite_part' AND p.measure = 'CRP' WHERE c.nth = 1
), composite AS (
  SELECT person_id, count(DISTINCT CASE WHEN truth THEN rule END) AS met, max(CASE WHEN NOT truth THEN 1 ELSE 0 END) AS failed,
         string_agg(CASE WHEN NOT truth THEN rule END, ', ' ORDER BY rule) AS not_met
  FROM part GROUP BY person_id HAVING count(DISTINCT CASE WHEN rule <> 'inflamed_crp' THEN rule END) > 0
), disease AS (
  SELECT c.person_id, CASE WHEN s.condition IS NOT NULL THEN 'inflammatory disease' WHEN k.grp = 'infection' THEN 'infection'
                           WHEN c.condition = 'nicotine dependence' THEN 'smoking' WHEN c.condition = 'obesity' THEN 'BMI' END AS scheme,
         c.condition AS value, CAST(NULL AS VARCHAR) AS unit, CAST(NULL AS VARCHAR) AS measurement_id, c.condition_id AS basis_id
  FROM crp_person AS p
  JOIN record.condition AS c ON c.person_id = p.person_id
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_kind AS k ON k.condition = c.condition
  LEFT JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'inflammatory_disease'
  JOIN knowledge.biomarker_rule AS r ON r.rule = 'confounder_infection'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
    AND (k.grp <> 'infection' OR s.condition IS NOT NULL OR (coalesce(c.start_earliest <= p.date_high, TRUE)
         AND (c.course = 'open' OR coalesce(date_diff('day', coalesce(c.end_latest, c.start_latest), p.date_low) <= r.value_low, TRUE))))
), confounder AS (
  SELECT person_id, scheme, value, unit, measurement_id, basis_id FROM disease WHERE scheme IS NOT NULL
  UNION ALL
  SELECT p.person_id, 'oestrogen', e.agent, NULL, NULL, e.exposure_id
  FROM crp_person AS p
  JOIN record.exposure AS e ON e.person_id = p.person_id
  JOIN assess.as_of AS a ON a.person_id = e.person_id
  JOIN knowledge.agent AS k ON k.agent = e.agent AND (k.agent LIKE '%estradiol%' OR k.class LIKE '%oestrogen%')
  WHERE coalesce(e.start_earliest <= a.anchor, TRUE) AND coalesce(e.end_latest >= a.anchor, e.ongoing, TRUE)
  UNION ALL
  SELECT p.person_id, CASE l.measure WHEN 'BMI' THEN 'BMI' ELSE 'smoking' END, CASE WHEN l.low < 1000000000 THEN CAST(CAST(l.low AS BIGINT) AS VARCHAR) END, l.unit, l.measurement_id, NULL
  FROM crp_person AS p
  JOIN assess.lab AS l ON l.person_id = p.person_id AND l.measure IN ('BMI', 'cigarettes per day') AND l.last AND (l.measure = 'BMI' OR l.low > 0)
), named AS (
  SELECT person_id, scheme, string_agg(value, ', ' ORDER BY value) AS value, min(unit) AS unit, min(measurement_id) AS measurement_id, min(basis_id) AS basis_id
  FROM (SELECT DISTINCT person_id, scheme, value, unit, measurement_id, basis_id FROM confounder) AS c GROUP BY person_id, scheme
), sides AS (
  SELECT v.person_id, string_agg(v.measure, ', ' ORDER BY v.measure) AS measures, max(CASE WHEN v.side = 'brain' THEN 1 ELSE 0 END) AS brain,
         max(CASE WHEN v.side = 'blood' THEN 1 ELSE 0 END) AS blood
  FROM assess.biomarker_value AS v
  LEFT JOIN (SELECT DISTINCT measure FROM knowledge.biomarker_rule WHERE kind = 'challenge') AS x ON x.measure = v.measure
  WHERE v.measure IN ('CRP', 'hs-CRP') OR v.measure LIKE 'IL-%' OR v.measure LIKE 'TNF%' OR v.measure LIKE 'IFN%' OR v.measure LIKE 'TSPO%' OR v.measure LIKE 'choroid%'
  GROUP BY v.person_id
), judged AS (
  SELECT c.person_id, CASE c.kind WHEN 'stratum' THEN 'crp_stratum' WHEN 'cut' THEN 'crp_cut' WHEN 'acute' THEN 'crp_acute_phase' WHEN 'stable' THEN 'crp_two_values' ELSE 'crp_bmi_adjusted' END AS finding,
         CASE WHEN c.kind = 'cut' THEN c.measure || ' ' || r.label ELSE c.measure END AS subject, c.scheme AS source, 'inflammation' AS grp,
         CASE c.kind WHEN 'stratum' THEN 1 WHEN 'acute' THEN 2 WHEN 'cut' THEN 3 WHEN 'stable' THEN 4 ELSE 5 END AS nth, c.holds AS present, c.value, 'mg/L' AS unit, r.label AS threshold,
         CASE WHEN c.kind = 'stratum' THEN coalesce(c.stratum, 'not stratified: ' || c.reason)
              WHEN c.kind = 'not_computable' THEN 'as measured ' || coalesce(c.value || ' mg/L', 'not read') || coalesce(', BMI ' || b.value, '') || '; adjusted for BMI: not computable (' || c.reason || ')'
              ELSE r.says || CASE WHEN c.reason IS NULL THEN '' ELSE ' (' || c.reason || ')' END END AS says,
         CASE c.kind WHEN 'not_computable' THEN 'a published formula for one person' WHEN 'stable' THEN 'a second value at least two weeks apart, in a stable state'
                     ELSE 'hs-CRP in mg/L, repeated away from an acute illness' END AS settles,
         c.measurement_id, CAST(NULL AS VARCHAR) AS basis_id, c.knowledge_status
  FROM assess.biomarker_crp AS c
  JOIN knowledge.biomarker_rule AS r ON r.rule = c.rule
  LEFT JOIN named AS b ON b.person_id = c.person_id AND b.scheme = 'BMI'
  UNION ALL
  SELECT p.person_id, 'crp_confounder', r.scheme, r.source, 'inflammation', 6, CASE WHEN n.person_id IS NOT NULL THEN TRUE WHEN r.measure IS NULL AND k.kept THEN FALSE END, n.value, n.unit, NULL,
         r.label || ': ' || r.says, 'ask, or measure it', n.measurement_id, n.basis_id, r.knowledge_status
  FROM crp_person AS p
  JOIN knowledge.biomarker_rule AS r ON r.kind = 'confounder'
  JOIN assess.kept AS k ON k.person_id = p.person_id AND k.table_name = CASE r.scheme WHEN 'oestrogen' THEN 'exposure' ELSE 'condition' END
  LEFT JOIN named AS n ON n.person_id = p.person_id AND n.scheme = r.scheme
  UNION ALL
  SELECT c.person_id, 'inflamed_composite', '', r.scheme, 'inflammation', 7, CASE WHEN c.failed = 1 THEN FALSE WHEN c.met = n.parts THEN TRUE END,
         CASE WHEN c.failed = 1 THEN 'not met: ' || c.not_met ELSE CAST(c.met AS VARCHAR) || ' of ' || CAST(n.parts AS VARCHAR) || ' parts met' END, NULL, r.says, r.label,
         'IDS-SR30 with its items, and hs-CRP', NULL, NULL, r.knowledge_status
  FROM composite AS c
  JOIN knowledge.biomarker_rule AS r ON r.rule = 'inflamed'
  CROSS JOIN (SELECT count(*) AS parts FROM knowledge.biomarker_rule WHERE kind = 'composite_part') AS n
  UNION ALL
  SELECT s.person_id, 'peripheral_not_central', '', r.source, 'inflammation', 8, TRUE, s.measures, NULL, NULL,
         CASE WHEN s.brain = 0 THEN 'a blood marker does not show inflammation of the brain, and a low one does not exclude it'
              WHEN s.blood = 0 THEN 'a brain marker says nothing about inflammation in the blood' ELSE 'blood and brain markers stand side by side; neither shows the other' END || ': ' || r.says,
         NULL, NULL, NULL, r.knowledge_status
  FROM sides AS s JOIN knowledge.biomarker_rule AS r ON r.kind = 'limit'
  UNION ALL
  SELECT v.person_id, 'biomarker_reported', v.measure, d.source, 'biomarker', 11, CAST(NULL AS BOOLEAN), v.value, v.unit, NULL,
         CASE WHEN v.reason IS NULL THEN '' ELSE 'not read (' || v.reason || '); ' END || 'reported in depression: ' || d.direction || coalesce(', ' || d.effect, '') || coalesce('; ' || d.caveat, '')
         || CASE WHEN v.assay IS NULL THEN '' ELSE '; assay ' || v.assay END,
         'nothing: there is no validated cut-off', v.measurement_id, NULL,
         CASE WHEN 'recalled' IN (v.knowledge_status, d.knowledge_status) THEN 'recalled' WHEN v.knowledge_status = 'verified' AND d.knowledge_status = 'verified' THEN 'verified' ELSE 'transcribed' END
  FROM assess.biomarker_value AS v JOIN knowledge.biomarker_direction AS d ON d.measure = v.measure
  WHERE v.measure <> 'CRP' AND v.measure <> 'hs-CRP'
  UNION ALL
  SELECT v.person_id, 'assay_reference', v.measure, r.scheme, 'biomarker', 12,
         CASE WHEN v.low > r.value_high OR (r.high_open AND v.low >= r.value_high) THEN TRUE WHEN v.high < r.value_high OR (v.high = r.value_high AND NOT r.high_open) THEN FALSE END,
         v.value, v.unit, 'reference limit of the assay', r.says, 'a value that is not censored at the limit', v.measurement_id, NULL,
         CASE WHEN v.knowledge_status = 'recalled' THEN 'recalled' WHEN v.knowledge_status = 'verified' THEN r.knowledge_status ELSE 'transcribed' END
  FROM assess.biomarker_value AS v JOIN knowledge.biomarker_rule AS r ON r.kind = 'reference' AND r.measure = v.measure AND lower(v.assay) LIKE '%' || r.label || '%'
  WHERE v.reason IS NULL
  UNION ALL
  SELECT v.person_id, 'dexamethasone_nonsuppression', v.measure, r.scheme, 'biomarker', 13, CASE WHEN v.low > r.value_low THEN TRUE WHEN v.high < r.value_low THEN FALSE END, v.value, v.unit, r.label, r.says,
         'a value that can be read and does not lie at the limit', v.measurement_id, NULL, CASE v.knowledge_status WHEN 'recalled' THEN 'recalled' ELSE r.knowledge_status END
  FROM assess.biomarker_value AS v JOIN knowledge.biomarker_rule AS r ON r.kind = 'challenge' AND r.measure = v.measure
  UNION ALL
  SELECT g.person_id, 'tspo_binding', 'TSPO', r.scheme, 'biomarker', 14, CASE WHEN min(r.value_low) > 0 THEN TRUE WHEN max(r.value_low) <= 0 THEN FALSE END,
         CASE WHEN min(r.label) = max(r.label) THEN min(r.label) ELSE min(r.label) || ' or ' || max(r.label) END, NULL, CASE WHEN min(r.unit) = max(r.unit) THEN min(r.unit) END,
         CASE WHEN min(r.label) = max(r.label) THEN min(r.says) ELSE 'the recorded genotypes of rs6971 contradict each other' END, 'the genotype rs6971', NULL,
         min(g.gene || ' ' || g.diplotype), min(r.knowledge_status)
  FROM record.genotype AS g JOIN knowledge.biomarker_rule AS r ON r.kind = 'genotype' AND g.gene = r.measure AND (g.diplotype LIKE '%' || r.unit || '%' OR (r.unit = 'C/T' AND g.diplotype LIKE '%T/C%'))
  GROUP BY g.person_id, r.scheme
  UNION ALL
  SELECT v.person_id, 'tspo_binding', v.measure, 'TSPO rs6971', 'biomarker', 14, CAST(NULL AS BOOLEAN), NULL, NULL, NULL, 'TSPO binding without the rs6971 genotype cannot be compared', 'the genotype rs6971', v.measurement_id, NULL, 'verified'
  FROM assess.biomarker_value AS v
  LEFT JOIN (SELECT DISTINCT person_id FROM record.genotype WHERE gene = 'TSPO') AS g ON g.person_id = v.person_id
  WHERE v.measure LIKE 'TSPO%' AND g.person_id IS NULL
)
SELECT person_id, CAST(finding AS VARCHAR) AS finding, CAST(subject AS VARCHAR) AS subject, CAST(source AS VARCHAR) AS source, CAST(grp AS VARCHAR) AS grp,
       CAST(500 + nth AS BIGINT) AS place, CAST(present AS BOOLEAN) AS present, CAST(value AS VARCHAR) AS value, CAST(unit AS VARCHAR) AS unit, CAST(threshold AS VARCHAR) AS threshold,
       CAST(says AS VARCHAR) AS says, CAST(CASE WHEN present IS NULL THEN settles END AS VARCHAR) AS settles, CAST(measurement_id AS VARCHAR) AS measurement_id,
       CAST(basis_id AS VARCHAR) AS basis_id, CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM judged
