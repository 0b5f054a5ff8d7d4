-- outcome: one row is one trial, one rating during it and one named rule: did the person respond, remit, relapse by that rule.
--   person_id, trial_id
--   measurement_id   the rating (rating_id of rating); '' for a rule on the stop reason
--   rule, kind     the rule and what it speaks of: response, partial_response, remission, functional_remission, early_improvement,
--                  minimal_change, substantial_change, reliable_change, deterioration, decision, tolerability, relapse, recovery, recurrence
--   measure        the scale; 'stop reason'
--   status         met, not met, not determinable (the scale cannot show it); null: not known
--   baseline       the baseline total, where it is known to the point
--   baseline_low, baseline_high, baseline_on, baseline_id   its bounds, its day, the rating
--   value_low, value_high   the total of the rating, bounds
--   change_pct     improvement since the baseline, %, where it is known to the point (100: symptom-free, negative: worse)
--   change_pct_low, change_pct_high   its bounds
--   change_points_low, change_points_high   improvement since the baseline, points
--   on_date        last possible day of the rating
--   days           days from the first certain day of the trial to the rating (first possible day)
--   acting         rapid (a rapid-acting agent or infusion) or standard
--   assumes        what was taken for granted
--   knowledge_status   weakest status of the rule, its cut-off and its scale: verified, transcribed, recalled
WITH ruled AS (
  SELECT c.*, r.rule, r.kind, r.basis, r.after_rule, k.at_least, k.up_to, k.below, coalesce(k.open_from, k.at_least) AS open_from,
         CASE r.basis WHEN 'total' THEN c.value_low WHEN 'drop_points' THEN c.points_low ELSE c.pct_low END AS low,
         CASE r.basis WHEN 'total' THEN c.value_high WHEN 'drop_points' THEN c.points_high ELSE c.pct_high END AS high,
         coalesce(c.days_low >= r.from_day, TRUE) AND coalesce(c.days_high <= r.to_day, TRUE) AS in_time,
         CASE WHEN r.knowledge_status = 'recalled' OR k.knowledge_status = 'recalled' OR s.knowledge_status = 'recalled' THEN 'recalled'
              WHEN r.knowledge_status = 'verified' AND k.knowledge_status = 'verified' AND s.knowledge_status = 'verified' THEN 'verified'
              ELSE 'transcribed' END AS status_of_facts
  FROM knowledge.outcome_rule AS r
  JOIN knowledge.scale_cutoff AS k ON k.rule = r.rule
  JOIN knowledge.scale AS s ON s.scale = k.scale
  JOIN assess.measure_course AS c ON c.measure = k.scale AND (r.acting = 'any' OR r.acting = c.acting)
    AND coalesce(c.days_high >= r.from_day, TRUE) AND coalesce(c.days_low <= r.to_day, TRUE)
), judged AS (
  SELECT *, CASE WHEN low >= coalesce(at_least, low) AND high <= coalesce(up_to, high) AND high < coalesce(below, high + 1) THEN CASE WHEN in_time THEN TRUE END
                 WHEN high < open_from OR low > up_to OR low >= below THEN FALSE END AS met
  FROM ruled
), remitted AS (
  SELECT person_id, trial_id, measure, rule, min(CASE WHEN met THEN date_high END) AS first_on, min(CASE WHEN coalesce(met, TRUE) THEN date_low END) AS maybe_on
  FROM judged WHERE kind = 'remission' GROUP BY person_id, trial_id, measure, rule
), decided AS (
  SELECT j.*, CASE WHEN j.after_rule IS NULL THEN j.met WHEN NOT j.met THEN FALSE WHEN j.met AND r.first_on < j.date_low THEN TRUE END AS holds
  FROM judged AS j
  LEFT JOIN remitted AS r ON r.trial_id = j.trial_id AND r.measure = j.measure AND r.rule = j.after_rule
  WHERE j.after_rule IS NULL OR r.maybe_on < j.date_high
), nine AS (
  SELECT scale, max(CASE knowledge_status WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest FROM knowledge.episode_symptom GROUP BY scale
), acnp AS (  -- the nine symptoms of an episode, rated by scales that have them all
  SELECT c.*, r.rule, r.kind, n.scale IS NOT NULL AS has_all, a.rule IS NOT NULL AS asked, a.met,
         CASE WHEN n.scale IS NULL THEN r.knowledge_status WHEN n.weakest = 2 THEN 'recalled' ELSE 'transcribed' END AS status_of_facts
  FROM assess.measure_course AS c
  JOIN knowledge.scale AS s ON s.scale = c.measure AND s.trial_outcome
  JOIN knowledge.outcome_rule AS r ON r.basis = 'acnp'
  LEFT JOIN nine AS n ON n.scale = c.measure
  LEFT JOIN assess.measure_acnp AS a ON a.person_id = c.person_id AND a.measure = c.measure AND a.rule = r.rule AND a.on_date = c.date_low AND c.date_low = c.date_high
), united AS (
  SELECT person_id, trial_id, measurement_id, rule, kind, measure, CASE WHEN holds THEN 'met' WHEN NOT holds THEN 'not met' END AS status, baseline_id, baseline_low,
         baseline_high, baseline_on, value_low, value_high, pct_low, pct_high, points_low, points_high, date_high, days_low, acting, during,
         CASE WHEN basis <> 'total' AND baseline_id IS NULL THEN 'no baseline' END AS lacks, status_of_facts
  FROM decided
  UNION ALL
  SELECT person_id, trial_id, measurement_id, rule, kind, measure, CASE WHEN NOT has_all THEN 'not determinable' WHEN met THEN 'met' WHEN NOT met THEN 'not met' END,
         baseline_id, baseline_low, baseline_high, baseline_on, value_low, value_high, pct_low, pct_high, points_low, points_high, date_high, days_low, acting, during,
         CASE WHEN has_all AND NOT asked THEN 'no items of that day' END, status_of_facts
  FROM acnp WHERE asked OR rule = 'acnp_remission'
  UNION ALL
  SELECT t.person_id, t.trial_id, '', r.rule, r.kind, 'stop reason', CASE WHEN t.stop_reason = 'intolerance' THEN 'met' ELSE 'not met' END,
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, t.bridged_end, NULL, CASE WHEN a.role = 'rapid-acting' OR p.grp = 'infusion' THEN 'rapid' ELSE 'standard' END,
         TRUE, NULL, r.knowledge_status
  FROM assess.trial AS t
  JOIN knowledge.outcome_rule AS r ON r.basis = 'stop_reason'
  LEFT JOIN knowledge.agent AS a ON a.agent = t.agent
  LEFT JOIN knowledge.procedure_kind AS p ON p.procedure = t.agent
  WHERE t.stop_reason IS NOT NULL
)
SELECT person_id, trial_id, CAST(measurement_id AS VARCHAR) AS measurement_id, CAST(rule AS VARCHAR) AS rule, CAST(kind AS VARCHAR) AS kind, CAST(measure AS VARCHAR) AS measure,
       CAST(status AS VARCHAR) AS status, CAST(CASE WHEN baseline_low = baseline_high THEN baseline_low END AS DOUBLE) AS baseline,
       CAST(baseline_low AS DOUBLE) AS baseline_low, CAST(baseline_high AS DOUBLE) AS baseline_high, CAST(baseline_on AS DATE) AS baseline_on, CAST(baseline_id AS VARCHAR) AS baseline_id,
       CAST(value_low AS DOUBLE) AS value_low, CAST(value_high AS DOUBLE) AS value_high, CAST(CASE WHEN pct_low = pct_high THEN pct_low END AS DOUBLE) AS change_pct,
       CAST(pct_low AS DOUBLE) AS change_pct_low, CAST(pct_high AS DOUBLE) AS change_pct_high, CAST(points_low AS DOUBLE) AS change_points_low,
       CAST(points_high AS DOUBLE) AS change_points_high, CAST(date_high AS DATE) AS on_date, CAST(days_low AS BIGINT) AS days, CAST(acting AS VARCHAR) AS acting,
       CAST(CASE WHEN lacks = 'no baseline' THEN 'no rating of the scale in the days before the trial'
                 WHEN lacks IS NOT NULL THEN lacks WHEN during THEN NULL ELSE 'the rating lies after the last certain day of the trial' END AS VARCHAR) AS assumes,
       CAST(status_of_facts AS VARCHAR) AS knowledge_status
FROM united
