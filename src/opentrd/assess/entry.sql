-- entry: one row is one day on which a person may enter a cohort of the family `window` (OHDSI PhenotypeLibrary 1009).
--   person_id, definition, path
--   event_id      person, definition, path, agent and day
--   agent         the agent whose era starts on the day
--   on_date       the day; null: the record does not say which
--   agents_low, agents_high   different agents of the prior set in the window, certain and possible
--   before_low, before_high   those of them that started before the day
--   window_ok     enough agents in the window
--   diagnosis_ok  depressive disorder recorded in the days before (condition start)
--   exclusion_ok  no excluding condition recorded up to the day (in the same observation period)
--   counts        window_ok and diagnosis_ok: a qualified event; the exclusions are applied to the first of them
WITH observed AS (
  SELECT person_id, start_date, end_date FROM record.observation_period
  UNION
  SELECT a.person_id, a.observed_from, a.as_of FROM assess.as_of AS a
  LEFT JOIN (SELECT DISTINCT person_id FROM record.observation_period) AS o ON o.person_id = a.person_id
  WHERE o.person_id IS NULL
), rule AS (
  SELECT *, row_number() OVER (ORDER BY definition, path) AS rule_no, CASE WHEN uses_dose_eras THEN 1 ELSE 0 END AS dose_era FROM knowledge.window_rule
), era AS (
  SELECT person_id, agent, era_no, may_start, may_end, coalesce(sure_start = may_start, FALSE) AS exact, bound = 'both' AS is_sure FROM assess.era WHERE gap_rule = 'trial'
), piece AS (  -- what is certain of the eras that are not certain as a whole
  SELECT p.person_id, p.agent, p.start_date, p.end_date, e.may_start
  FROM assess.piece AS p
  JOIN era AS e ON e.person_id = p.person_id AND e.agent = p.agent AND e.era_no = p.era_no AND NOT e.is_sure
), certain AS (  -- use that is certain beside eras that are so as a whole; for dose eras stretches at a known dose
  SELECT person_id, agent, start_date, end_date, 0 AS dose_era FROM piece
  UNION ALL
  SELECT person_id, agent, start_date, end_date, 1 FROM assess.supply WHERE bound <> 'may' AND dose_known
), taken AS (
  SELECT person_id, agent, min(CASE WHEN exact THEN 1 ELSE 0 END) AS exact FROM era GROUP BY person_id, agent
), of_set AS (
  SELECT t.person_id, s.agent_set, count(*) AS agents, min(t.agent) AS first_agent, min(t.exact) AS exact
  FROM taken AS t
  JOIN knowledge.agent_set AS s ON s.agent = t.agent
  JOIN (SELECT entry_set AS agent_set FROM rule UNION SELECT prior_set FROM rule) AS w ON w.agent_set = s.agent_set
  GROUP BY t.person_id, s.agent_set
), enough AS (  -- with fewer agents of the prior set than the path asks for, ever, or none of the entry set, no day can qualify
  SELECT e.person_id, r.rule_no, coalesce(p.agents, 0) AS agents, e.first_agent AS entry_agent, e.exact = 1 AND coalesce(p.exact = 1, TRUE) AS exact,
         k.kept
  FROM rule AS r
  JOIN of_set AS e ON e.agent_set = r.entry_set
  LEFT JOIN of_set AS p ON p.agent_set = r.prior_set AND p.person_id = e.person_id
  JOIN assess.kept AS k ON k.person_id = e.person_id AND k.table_name = 'condition'
  WHERE coalesce(p.agents, 0) >= r.min_agents AND coalesce(p.agents, 0) >= r.min_before
), candidate AS (  -- an era may begin where a certain piece of it does, if the piece before it ended in time
  SELECT person_id, agent, may_start AS start_date, exact FROM era
  UNION ALL
  SELECT person_id, agent, start_date, FALSE FROM piece WHERE start_date <> may_start
), asked AS (  -- the rules for which an agent is of the entry set
  SELECT r.*, s.agent FROM rule AS r JOIN knowledge.agent_set AS s ON s.agent_set = r.entry_set
), reach AS (  -- what they look at before a start of the agent
  SELECT DISTINCT agent, lookback_days, dose_era FROM asked
), start AS (
  SELECT dense_rank() OVER (PARTITION BY c.person_id ORDER BY c.start_date, c.agent, r.lookback_days, r.dose_era) AS start_no,
         c.person_id, c.agent, c.start_date AS on_date, c.exact, o.start_date AS observed_from, r.lookback_days, r.dose_era
  FROM candidate AS c
  JOIN (SELECT DISTINCT person_id FROM enough) AS h ON h.person_id = c.person_id
  JOIN reach AS r ON r.agent = c.agent
  JOIN observed AS o ON o.person_id = c.person_id AND c.start_date BETWEEN o.start_date AND o.end_date
), prior AS (
  SELECT d.person_id, d.start_no, e.agent, CASE WHEN e.is_sure AND d.dose_era = 0 THEN 1 ELSE 0 END AS certain,
         CASE WHEN e.is_sure AND d.dose_era = 0 AND e.may_start < d.on_date THEN 1 ELSE 0 END AS certain_before,
         CASE WHEN e.may_start < d.on_date THEN 1 ELSE 0 END AS possible_before
  FROM start AS d
  JOIN era AS e ON e.person_id = d.person_id AND e.may_start <= d.on_date AND date_diff('day', e.may_end, d.on_date) <= d.lookback_days
    AND (e.may_start >= d.observed_from OR NOT e.exact)
  UNION ALL
  SELECT d.person_id, d.start_no, c.agent, 1, CASE WHEN c.start_date < d.on_date THEN 1 ELSE 0 END, CASE WHEN c.start_date < d.on_date THEN 1 ELSE 0 END
  FROM start AS d
  JOIN certain AS c ON c.person_id = d.person_id AND c.dose_era = d.dose_era AND c.start_date BETWEEN d.observed_from AND d.on_date
    AND date_diff('day', c.end_date, d.on_date) <= d.lookback_days
), prior_agent AS (
  SELECT person_id, start_no, agent, max(certain) AS certain, max(certain_before) AS certain_before, max(possible_before) AS possible_before
  FROM prior GROUP BY person_id, start_no, agent
), tally AS (
  SELECT p.person_id, p.start_no, s.agent_set, sum(p.certain) AS agents_low, count(*) AS agents_high,
         sum(p.certain_before) AS before_low, sum(p.possible_before) AS before_high
  FROM prior_agent AS p
  JOIN knowledge.agent_set AS s ON s.agent = p.agent
  JOIN (SELECT DISTINCT prior_set FROM rule) AS w ON w.prior_set = s.agent_set
  GROUP BY p.person_id, p.start_no, s.agent_set
), diagnosis AS (
  SELECT DISTINCT c.person_id, s.condition_set, r.diagnosis_days, c.start_earliest, c.start_latest
  FROM (SELECT DISTINCT diagnosis_set, diagnosis_days FROM rule) AS r
  JOIN knowledge.condition_set AS s ON s.condition_set = r.diagnosis_set
  JOIN record.condition AS c ON c.condition = s.condition AND coalesce(c.present, TRUE)
), diagnosed AS (
  SELECT d.person_id, d.start_no, c.condition_set, c.diagnosis_days, max(CASE WHEN c.start_earliest = c.start_latest THEN 1 ELSE 0 END) AS certain
  FROM start AS d
  JOIN diagnosis AS c ON c.person_id = d.person_id AND c.start_earliest <= d.on_date AND date_diff('day', c.start_latest, d.on_date) <= c.diagnosis_days
  GROUP BY d.person_id, d.start_no, c.condition_set, c.diagnosis_days
), exclusion AS (
  SELECT DISTINCT r.definition, c.person_id, c.start_earliest, c.start_latest
  FROM (SELECT DISTINCT definition FROM rule) AS r
  JOIN knowledge.definition_exclusion AS x ON x.definition = r.definition
  JOIN knowledge.condition_set AS s ON s.condition_set = x.condition_set
  JOIN record.condition AS c ON c.condition = s.condition AND coalesce(c.present, TRUE)
), excluded AS (
  SELECT DISTINCT c.definition, d.person_id, d.start_no
  FROM start AS d
  JOIN exclusion AS c ON c.person_id = d.person_id AND c.start_earliest <= d.on_date AND c.start_latest >= d.observed_from
), clause AS (
  SELECT r.definition, r.path, d.person_id, d.agent, d.on_date, d.exact, x.start_no IS NULL AS exclusion_ok,
         coalesce(t.agents_low, 0) AS agents_low, coalesce(CASE WHEN NOT h.exact THEN h.agents END, t.agents_high, 0) AS agents_high,
         coalesce(t.before_low, 0) AS before_low, coalesce(CASE WHEN NOT h.exact THEN h.agents END, t.before_high, 0) AS before_high,
         r.min_agents, r.min_before,
         CASE WHEN g.certain = 1 THEN TRUE WHEN g.start_no IS NULL AND h.kept THEN FALSE END AS diagnosis_ok
  FROM start AS d
  JOIN asked AS r ON r.agent = d.agent AND r.lookback_days = d.lookback_days AND r.dose_era = d.dose_era
   AND date_diff('day', d.observed_from, d.on_date) >= r.prior_observation_days
  JOIN enough AS h ON h.person_id = d.person_id AND h.rule_no = r.rule_no
  LEFT JOIN tally AS t ON t.person_id = d.person_id AND t.start_no = d.start_no AND t.agent_set = r.prior_set
  LEFT JOIN diagnosed AS g ON g.person_id = d.person_id AND g.start_no = d.start_no AND g.condition_set = r.diagnosis_set AND g.diagnosis_days = r.diagnosis_days
  LEFT JOIN excluded AS x ON x.definition = r.definition AND x.person_id = d.person_id AND x.start_no = d.start_no
), judged AS (
  SELECT *,
         CASE WHEN agents_low >= min_agents AND before_low >= min_before AND exact THEN TRUE
              WHEN agents_high < min_agents OR before_high < min_before THEN FALSE END AS window_ok
  FROM clause
), depressed AS (
  SELECT DISTINCT c.person_id, c.condition_set
  FROM diagnosis AS c JOIN assess.as_of AS a ON a.person_id = c.person_id
  WHERE coalesce(c.start_earliest <= a.anchor, TRUE)
), undated AS (  -- the day itself may be unknown
  SELECT h.person_id, r.definition, r.path, h.entry_agent, h.agents, CASE WHEN g.person_id IS NULL AND h.kept THEN FALSE END AS diagnosis_ok
  FROM enough AS h
  JOIN rule AS r ON r.rule_no = h.rule_no
  LEFT JOIN depressed AS g ON g.person_id = h.person_id AND g.condition_set = r.diagnosis_set
  WHERE NOT h.exact
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition, CAST(path AS VARCHAR) AS path,
       CAST(person_id || '/' || definition || '/' || path || '/' || agent || '/' || CAST(on_date AS VARCHAR) AS VARCHAR) AS event_id,
       agent, CAST(on_date AS DATE) AS on_date,
       CAST(agents_low AS BIGINT) AS agents_low, CAST(agents_high AS BIGINT) AS agents_high,
       CAST(before_low AS BIGINT) AS before_low, CAST(before_high AS BIGINT) AS before_high,
       CAST(window_ok AS BOOLEAN) AS window_ok, CAST(diagnosis_ok AS BOOLEAN) AS diagnosis_ok,
       CAST(exclusion_ok AS BOOLEAN) AS exclusion_ok,
       CAST(window_ok AND diagnosis_ok AS BOOLEAN) AS counts
FROM judged
UNION ALL
SELECT person_id, definition, path, person_id || '/' || definition || '/' || path || '/' || entry_agent || '/day not known', entry_agent, NULL,
       0, agents, 0, agents, NULL, diagnosis_ok, TRUE, CASE WHEN NOT diagnosis_ok THEN FALSE END
FROM undated
