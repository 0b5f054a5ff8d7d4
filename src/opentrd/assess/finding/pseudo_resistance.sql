-- finding_pseudo_resistance: one row is one antidepressant trial that is not known to have helped and one reason why it may not count as
-- resistance: dose, time, adherence, intolerance, a memory instead of a record, gaps in the record, an inducer, smoking.
--   person_id, finding   the check
--   subject       the trial
--   source        record, or the rule the trial is held against
--   grp, place    pseudo_resistance, order on the page
--   present       true: the record shows it; false: it shows the contrary; null: not known
--   value, unit   what was found;  threshold  what it is held against
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   null; the trial
--   knowledge_status   weakest status of the facts behind it
WITH response AS (
  SELECT max_improvement_pct AS pct FROM knowledge.failure_rule WHERE failure_rule = 'below_50'
), least AS (
  SELECT CAST(min_days AS BIGINT) AS days, meaning, knowledge_status FROM knowledge.adequacy_rule WHERE adequacy_rule = 'atrq_42'
), looked_at AS (
  SELECT t.*, l.days AS least_days, CASE WHEN t.dose_status = 'adequate' THEN t.days_at_dose_low ELSE t.days_low END AS sure_days,
         CASE WHEN t.dose_status = 'adequate' THEN t.days_at_dose_high ELSE t.days_high END AS may_days,
         date_diff('day', t.certain_start, t.bridged_end) + 1 AS span,
         coalesce(t.dose_status, 'not known') = 'not known' OR (t.dose_status = 'no minimum known' AND t.top_dose_mg IS NULL) AS no_dose,
         t.days_low < coalesce(t.days_high, t.days_low + 1) AS no_days, t.improvement_pct IS NULL AND t.stop_reason IS NULL AS no_outcome
  FROM assess.trial AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  CROSS JOIN response AS r
  CROSS JOIN least AS l
  WHERE t.kind = 'drug' AND NOT coalesce(t.improvement_pct >= r.pct, FALSE) AND coalesce(t.stop_reason, '') <> 'remission'
), source_row AS (  -- is every row of the trial a dispensing, and is one of them only told
  SELECT q.person_id, q.trial_id, max(CASE WHEN x.status = 'dispensed' THEN 0 ELSE 1 END) AS other, max(CASE WHEN x.status = 'reported' THEN 1 ELSE 0 END) AS told
  FROM looked_at AS q
  JOIN assess.era AS e ON e.person_id = q.person_id AND e.agent = q.agent AND e.era_no = q.era_no AND e.gap_rule = 'trial'
  JOIN assess.issue AS i ON i.person_id = q.person_id AND i.agent = q.agent AND i.may_start BETWEEN e.may_start AND e.may_end
  JOIN record.exposure AS x ON x.person_id = i.person_id AND x.exposure_id = i.exposure_id
  GROUP BY q.person_id, q.trial_id
), counted AS (  -- covered: share of days covered by what was dispensed, where all days are known
  SELECT q.*, s.told, CAST(q.top_dose_mg * 100 AS BIGINT) AS hundredths,
         CASE WHEN s.other = 0 AND q.days_low = q.days_high AND q.span > 0 THEN q.days_low * 100 / nullif(q.span, 0) END AS covered_pct, q.adherence * 100 AS adherence_pct
  FROM looked_at AS q
  LEFT JOIN source_row AS s ON s.person_id = q.person_id AND s.trial_id = q.trial_id
), inducer AS (
  SELECT DISTINCT s.agent, i.agent AS inducer, i.enzyme,
         CASE WHEN s.knowledge_status = 'recalled' OR i.knowledge_status = 'recalled' THEN 'recalled' ELSE 'transcribed' END AS knowledge_status
  FROM knowledge.cyp_modifier AS s
  JOIN knowledge.cyp_modifier AS i ON i.enzyme = s.enzyme AND i.kind = 'inducer'
  WHERE s.kind = 'substrate'
), taken_with AS (
  SELECT q.person_id, q.trial_id, i.inducer, CASE WHEN x.sure_start <= p.end_date AND x.sure_end >= p.start_date THEN 1 ELSE 0 END AS sure
  FROM looked_at AS q
  JOIN inducer AS i ON i.agent = q.agent
  JOIN assess.issue AS x ON x.person_id = q.person_id AND x.agent = i.inducer AND x.may_start <= q.reckoned_to AND x.may_end >= q.reckoned_from
  LEFT JOIN assess.piece AS p ON p.person_id = q.person_id AND p.agent = q.agent AND p.era_no = q.era_no
), joint AS (
  SELECT person_id, trial_id, max(sure) AS sure, min(inducer) AS inducer FROM taken_with GROUP BY person_id, trial_id
), judged AS (
  SELECT q.person_id, q.trial_id, 'low_dose' AS finding, CASE q.dose_status WHEN 'below minimum' THEN TRUE WHEN 'adequate' THEN FALSE END AS present,
         CAST(CAST(q.hundredths / nullif(100, 0) - 0.495 AS BIGINT) AS VARCHAR)
         || CASE WHEN q.hundredths = CAST(q.hundredths / nullif(100, 0) - 0.495 AS BIGINT) * 100 THEN ''
                 ELSE '.' || CAST(CAST((q.hundredths - CAST(q.hundredths / nullif(100, 0) - 0.495 AS BIGINT) * 100) / nullif(10, 0) AS BIGINT) AS VARCHAR) END AS value,
         'mg' AS unit, 'ATRQ minimum dose' AS threshold, 'transcribed' AS knowledge_status
  FROM counted AS q
  UNION ALL
  SELECT q.person_id, q.trial_id, 'short_duration', CASE WHEN q.may_days < q.least_days THEN TRUE WHEN q.sure_days >= q.least_days THEN FALSE END,
         CASE WHEN q.sure_days = q.may_days THEN CAST(q.sure_days AS VARCHAR)
              ELSE CAST(q.sure_days AS VARCHAR) || ' to ' || coalesce(CAST(q.may_days AS VARCHAR), 'not known') END,
         'd', 'at least ' || CAST(q.least_days AS VARCHAR) || ' days at the minimum dose', 'transcribed'
  FROM looked_at AS q
  UNION ALL
  SELECT q.person_id, q.trial_id, 'poor_adherence',
         CASE WHEN (q.adherence < g.value OR q.covered_pct < g.value * 100 OR q.stop_reason = 'nonadherence')
                   AND NOT coalesce(q.adherence >= g.value, FALSE) AND NOT coalesce(q.covered_pct >= g.value * 100, FALSE) THEN TRUE
              WHEN (q.adherence >= g.value OR q.covered_pct >= g.value * 100)
                   AND NOT coalesce(q.adherence < g.value, FALSE) AND NOT coalesce(q.covered_pct < g.value * 100, FALSE) AND coalesce(q.stop_reason, '') <> 'nonadherence' THEN FALSE END,
         CASE WHEN q.adherence IS NOT NULL THEN 'share of days taken ' || CAST(CAST(q.adherence_pct AS BIGINT) AS VARCHAR) || ' %'
              WHEN q.stop_reason = 'nonadherence' THEN 'stopped for nonadherence'
              WHEN q.covered_pct IS NOT NULL THEN 'proportion of days covered ' || CAST(CAST(q.covered_pct AS BIGINT) AS VARCHAR) || ' %' END,
         NULL, 'at least ' || CAST(CAST(g.value * 100 AS BIGINT) AS VARCHAR) || ' %', g.knowledge_status
  FROM counted AS q JOIN knowledge.parameter AS g ON g.parameter = 'good_adherence'
  UNION ALL
  SELECT person_id, trial_id, 'intolerance_as_failure', stop_reason = 'intolerance', CASE WHEN stop_reason IS NOT NULL THEN 'stopped for ' || stop_reason END, NULL, NULL, 'verified'
  FROM looked_at
  UNION ALL
  SELECT person_id, trial_id, 'recalled_outcome', CASE WHEN improvement_basis = 'recalled' OR told = 1 THEN TRUE WHEN improvement_basis IS NOT NULL THEN FALSE END,
         CASE WHEN improvement_basis = 'recalled' THEN 'improvement recalled' WHEN told = 1 THEN 'exposure reported, not recorded' ELSE 'improvement ' || improvement_basis END,
         NULL, NULL, 'verified'
  FROM counted
  UNION ALL
  SELECT person_id, trial_id, 'incomplete_record',
         no_dose OR no_days OR no_outcome,
         CASE WHEN no_dose OR no_days OR no_outcome
              THEN CASE WHEN no_dose THEN 'dose ' ELSE '' END || CASE WHEN no_days THEN 'duration ' ELSE '' END || CASE WHEN no_outcome THEN 'outcome ' ELSE '' END || 'missing' END,
         NULL, NULL, 'verified'
  FROM looked_at
  UNION ALL
  SELECT q.person_id, q.trial_id, 'inducer', CASE WHEN j.sure = 1 THEN TRUE WHEN j.person_id IS NULL AND k.kept THEN FALSE END, j.inducer, NULL, NULL, i.knowledge_status
  FROM looked_at AS q
  JOIN (SELECT agent, max(knowledge_status) AS knowledge_status FROM inducer GROUP BY agent) AS i ON i.agent = q.agent
  JOIN assess.kept AS k ON k.person_id = q.person_id AND k.table_name = 'exposure'
  LEFT JOIN joint AS j ON j.person_id = q.person_id AND j.trial_id = q.trial_id
  UNION ALL
  SELECT q.person_id, q.trial_id, 'smoking_lowers_level', s.present, s.basis, NULL, NULL, i.knowledge_status
  FROM looked_at AS q
  JOIN knowledge.smoking_effect AS i ON i.agent = q.agent
  LEFT JOIN assess.sign AS s ON s.person_id = q.person_id AND s.sign = 'smoking'
)
SELECT j.person_id, CAST(j.finding AS VARCHAR) AS finding, CAST(j.trial_id AS VARCHAR) AS subject, CAST('record' AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(j.present AS BOOLEAN) AS present, CAST(j.value AS VARCHAR) AS value, CAST(j.unit AS VARCHAR) AS unit,
       CAST(j.threshold AS VARCHAR) AS threshold,
       CAST(CASE WHEN j.present THEN f.says_present WHEN NOT j.present THEN f.says_absent ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN j.present IS NULL THEN f.settles END AS VARCHAR) AS settles, CAST(NULL AS VARCHAR) AS measurement_id, CAST(j.trial_id AS VARCHAR) AS basis_id,
       CAST(j.knowledge_status AS VARCHAR) AS knowledge_status
FROM judged AS j
JOIN knowledge.finding AS f ON f.finding = j.finding
