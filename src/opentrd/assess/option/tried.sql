-- option_tried: one row is one trial of an adult, and one treatment and role that it was a trial of.
--   person_id, trial_id, treatment, role
--   agent         the drug or procedure;  taken_now  true: certainly still taken at as_of; null: perhaps; false: ended
--   dose_ok       did it reach the ATRQ minimum dose; null: not known, or no minimum is known; true for a course
--   duration_ok   42 days (ECT: the sessions of a course) at that dose; null: not known
--   responded     50 % improvement or remission; null: not recorded
--   improvement_pct, stop_reason, days_low, days_high, top_dose_mg, reckoned_from, reckoned_to, last_ok, trial_no   as in trial
--   failed        true: adequate without response; false: it was not; null: it may have been
--   harm          it ended for intolerance
--   outcome       what it says about the treatment, in words
WITH asked AS (
  SELECT max(CASE WHEN parameter = 'response_pct' THEN value END) AS response, max(CASE WHEN parameter = 'partial_response_pct' THEN value END) AS partial,
         max(CASE WHEN parameter = 'ect_course_sessions' THEN value END) AS sessions
  FROM knowledge.parameter
), adequate AS (
  SELECT CAST(min_days AS BIGINT) AS days FROM knowledge.adequacy_rule WHERE adequacy_rule = 'atrq_42'
), single AS (
  SELECT treatment FROM knowledge.treatment_part GROUP BY treatment HAVING max(part) = 1
), matched AS (
  SELECT t.trial_id, p.treatment, r.role
  FROM assess.trial AS t
  JOIN knowledge.treatment_part AS p ON p.member = t.agent AND p.kind = CASE WHEN t.kind IN ('procedure', 'psychotherapy') THEN 'procedure' ELSE 'agent' END
  JOIN single AS s ON s.treatment = p.treatment
  JOIN knowledge.treatment AS k ON k.treatment = p.treatment
  JOIN knowledge.treatment_role AS r ON r.treatment = p.treatment
   AND (t.kind IN ('procedure', 'psychotherapy') OR (t.kind = 'drug' AND (r.role IN ('switch', 'optimise') OR (k.kind = 'rapid-acting' AND r.role = 'add')))
        OR (t.kind IN ('augmentation', 'combination') AND r.role IN ('add', 'stop')))
  UNION ALL
  SELECT DISTINCT t.trial_id, p.treatment, 'combine'
  FROM assess.trial AS t
  JOIN assess.trial AS b ON b.trial_id = t.base_trial
  JOIN knowledge.treatment_part AS p ON p.kind = 'agent' AND p.member = t.agent
  JOIN knowledge.treatment_part AS q ON q.treatment = p.treatment AND q.part <> p.part AND q.kind = 'agent' AND q.member = b.agent
), judged AS (
  SELECT t.person_id, t.trial_id, m.treatment, m.role, t.agent, t.improvement_pct, t.stop_reason, t.days_low, t.days_high, t.top_dose_mg, t.start_date, t.agents,
         t.reckoned_from, t.reckoned_to, t.last_ok, t.trial_no, q.partial, q.response, d.days AS asked_days,
         CASE WHEN t.sure_to >= a.anchor THEN TRUE WHEN t.reckoned_to < a.anchor THEN FALSE END AS taken_now,
         CASE WHEN t.kind IN ('procedure', 'psychotherapy') OR t.dose_status = 'adequate' THEN TRUE WHEN t.dose_status = 'below minimum' THEN FALSE END AS dose_ok,
         CASE WHEN t.agent = 'ECT' THEN t.sessions >= q.sessions
              WHEN t.kind IN ('procedure', 'psychotherapy') THEN TRUE
              WHEN CASE WHEN t.dose_status = 'adequate' THEN t.days_at_dose_low ELSE t.days_low END >= d.days THEN TRUE
              WHEN CASE WHEN t.dose_status = 'adequate' THEN t.days_at_dose_high ELSE t.days_high END < d.days THEN FALSE END AS duration_ok,
         CASE WHEN t.improvement_pct >= q.response OR (t.improvement_pct IS NULL AND t.stop_reason = 'remission') THEN TRUE
              WHEN t.improvement_pct < q.response OR t.stop_reason = 'inefficacy' THEN FALSE END AS responded
  FROM matched AS m
  JOIN assess.trial AS t ON t.trial_id = m.trial_id
  JOIN assess.as_of AS a ON a.person_id = t.person_id
  JOIN assess.option_scope AS s ON s.person_id = t.person_id AND s.admitted
  CROSS JOIN asked AS q
  CROSS JOIN adequate AS d
), settled AS (
  SELECT *, coalesce(stop_reason = 'intolerance', FALSE) AS harm, agents || coalesce(', ' || CAST(start_date AS VARCHAR), '') AS called,
         CASE WHEN responded OR NOT dose_ok OR NOT duration_ok OR stop_reason IN ('intolerance', 'nonadherence') THEN FALSE
              WHEN NOT responded AND dose_ok AND duration_ok THEN TRUE END AS failed
  FROM judged
)
SELECT person_id, trial_id, CAST(treatment AS VARCHAR) AS treatment, CAST(role AS VARCHAR) AS role, agent, CAST(taken_now AS BOOLEAN) AS taken_now,
       CAST(dose_ok AS BOOLEAN) AS dose_ok, CAST(duration_ok AS BOOLEAN) AS duration_ok, CAST(responded AS BOOLEAN) AS responded, improvement_pct, stop_reason,
       days_low, days_high, top_dose_mg, reckoned_from, reckoned_to, last_ok, trial_no, CAST(failed AS BOOLEAN) AS failed, CAST(harm AS BOOLEAN) AS harm,
       CAST(CASE WHEN harm THEN 'history: ended for intolerance: '
                 WHEN stop_reason = 'nonadherence' THEN 'for: tried, but not taken as prescribed: '
                 WHEN responded THEN 'for: helped before: '
                 WHEN failed AND improvement_pct >= partial THEN 'tried: adequate, partial response only: '
                 WHEN failed THEN 'tried: adequate, without response: '
                 WHEN NOT dose_ok AND taken_now THEN 'for: so far below the minimum dose: '
                 WHEN NOT dose_ok THEN 'for: tried below the minimum dose only: '
                 WHEN NOT duration_ok AND taken_now THEN 'for: so far too short to be judged: '
                 WHEN NOT duration_ok THEN 'for: tried too short only: '
                 WHEN NOT responded THEN 'tried: without response; whether dose and time sufficed is not known: '
                 ELSE 'tried: outcome not recorded: ' END || called AS VARCHAR) AS outcome
FROM settled
