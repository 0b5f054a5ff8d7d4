-- judged: one row is one definition (or instrument) and one trial that it looks at. A view: what judgement shows, and short keys beside it.
--   person_no      as in person_no
--   person_id, definition, trial_id, dose_ok, duration_ok, adherence_ok, stop_ok, response_ok, episode_ok, counts, counted_as, may_be, episode_id, part_no,
--   on_date, on_low, on_high, ready_low, ready_high, kind, agent, improvement_basis, definition_no, episode_no, family, windowed   as in judgement
--   speaks_for     as in scope
WITH dosed AS (
  SELECT t.*, e.dose_table AS dose_key, CASE WHEN t.kind = 'drug' THEN e.days_low ELSE coalesce(j.days_low, 0) END AS at_dose_low,
         CASE WHEN e.days_high > t.days_high THEN t.days_high ELSE e.days_high END AS at_dose_high
  FROM assess.trial AS t
  JOIN assess.era_dose AS e ON e.gap_rule = 'trial' AND e.person_id = t.person_id AND e.agent = t.agent AND e.era_no = t.era_no
  LEFT JOIN assess.joint_dose AS j ON j.trial_id = t.trial_id AND j.dose_table = e.dose_table
  WHERE t.kind IN ('drug', 'augmentation')
  UNION ALL
  SELECT *, 'none', days_low, days_high FROM assess.trial WHERE kind IN ('drug', 'augmentation')
  UNION ALL
  SELECT *, 'unstated', CAST(NULL AS BIGINT), CAST(NULL AS BIGINT) FROM assess.trial WHERE kind IN ('drug', 'augmentation')
  UNION ALL
  SELECT t.*, k.dose_key, t.days_low, t.days_high FROM assess.trial AS t CROSS JOIN (SELECT DISTINCT dose_key FROM assess.rule) AS k WHERE t.kind = 'procedure'
), looked_at AS (
  SELECT t.*, n.person_no, s.definition, s.definition_no, s.speaks_for, s.family, s.windowed, s.distinct_level, s.agent_class, s.episode, s.min_days, s.adherence_asked, s.min_adherence,
         s.basis, s.banded, s.min_improvement, s.max_improvement, s.includes_threshold,
         f.certainly AS followed, f.on_date AS next_on, f.on_low AS next_low, f.on_high AS next_high, f.person_id IS NOT NULL AS may_follow,
         CASE WHEN s.intolerance_counts AND t.stop_reason = 'intolerance' THEN 1 ELSE 0 END AS intolerant,
         CASE WHEN s.intolerance_counts AND t.stop_reason IS NULL THEN 1 ELSE 0 END AS perhaps_intolerant,
         CASE WHEN t.kind = 'procedure' OR t.dose_key = 'none' OR (s.intolerance_counts AND t.stop_reason = 'intolerance') THEN TRUE
              WHEN t.at_dose_low > 0 THEN TRUE WHEN t.at_dose_high = 0 THEN FALSE END AS dose_ok
  FROM dosed AS t
  JOIN assess.person_no AS n ON n.person_id = t.person_id
  JOIN assess.scope AS s ON s.dose_key = t.dose_key AND s.agent = t.agent AND s.kind = t.kind
  LEFT JOIN assess.following AS f ON f.look_no = s.look_no AND f.person_id = t.person_id AND f.trial_no = t.trial_no
), timed AS (  -- days at dose once the dose was reached; a trial at too low a dose is blamed for its dose only
  SELECT *,
         CASE WHEN kind = 'procedure' OR intolerant = 1 THEN TRUE
              WHEN CASE WHEN dose_ok THEN at_dose_low ELSE days_low END >= min_days THEN TRUE
              WHEN CASE WHEN dose_ok THEN at_dose_high ELSE days_high END < min_days THEN FALSE END AS duration_ok
  FROM looked_at
), clause AS (
  SELECT *,
         CASE WHEN adherence_asked AND kind <> 'procedure' THEN adherence >= min_adherence ELSE TRUE END AS adherence_ok,
         CASE WHEN intolerant = 0 AND stop_reason IN ('intolerance', 'nonadherence') THEN duration_ok ELSE TRUE END AS stop_ok,
         CASE WHEN intolerant = 1 OR basis = 'any' THEN TRUE
              WHEN basis = 'switch' THEN CASE WHEN may_follow THEN followed ELSE FALSE END
              WHEN basis = 'stop' THEN stop_reason = 'inefficacy'
              WHEN basis IS NULL OR max_improvement IS NULL OR min_improvement IS NULL THEN NULL
              WHEN improvement_pct < min_improvement THEN FALSE
              WHEN improvement_pct < max_improvement THEN TRUE
              WHEN improvement_pct = max_improvement THEN includes_threshold
              WHEN improvement_pct > max_improvement THEN FALSE
              WHEN stop_reason = 'inefficacy' AND max_improvement >= 50 AND NOT banded THEN TRUE
              WHEN stop_reason = 'remission' THEN FALSE END AS response_ok,
         CASE episode WHEN 'none' THEN TRUE WHEN 'current' THEN current_ok WHEN 'last' THEN last_ok ELSE episode_ok END AS in_episode
  FROM timed
), answered AS (  -- where intolerance counts, a stop for a reason that is not recorded refuses nothing
  SELECT *, CASE WHEN perhaps_intolerant = 0 OR dose_ok THEN dose_ok END AS dose_known,
         CASE WHEN perhaps_intolerant = 0 OR duration_ok THEN duration_ok END AS duration_known,
         CASE WHEN perhaps_intolerant = 0 OR response_ok THEN response_ok END AS response_known
  FROM clause
)
SELECT person_no, person_id, CAST(definition AS VARCHAR) AS definition, trial_id,
       CAST(dose_known AS BOOLEAN) AS dose_ok, CAST(duration_known AS BOOLEAN) AS duration_ok, CAST(adherence_ok AS BOOLEAN) AS adherence_ok,
       CAST(stop_ok AS BOOLEAN) AS stop_ok, CAST(response_known AS BOOLEAN) AS response_ok, CAST(in_episode AS BOOLEAN) AS episode_ok,
       CAST(dose_known AND duration_known AND adherence_ok AND stop_ok AND response_known AND in_episode AS BOOLEAN) AS counts,
       CAST(CASE WHEN distinct_level = 'class' THEN agent_class WHEN distinct_level = 'trial' THEN trial_id ELSE agent END AS VARCHAR) AS counted_as,
       CAST(CASE WHEN distinct_level = 'trial' THEN may_be ELSE 1 END AS BIGINT) AS may_be,
       CAST(CASE WHEN episode = 'none' THEN 'ever' ELSE episode_id END AS VARCHAR) AS episode_id,
       CAST(CASE WHEN episode = 'none' THEN 0 ELSE part_no END AS BIGINT) AS part_no,
       CAST(CASE WHEN may_end IS NULL THEN NULL WHEN basis = 'switch' AND may_follow THEN next_on ELSE coalesce(bridged_end, may_end) END AS DATE) AS on_date,
       CAST(CASE WHEN basis = 'switch' AND may_follow THEN next_low ELSE coalesce(sure_to, reckoned_from) END AS DATE) AS on_low,
       CAST(CASE WHEN basis = 'switch' AND may_follow THEN next_high ELSE reckoned_to END AS DATE) AS on_high,
       CAST(CASE WHEN kind <> 'procedure' AND min_days > 1 THEN reckoned_from + CAST(min_days - 1 AS INTEGER) ELSE reckoned_from END AS DATE) AS ready_low,
       CAST(CASE WHEN kind <> 'procedure' AND min_days IS NULL THEN reckoned_to
                 WHEN kind <> 'procedure' AND min_days > 1 THEN coalesce(sure_from, reckoned_to) + CAST(min_days - 1 AS INTEGER)
                 ELSE coalesce(sure_from, reckoned_to) END AS DATE) AS ready_high,
       kind, agent, improvement_basis, definition_no,
       CAST(CASE WHEN episode = 'none' THEN 0 ELSE episode_no END AS BIGINT) AS episode_no, family, windowed, speaks_for
FROM answered
