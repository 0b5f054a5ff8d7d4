-- biomarker_crp: one row is one person, one CRP measure and one rule about it: stratum, cut-off, acute phase, two values, adjustment for BMI.
--   person_id, measure   CRP (conventional assay) or hs-CRP
--   rule, kind, scheme   the rule (knowledge: biomarker_rule); of the strata one row, with the rule of the highest one
--   holds                is the value inside the rule; strata: inside the highest; null: it cannot be placed
--   stratum              the stratum, or the strata that the value may lie in
--   value                the value in words, mg/L; two values: their mean is inside the highest stratum
--   acute                is it above the acute-phase limit
--   reason               why it cannot be placed
--   measurement_id       the measurement
--   knowledge_status     weakest of the value and the rule
WITH value AS (
  SELECT v.*, CASE WHEN v.low > r.value_low THEN TRUE WHEN v.high < r.value_low THEN FALSE END AS acute,
         CASE WHEN v.knowledge_status = 'recalled' THEN 2 WHEN v.knowledge_status = 'verified' THEN 0 ELSE 1 END AS weakest
  FROM assess.biomarker_value AS v
  JOIN knowledge.biomarker_rule AS r ON r.kind = 'acute'
  WHERE v.measure IN ('CRP', 'hs-CRP')
), held AS (  -- inside: certainly; touched: possibly
  SELECT v.*, r.rule, r.kind, r.scheme, r.label, r.value_low,
         CASE WHEN r.low_open THEN v.low > r.value_low ELSE v.low >= r.value_low END
           AND (r.value_high IS NULL OR CASE WHEN r.high_open THEN coalesce(v.high < r.value_high, FALSE) ELSE coalesce(v.high <= r.value_high, FALSE) END) AS inside,
         CASE WHEN r.low_open THEN coalesce(v.high > r.value_low, TRUE) ELSE coalesce(v.high >= r.value_low, TRUE) END
           AND (r.value_high IS NULL OR CASE WHEN r.high_open THEN v.low < r.value_high ELSE v.low <= r.value_high END) AS touched,
         CASE r.knowledge_status WHEN 'recalled' THEN 2 WHEN 'verified' THEN 0 ELSE 1 END AS rule_weakest
  FROM value AS v
  JOIN knowledge.biomarker_rule AS r ON r.measure = 'CRP' AND r.kind IN ('stratum', 'cut')
  WHERE v.reason IS NULL
), placed AS (
  SELECT person_id, measure, scheme, string_agg(CASE WHEN touched THEN label END, ' or ' ORDER BY value_low) AS stratum,
         max(CASE WHEN touched THEN rule_weakest ELSE 0 END) AS weakest, max(value_low) AS top
  FROM held WHERE kind = 'stratum' GROUP BY person_id, measure, scheme
), judged AS (
  SELECT h.person_id, h.measure, h.rule, h.kind, h.scheme, CASE WHEN NOT coalesce(h.acute, TRUE) THEN CASE WHEN h.inside THEN TRUE WHEN NOT h.touched THEN FALSE END END AS holds,
         CASE WHEN NOT coalesce(h.acute, TRUE) THEN p.stratum END AS stratum, h.value, h.acute,
         CASE WHEN h.acute THEN 'above the acute-phase limit' WHEN h.acute IS NULL THEN 'it may be above the acute-phase limit'
              WHEN h.touched AND NOT h.inside THEN 'the value is an interval that the limit cuts (assay)' END AS reason,
         h.measurement_id, CASE WHEN p.weakest > h.weakest THEN p.weakest ELSE h.weakest END AS weakest
  FROM held AS h
  JOIN placed AS p ON p.person_id = h.person_id AND p.measure = h.measure AND p.scheme = h.scheme AND p.top = h.value_low
  WHERE h.kind = 'stratum'
  UNION ALL
  SELECT person_id, measure, rule, kind, scheme, CASE WHEN NOT coalesce(acute, TRUE) THEN CASE WHEN inside THEN TRUE WHEN NOT touched THEN FALSE END END, NULL, value, acute,
         CASE WHEN acute THEN 'above the acute-phase limit' WHEN acute IS NULL THEN 'it may be above the acute-phase limit'
              WHEN touched AND NOT inside THEN 'the value is an interval that the limit cuts (assay)' END,
         measurement_id, CASE WHEN rule_weakest > weakest THEN rule_weakest ELSE weakest END
  FROM held WHERE kind = 'cut'
  UNION ALL
  SELECT v.person_id, v.measure, r.rule, r.kind, r.scheme, v.acute, NULL, v.value, v.acute, CASE WHEN v.acute IS NULL THEN coalesce(v.reason, 'at the limit, or an interval that it cuts') END,
         v.measurement_id, CASE WHEN r.knowledge_status = 'verified' OR v.weakest = 2 THEN v.weakest ELSE 1 END
  FROM value AS v JOIN knowledge.biomarker_rule AS r ON r.kind = 'acute'
  UNION ALL  -- a value that cannot be read leaves the strata open
  SELECT v.person_id, v.measure, r.rule, r.kind, r.scheme, NULL, NULL, v.value, v.acute, v.reason, v.measurement_id, v.weakest
  FROM value AS v
  JOIN knowledge.biomarker_rule AS r ON r.measure = 'CRP' AND (r.kind = 'cut' OR (r.kind = 'stratum' AND r.value_high IS NULL))
  WHERE v.reason IS NOT NULL
  UNION ALL
  SELECT v.person_id, v.measure, r.rule, r.kind, r.scheme, NULL, NULL, v.value, v.acute, r.says, v.measurement_id, 2
  FROM value AS v JOIN knowledge.biomarker_rule AS r ON r.rule = 'crp_bmi_adjusted'
), earlier AS (  -- the latest value that lies certainly long enough before the last one, neither of them acute
  SELECT v.person_id, v.measure, r.rule, r.kind, r.scheme, v.low, v.high, v.value, v.acute, v.measurement_id, v.weakest, l.low AS low_before, l.high AS high_before,
         row_number() OVER (PARTITION BY v.person_id, v.measure ORDER BY l.date_high DESC NULLS LAST, l.measurement_id) AS nth
  FROM value AS v
  JOIN knowledge.biomarker_rule AS r ON r.kind = 'stable'
  JOIN knowledge.biomarker_rule AS x ON x.kind = 'acute'
  LEFT JOIN assess.lab AS l ON l.person_id = v.person_id AND l.measure = v.measure AND l.usable AND l.high < x.value_low
    AND date_diff('day', l.date_high, v.date_low) >= r.value_low
  WHERE v.reason IS NULL
)
SELECT person_id, measure, CAST(rule AS VARCHAR) AS rule, CAST(kind AS VARCHAR) AS kind, CAST(scheme AS VARCHAR) AS scheme, CAST(holds AS BOOLEAN) AS holds,
       CAST(stratum AS VARCHAR) AS stratum, CAST(value AS VARCHAR) AS value, CAST(acute AS BOOLEAN) AS acute, CAST(reason AS VARCHAR) AS reason, measurement_id,
       CAST(CASE weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM judged
UNION ALL
SELECT e.person_id, e.measure, e.rule, e.kind, e.scheme,
       CASE WHEN coalesce(e.acute, TRUE) OR e.low_before IS NULL THEN NULL WHEN e.low + e.low_before > 2 * h.value_low THEN TRUE WHEN e.high + e.high_before <= 2 * h.value_low THEN FALSE END,
       NULL, e.value, e.acute,
       CASE WHEN coalesce(e.acute, TRUE) THEN 'the last value may be above the acute-phase limit' WHEN e.low_before IS NULL THEN 'no second value at least two weeks before'
            WHEN e.low + e.low_before <= 2 * h.value_low AND coalesce(e.high + e.high_before > 2 * h.value_low, TRUE) THEN 'the values are intervals (assay)' END,
       e.measurement_id, CASE WHEN e.weakest = 2 THEN 'recalled' ELSE 'transcribed' END
FROM earlier AS e
JOIN knowledge.biomarker_rule AS h ON h.measure = 'CRP' AND h.kind = 'stratum' AND h.value_high IS NULL
WHERE e.nth = 1
