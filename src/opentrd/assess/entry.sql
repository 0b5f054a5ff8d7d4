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
  UNION ALL
  SELECT a.person_id, a.observed_from, a.as_of FROM assess.as_of AS a
  LEFT JOIN (SELECT DISTINCT person_id FROM record.observation_period) AS o ON o.person_id = a.person_id
  WHERE o.person_id IS NULL
), era AS (
  SELECT person_id, agent, may_start, may_end, coalesce(sure_start = may_start, FALSE) AS exact, bound = 'both' AS is_sure FROM assess.era WHERE gap_rule = 'trial'
), certain AS (  -- use that is certain: pieces of eras (of those that are not certain as a whole), and for dose eras stretches at a known dose
  SELECT p.person_id, p.agent, p.start_date, p.end_date, 0 AS dose_era FROM assess.piece AS p
  JOIN assess.era AS e ON e.person_id = p.person_id AND e.agent = p.agent AND e.era_no = p.era_no AND e.gap_rule = 'trial' AND e.bound = 'may'
  UNION ALL
  SELECT person_id, agent, start_date, end_date, 1 FROM assess.supply WHERE bound <> 'may' AND dose_known
), held AS (  -- agents of the prior and of the entry set that a person ever took: fewer than the path asks for, and no day can qualify
  SELECT e.person_id, r.definition, r.path, r.min_agents, r.min_before,
         count(DISTINCT CASE WHEN s.agent_set = r.prior_set THEN e.agent END) AS agents,
         min(CASE WHEN s.agent_set = r.entry_set THEN e.agent END) AS entry_agent,
         min(CASE WHEN e.exact THEN 1 ELSE 0 END) AS exact
  FROM era AS e
  JOIN knowledge.agent_set AS s ON s.agent = e.agent
  JOIN knowledge.window_rule AS r ON s.agent_set IN (r.prior_set, r.entry_set)
  GROUP BY e.person_id, r.definition, r.path, r.min_agents, r.min_before
), enough AS (
  SELECT * FROM held WHERE entry_agent IS NOT NULL AND agents >= min_agents AND agents >= min_before
), candidate AS (  -- an era may begin where a certain piece of it does, if the piece before it ended in time
  SELECT person_id, agent, may_start AS start_date, exact FROM era
  UNION
  SELECT p.person_id, p.agent, p.start_date, FALSE FROM assess.piece AS p
  LEFT JOIN era AS e ON e.person_id = p.person_id AND e.agent = p.agent AND e.may_start = p.start_date
  WHERE e.person_id IS NULL
), day AS (
  SELECT DISTINCT r.definition, r.path, e.person_id, e.agent, e.start_date AS on_date, e.exact, o.start_date AS observed_from, o.end_date AS observed_to,
         r.prior_set, r.min_agents, r.min_before, r.lookback_days, r.diagnosis_set, r.diagnosis_days,
         CASE WHEN r.uses_dose_eras THEN 1 ELSE 0 END AS dose_era
  FROM candidate AS e
  JOIN enough AS h ON h.person_id = e.person_id
  JOIN knowledge.window_rule AS r ON r.definition = h.definition AND r.path = h.path
  JOIN knowledge.agent_set AS s ON s.agent_set = r.entry_set AND s.agent = e.agent
  JOIN observed AS o ON o.person_id = e.person_id AND e.start_date BETWEEN o.start_date AND o.end_date
    AND date_diff('day', o.start_date, e.start_date) >= r.prior_observation_days
), prior AS (
  SELECT d.definition, d.path, d.person_id, d.agent, d.on_date, c.agent AS prior_agent, d.prior_set, 1 AS certain,
         CASE WHEN c.start_date < d.on_date THEN 1 ELSE 0 END AS certain_before, CASE WHEN c.start_date < d.on_date THEN 1 ELSE 0 END AS possible_before
  FROM day AS d
  JOIN certain AS c ON c.person_id = d.person_id AND c.dose_era = d.dose_era AND c.start_date BETWEEN d.observed_from AND d.on_date
    AND date_diff('day', c.end_date, d.on_date) <= d.lookback_days
  UNION ALL
  SELECT d.definition, d.path, d.person_id, d.agent, d.on_date, e.agent, d.prior_set, CASE WHEN e.is_sure AND d.dose_era = 0 THEN 1 ELSE 0 END,
         CASE WHEN e.is_sure AND d.dose_era = 0 AND e.may_start < d.on_date THEN 1 ELSE 0 END, CASE WHEN e.may_start < d.on_date THEN 1 ELSE 0 END
  FROM day AS d
  JOIN era AS e ON e.person_id = d.person_id AND e.may_start <= d.on_date AND date_diff('day', e.may_end, d.on_date) <= d.lookback_days
    AND (e.may_start >= d.observed_from OR NOT e.exact)
), prior_agent AS (
  SELECT p.definition, p.path, p.person_id, p.agent, p.on_date, p.prior_agent, max(p.certain) AS certain,
         max(p.certain_before) AS certain_before, max(p.possible_before) AS possible_before
  FROM prior AS p JOIN knowledge.agent_set AS s ON s.agent_set = p.prior_set AND s.agent = p.prior_agent
  GROUP BY p.definition, p.path, p.person_id, p.agent, p.on_date, p.prior_agent
), tally AS (
  SELECT definition, path, person_id, agent, on_date, sum(certain) AS agents_low, count(*) AS agents_high,
         sum(certain_before) AS before_low, sum(possible_before) AS before_high
  FROM prior_agent GROUP BY definition, path, person_id, agent, on_date
), unordered AS (  -- an era that starts on an unknown day leaves open what lay in whose window: any of the person's agents may have
  SELECT * FROM enough WHERE exact = 0
), diagnosed AS (
  SELECT d.definition, d.path, d.person_id, d.agent, d.on_date,
         max(CASE WHEN c.start_earliest = c.start_latest THEN 1 ELSE 0 END) AS certain
  FROM day AS d
  JOIN knowledge.condition_set AS s ON s.condition_set = d.diagnosis_set
  JOIN record.condition AS c ON c.person_id = d.person_id AND c.condition = s.condition AND coalesce(c.present, TRUE)
    AND c.start_earliest <= d.on_date AND date_diff('day', c.start_latest, d.on_date) <= d.diagnosis_days
  GROUP BY d.definition, d.path, d.person_id, d.agent, d.on_date
), excluded AS (
  SELECT DISTINCT d.definition, d.person_id, d.on_date
  FROM day AS d
  JOIN knowledge.definition_exclusion AS x ON x.definition = d.definition
  JOIN knowledge.condition_set AS s ON s.condition_set = x.condition_set
  JOIN record.condition AS c ON c.person_id = d.person_id AND c.condition = s.condition AND coalesce(c.present, TRUE)
    AND c.start_earliest <= d.on_date AND c.start_latest >= d.observed_from
), clause AS (
  SELECT d.definition, d.path, d.person_id, d.agent, d.on_date, d.exact, x.person_id IS NULL AS exclusion_ok,
         coalesce(t.agents_low, 0) AS agents_low, coalesce(u.agents, t.agents_high, 0) AS agents_high,
         coalesce(t.before_low, 0) AS before_low, coalesce(u.agents, t.before_high, 0) AS before_high,
         CASE WHEN coalesce(t.agents_low, 0) >= d.min_agents AND coalesce(t.before_low, 0) >= d.min_before AND d.exact THEN TRUE
              WHEN coalesce(u.agents, t.agents_high, 0) < d.min_agents OR coalesce(u.agents, t.before_high, 0) < d.min_before THEN FALSE END AS window_ok,
         CASE WHEN g.certain = 1 THEN TRUE WHEN g.person_id IS NULL AND k.kept THEN FALSE END AS diagnosis_ok
  FROM day AS d
  LEFT JOIN tally AS t ON t.definition = d.definition AND t.path = d.path AND t.person_id = d.person_id AND t.agent = d.agent AND t.on_date = d.on_date
  LEFT JOIN unordered AS u ON u.person_id = d.person_id AND u.definition = d.definition AND u.path = d.path
  LEFT JOIN diagnosed AS g ON g.definition = d.definition AND g.path = d.path AND g.person_id = d.person_id AND g.agent = d.agent AND g.on_date = d.on_date
  LEFT JOIN excluded AS x ON x.definition = d.definition AND x.person_id = d.person_id AND x.on_date = d.on_date
  LEFT JOIN assess.kept AS k ON k.person_id = d.person_id AND k.table_name = 'condition'
), depressed AS (
  SELECT r.definition, c.person_id, count(*) AS recorded
  FROM record.condition AS c
  JOIN knowledge.condition_set AS s ON s.condition = c.condition
  JOIN (SELECT DISTINCT definition, diagnosis_set FROM knowledge.window_rule) AS r ON r.diagnosis_set = s.condition_set
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE) GROUP BY r.definition, c.person_id
), undated AS (  -- the day itself may be unknown
  SELECT u.*, CASE WHEN g.person_id IS NULL AND k.kept THEN FALSE END AS diagnosis_ok
  FROM unordered AS u
  JOIN assess.kept AS k ON k.person_id = u.person_id AND k.table_name = 'condition'
  LEFT JOIN depressed AS g ON g.person_id = u.person_id AND g.definition = u.definition
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition, CAST(path AS VARCHAR) AS path,
       CAST(person_id || '/' || definition || '/' || path || '/' || agent || '/' || CAST(on_date AS VARCHAR) AS VARCHAR) AS event_id,
       agent, CAST(on_date AS DATE) AS on_date,
       CAST(agents_low AS BIGINT) AS agents_low, CAST(agents_high AS BIGINT) AS agents_high,
       CAST(before_low AS BIGINT) AS before_low, CAST(before_high AS BIGINT) AS before_high,
       CAST(window_ok AS BOOLEAN) AS window_ok, CAST(diagnosis_ok AS BOOLEAN) AS diagnosis_ok,
       CAST(exclusion_ok AS BOOLEAN) AS exclusion_ok,
       CAST(window_ok AND diagnosis_ok AS BOOLEAN) AS counts
FROM clause
UNION ALL
SELECT person_id, definition, path, person_id || '/' || definition || '/' || path || '/' || entry_agent || '/day not known', entry_agent, NULL,
       0, agents, 0, agents, NULL, diagnosis_ok, TRUE, CASE WHEN NOT diagnosis_ok THEN FALSE END
FROM undated
