-- true_failures: one row is one person of a synthetic population.
--   person_id
--   failures    largest number of different antidepressants in one true episode that were truly taken at the minimum dose
--               for as long as the rule `two_adequate_trials` asks, did truly not help by its threshold, and ended while
--               the person was observed; what the record shows of them plays no part
WITH rule AS (
  SELECT TRY_CAST(a.min_days AS BIGINT) AS min_days, TRY_CAST(f.max_improvement_pct AS DOUBLE) AS threshold_pct, f.includes_threshold, d.agent_set
  FROM knowledge.definition AS d
  JOIN knowledge.adequacy_rule AS a ON a.adequacy_rule = d.adequacy_rule
  JOIN knowledge.failure_rule AS f ON f.failure_rule = d.failure_rule
  WHERE d.definition = 'two_adequate_trials'
), counted AS (
  SELECT CAST(t.person_id AS VARCHAR) AS person_id, t.episode, count(DISTINCT t.agent) AS failures
  FROM truth.truth_trial AS t
  JOIN truth.truth_person AS p ON p.person_id = t.person_id
  CROSS JOIN rule AS r
  JOIN knowledge.agent_set AS s ON s.agent_set = r.agent_set AND s.agent = t.agent
  WHERE t.kind IN ('drug', 'combination') AND t.dose_adequate AND t.days_adequate >= r.min_days
    AND (t.improvement_pct < r.threshold_pct OR (r.includes_threshold AND t.improvement_pct = r.threshold_pct)) AND t.true_end <= p.observed_to
  GROUP BY t.person_id, t.episode
), person AS (
  SELECT person_id, max(failures) AS failures FROM counted GROUP BY person_id
)
SELECT CAST(p.person_id AS VARCHAR) AS person_id, coalesce(c.failures, 0) AS failures
FROM truth.truth_person AS p
LEFT JOIN person AS c ON c.person_id = CAST(p.person_id AS VARCHAR)
