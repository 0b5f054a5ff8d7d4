-- judgement: one row is one definition (or instrument) and one trial that it looks at.
--   person_id, definition, trial_id
--   dose_ok        the dose reached the definition's minimum
--   duration_ok    long enough: days at the minimum dose where it was reached, else all days
--   adherence_ok   taken as prescribed
--   stop_ok        not stopped for intolerance or nonadherence before it was long enough
--   response_ok    did not respond
--   episode_ok     lies in a depressive episode (the current or the last one, where the definition says so)
--   counts         all of them: a failed adequate trial
--   counted_as     what can count once: agent or class
--   episode_id, part_no, on_date   where and when it counts
--   kind, agent   of the trial
WITH rule AS (
  SELECT d.definition, d.distinct_level, d.agent_set, d.augmentation, d.neurostimulation, d.episode, r.gap_rule,
         r.dose_table, f.max_improvement_pct, f.includes_threshold,
         CAST(r.min_days AS VARCHAR) AS min_days_text,
         CAST(nullif(CAST(r.min_days AS VARCHAR), 'none') AS DOUBLE) AS min_days,
         CAST(r.min_adherence AS VARCHAR) AS min_adherence_text,
         CAST(nullif(CAST(r.min_adherence AS VARCHAR), 'none') AS DOUBLE) AS min_adherence
  FROM knowledge.definition AS d
  JOIN knowledge.adequacy_rule AS r ON r.adequacy_rule = d.adequacy_rule
  JOIN knowledge.failure_rule AS f ON f.failure_rule = d.failure_rule
  WHERE d.family IN ('failures', 'instrument')
), looked_at AS (
  SELECT t.*, r.*,
         coalesce(p.is_current, FALSE) AS is_current, coalesce(p.is_last, FALSE) AS is_last,
         coalesce(c.is_current, FALSE) AS part_is_current, coalesce(c.is_last, FALSE) AS part_is_last,
         CASE WHEN t.kind = 'procedure' OR r.dose_table = 'none' THEN t.days_low
              WHEN t.kind <> 'drug' THEN coalesce(j.days_low, 0) ELSE e.days_low END AS at_dose_low,
         CASE WHEN t.kind = 'procedure' OR r.dose_table = 'none' THEN t.days_high
              WHEN e.days_high > t.days_high THEN t.days_high ELSE e.days_high END AS at_dose_high
  FROM assess.trial AS t
  CROSS JOIN rule AS r
  LEFT JOIN assess.episode AS p ON p.episode_id = t.episode_id
  LEFT JOIN assess.spell AS c ON c.person_id = t.person_id AND c.bound = 'sure' AND c.spell_no = t.part_no
  LEFT JOIN knowledge.agent_set AS s ON s.agent_set = r.agent_set AND s.agent = t.agent
  LEFT JOIN assess.era_dose AS e ON e.person_id = t.person_id AND e.agent = t.agent AND e.era_no = t.era_no
    AND e.gap_rule = r.gap_rule AND e.dose_table = r.dose_table
  LEFT JOIN assess.joint_dose AS j ON j.trial_id = t.trial_id AND j.dose_table = r.dose_table
  WHERE (t.kind = 'drug' AND s.agent IS NOT NULL)
     OR (t.kind = 'augmentation' AND r.augmentation <> 'none')
     OR (t.kind = 'procedure' AND t.classes = 'neurostimulation' AND r.neurostimulation <> 'none')
), dosed AS (
  SELECT *,
         CASE WHEN kind = 'procedure' OR dose_table = 'none' THEN TRUE
              WHEN dose_table IS NULL THEN NULL
              WHEN at_dose_low > 0 THEN TRUE WHEN at_dose_high = 0 THEN FALSE END AS dose_ok
  FROM looked_at
), timed AS (  -- days at dose once the dose was reached; a trial at too low a dose is blamed for its dose only
  SELECT *,
         CASE WHEN kind = 'procedure' OR min_days_text = 'none' THEN TRUE
              WHEN CASE WHEN dose_ok THEN at_dose_low ELSE days_low END >= min_days THEN TRUE
              WHEN CASE WHEN dose_ok THEN at_dose_high ELSE days_high END < min_days THEN FALSE END AS duration_ok
  FROM dosed
), clause AS (
  SELECT *,
         CASE WHEN min_adherence_text = 'none' THEN TRUE ELSE adherence >= min_adherence END AS adherence_ok,
         CASE WHEN stop_reason IN ('intolerance', 'nonadherence') THEN duration_ok ELSE TRUE END AS stop_ok,
         CASE WHEN max_improvement_pct IS NULL THEN NULL
              WHEN improvement_pct < max_improvement_pct THEN TRUE
              WHEN improvement_pct = max_improvement_pct THEN includes_threshold
              WHEN improvement_pct > max_improvement_pct THEN FALSE
              WHEN stop_reason = 'inefficacy' AND max_improvement_pct >= 50 THEN TRUE
              WHEN stop_reason = 'remission' THEN FALSE END AS response_ok,
         CASE WHEN episode = 'none' THEN TRUE
              WHEN episode = 'current' THEN episode_ok AND is_current AND CASE WHEN part_is_current THEN TRUE END
              WHEN episode = 'last' THEN episode_ok AND is_last AND CASE WHEN part_is_last THEN TRUE END
              ELSE episode_ok END AS in_episode
  FROM timed
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition, trial_id,
       CAST(dose_ok AS BOOLEAN) AS dose_ok, CAST(duration_ok AS BOOLEAN) AS duration_ok, CAST(adherence_ok AS BOOLEAN) AS adherence_ok,
       CAST(stop_ok AS BOOLEAN) AS stop_ok, CAST(response_ok AS BOOLEAN) AS response_ok, CAST(in_episode AS BOOLEAN) AS episode_ok,
       CAST(dose_ok AND duration_ok AND adherence_ok AND stop_ok AND response_ok AND in_episode AS BOOLEAN) AS counts,
       CAST(CASE WHEN distinct_level = 'class' THEN classes WHEN distinct_level = 'trial' THEN trial_id ELSE agent END AS VARCHAR) AS counted_as,
       CAST(CASE WHEN episode = 'none' THEN 'ever' ELSE episode_id END AS VARCHAR) AS episode_id,
       part_no,
       CAST(coalesce(bridged_end, may_end) AS DATE) AS on_date,
       kind, agent
FROM clause
