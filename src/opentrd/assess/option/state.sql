-- option_state: one row is one adult and one circumstance that a guideline line asks for.
--   person_id, state
--   holds     true, false; null: not known
--   basis     what it rests on, in words; null: nothing recorded
WITH adult AS (
  SELECT person_id, perhaps_taking FROM assess.option_scope WHERE admitted
), asked AS (
  SELECT max(CASE WHEN parameter = 'response_pct' THEN value END) AS response, max(CASE WHEN parameter = 'partial_response_pct' THEN value END) AS partial FROM knowledge.parameter
), used AS (  -- antidepressants of the episode at as_of, else the last
  SELECT t.person_id, t.agent, max(CASE WHEN t.failed AND t.last_ok THEN 1 ELSE 0 END) AS failed,
         max(CASE WHEN coalesce(t.failed, TRUE) AND coalesce(t.last_ok, TRUE) THEN 1 ELSE 0 END) AS perhaps,
         max(CASE WHEN t.last_ok THEN 1 ELSE 0 END) AS certain, max(CASE WHEN coalesce(t.last_ok, TRUE) THEN 1 ELSE 0 END) AS maybe
  FROM assess.option_tried AS t JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  WHERE t.role = 'switch' GROUP BY t.person_id, t.agent
), counted AS (
  SELECT a.person_id, coalesce(sum(u.failed), 0) AS low, CASE WHEN k.kept THEN coalesce(sum(u.perhaps), 0) END AS high,
         coalesce(sum(u.certain), 0) AS used_low, CASE WHEN k.kept THEN coalesce(sum(u.maybe), 0) END AS used_high
  FROM adult AS a
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  LEFT JOIN used AS u ON u.person_id = a.person_id
  GROUP BY a.person_id, k.kept
), last_trial AS (
  SELECT t.*, row_number() OVER (PARTITION BY t.person_id ORDER BY t.reckoned_to DESC, t.reckoned_from DESC, t.trial_no DESC) AS nth
  FROM assess.option_tried AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  WHERE t.role = 'switch'
), answer AS (
  SELECT a.person_id, l.agent, l.responded, l.harm, l.dose_ok, l.duration_ok, l.stop_reason,
         l.improvement_pct >= q.partial AND l.improvement_pct < q.response AS partial, l.improvement_pct < q.partial AS none,
         CASE WHEN l.improvement_pct IS NULL AND l.stop_reason = 'inefficacy' THEN 1 ELSE 0 END AS inefficacy
  FROM adult AS a CROSS JOIN asked AS q LEFT JOIN last_trial AS l ON l.person_id = a.person_id AND l.nth = 1
), severity AS (
  SELECT a.person_id, g.low, g.high, max(CASE WHEN v.condition_set = 'severity_severe' THEN v.score END) AS severe, max(CASE WHEN v.condition_set = 'severity_mild' THEN v.score END) AS mild
  FROM adult AS a CROSS JOIN knowledge.severity_level AS v
  LEFT JOIN assess.stage AS g ON g.person_id = a.person_id AND g.instrument = 'maudsley' AND g.item = 'severity'
  GROUP BY a.person_id, g.low, g.high
), recorded AS (
  SELECT person_id, state, string_agg(condition, '; ' ORDER BY condition) AS basis FROM (
  SELECT DISTINCT c.person_id, s.safety_set AS state, c.condition
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id AND coalesce(c.start_earliest <= a.anchor, TRUE)
  JOIN knowledge.safety_set AS s ON s.kind = 'condition' AND s.member = c.condition
  WHERE coalesce(c.present, TRUE)) AS once GROUP BY person_id, state
), ect AS (
  SELECT person_id, max(CASE WHEN responded THEN 1 ELSE 0 END) AS helped FROM assess.option_tried WHERE agent = 'ECT' GROUP BY person_id
), suicidal AS (
  SELECT person_id, max(CASE WHEN present THEN 1 ELSE 0 END) AS present, min(CASE WHEN present IS NULL THEN 0 ELSE 1 END) AS asked
  FROM assess.finding_suicide WHERE finding IN ('suicidality', 'suicidal_behaviour') GROUP BY person_id
), stated AS (
  SELECT c.person_id, m.state, CASE WHEN c.low >= m.number THEN TRUE WHEN c.high < m.number THEN FALSE END AS holds,
         CAST(c.low AS VARCHAR) || ' adequate trials failed for certain' AS basis
  FROM counted AS c JOIN knowledge.circumstance AS m ON m.kind = 'failures'
  UNION ALL
  SELECT c.person_id, m.state, CASE WHEN c.used_low >= m.number THEN TRUE WHEN c.used_high < m.number THEN FALSE END, CAST(c.used_low AS VARCHAR) || ' antidepressants used'
  FROM counted AS c JOIN knowledge.circumstance AS m ON m.kind = 'used'
  UNION ALL
  SELECT a.person_id, s.state, CASE WHEN a.perhaps_taking IS NOT NULL THEN TRUE WHEN k.kept THEN FALSE END, a.perhaps_taking
  FROM adult AS a JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  CROSS JOIN (SELECT 'taken' AS state UNION ALL SELECT 'taking_antidepressant') AS s
  UNION ALL
  SELECT person_id, 'response', responded, agent FROM answer
  UNION ALL
  SELECT person_id, 'partial_response', CASE WHEN responded OR inefficacy = 1 AND harm THEN FALSE ELSE partial END, agent FROM answer
  UNION ALL
  SELECT person_id, 'no_response', CASE WHEN responded THEN FALSE ELSE none END, agent FROM answer
  UNION ALL
  SELECT person_id, 'not_tolerated', CASE WHEN harm THEN TRUE WHEN stop_reason IS NOT NULL THEN FALSE END, agent FROM answer
  UNION ALL
  SELECT person_id, 'severe', CASE WHEN low >= severe THEN TRUE WHEN high < severe THEN FALSE END, CAST(NULL AS VARCHAR) FROM severity
  UNION ALL
  SELECT person_id, 'not_severe', CASE WHEN high < severe THEN TRUE WHEN low >= severe THEN FALSE END, NULL FROM severity
  UNION ALL
  SELECT person_id, 'mild', CASE WHEN high <= mild THEN TRUE WHEN low > mild THEN FALSE END, NULL FROM severity
  UNION ALL
  SELECT person_id, 'life_threatening', CASE WHEN high < severe THEN FALSE END, NULL FROM severity
  UNION ALL
  SELECT a.person_id, 'suicidal', CASE WHEN s.present = 1 THEN TRUE WHEN s.asked = 1 THEN FALSE END, NULL FROM adult AS a LEFT JOIN suicidal AS s ON s.person_id = a.person_id
  UNION ALL
  SELECT a.person_id, 'after_ect', CASE WHEN e.person_id IS NOT NULL THEN TRUE WHEN k.kept THEN FALSE END, NULL
  FROM adult AS a JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'procedure' LEFT JOIN ect AS e ON e.person_id = a.person_id
  UNION ALL
  SELECT a.person_id, l.state, CASE WHEN r.person_id IS NOT NULL THEN TRUE WHEN k.kept THEN FALSE END, r.basis
  FROM adult AS a
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  JOIN knowledge.circumstance AS l ON l.kind = 'condition'
  LEFT JOIN recorded AS r ON r.person_id = a.person_id AND r.state = l.state
  UNION ALL
  SELECT a.person_id, 'ect_indicated', CASE WHEN r.person_id IS NOT NULL OR e.helped = 1 OR c.low >= m.number OR s.present = 1 THEN TRUE END, r.basis
  FROM adult AS a
  JOIN counted AS c ON c.person_id = a.person_id
  JOIN knowledge.circumstance AS m ON m.state = 'two_failures'
  LEFT JOIN (SELECT person_id, min(basis) AS basis FROM recorded WHERE state IN ('psychotic', 'catatonic') GROUP BY person_id) AS r ON r.person_id = a.person_id
  LEFT JOIN ect AS e ON e.person_id = a.person_id
  LEFT JOIN suicidal AS s ON s.person_id = a.person_id
)
SELECT person_id, CAST(state AS VARCHAR) AS state, CAST(holds AS BOOLEAN) AS holds, CAST(basis AS VARCHAR) AS basis FROM stated
