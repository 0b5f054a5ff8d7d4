-- measure_acnp: one row is one person, one dated occasion of a scale with all nine symptoms of an episode, and one ACNP rule.
--   person_id, measure   the person and the scale
--   on_date        the day of the occasion
--   rule           acnp_remission, acnp_recovery, acnp_relapse (after a remission), acnp_recurrence (after a recovery)
--   met            true, false; null: not known
-- A symptom is absent at 0 points, present from the points of episode_symptom, in between not known. Occasions follow each other
-- without a gap when the next one lies no further than the days that the scale looks back on.
WITH symptom AS (
  SELECT p.person_id, p.measure, p.date_low AS on_date, s.role, CASE WHEN p.high <= 0 THEN 1 ELSE 0 END AS absent, CASE WHEN p.low >= s.present_from THEN 1 ELSE 0 END AS present
  FROM assess.measure_group_score AS p
  JOIN knowledge.episode_symptom AS s ON s.scale = p.measure AND s.grp = p.grp
  WHERE p.date_low = p.date_high
), counted AS (  -- the symptoms that are not answered are neither absent nor present
  SELECT person_id, measure, on_date, CAST(sum(CASE WHEN role <> 'other' THEN absent ELSE 0 END) AS BIGINT) AS core_absent,
         CAST(sum(CASE WHEN role <> 'other' THEN present ELSE 0 END) AS BIGINT) AS core_present, CAST(sum(CASE WHEN role = 'other' THEN absent ELSE 0 END) AS BIGINT) AS other_absent,
         CAST(sum(CASE WHEN role = 'other' THEN present ELSE 0 END) AS BIGINT) AS other_present
  FROM symptom GROUP BY person_id, measure, on_date
), size AS (
  SELECT scale, CAST(sum(CASE WHEN role = 'other' THEN 1 ELSE 0 END) AS BIGINT) AS others, count(*) AS symptoms FROM knowledge.episode_symptom GROUP BY scale
), state AS (
  SELECT c.person_id, c.measure, c.on_date, k.recall_days,
         CASE WHEN c.core_absent = 2 AND z.others - c.other_absent < r.value THEN TRUE WHEN c.core_present > 0 OR c.other_present >= r.value THEN FALSE END AS free,
         CASE WHEN c.core_present > 0 AND c.core_present + c.other_present >= e.value THEN TRUE
              WHEN c.core_absent = 2 OR z.symptoms - c.core_absent - c.other_absent < e.value THEN FALSE END AS ill
  FROM counted AS c
  JOIN size AS z ON z.scale = c.measure
  JOIN knowledge.scale AS k ON k.scale = c.measure
  JOIN knowledge.parameter AS r ON r.parameter = 'remission_symptoms'
  JOIN knowledge.parameter AS e ON e.parameter = 'relapse_symptoms'
), linked AS (
  SELECT *, date_diff('day', lag(on_date) OVER (PARTITION BY person_id, measure ORDER BY on_date), on_date) <= recall_days AS follows,
         lag(free) OVER (PARTITION BY person_id, measure ORDER BY on_date) AS free_before, lag(ill) OVER (PARTITION BY person_id, measure ORDER BY on_date) AS ill_before
  FROM state
), run AS (
  SELECT *, sum(CASE WHEN follows AND free AND free_before THEN 0 ELSE 1 END) OVER (PARTITION BY person_id, measure ORDER BY on_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS free_run,
         sum(CASE WHEN follows AND ill AND ill_before THEN 0 ELSE 1 END) OVER (PARTITION BY person_id, measure ORDER BY on_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS ill_run,
         max(CASE WHEN NOT free THEN on_date END) OVER (PARTITION BY person_id, measure ORDER BY on_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_not_free
  FROM linked
), covered AS (  -- days in a row that the occasions of a run look back on
  SELECT *, date_diff('day', min(on_date) OVER (PARTITION BY person_id, measure, free_run), on_date) + recall_days AS free_days,
         date_diff('day', min(on_date) OVER (PARTITION BY person_id, measure, ill_run), on_date) + recall_days AS ill_days
  FROM run
), judged AS (
  SELECT c.person_id, c.measure, c.on_date,
         CASE WHEN c.free AND c.free_days >= m.value THEN TRUE WHEN date_diff('day', c.last_not_free, c.on_date) < m.value THEN FALSE END AS remission,
         CASE WHEN c.free AND c.free_days >= m.value AND c.free_days >= v.value THEN TRUE WHEN NOT c.free THEN FALSE END AS recovery,
         CASE WHEN c.ill AND c.ill_days >= w.value THEN TRUE WHEN NOT c.ill THEN FALSE END AS episode
  FROM covered AS c
  JOIN knowledge.parameter AS m ON m.parameter = 'remission_weeks_days'
  JOIN knowledge.parameter AS v ON v.parameter = 'recovery_days'
  JOIN knowledge.parameter AS w ON w.parameter = 'episode_criteria_days'
), history AS (
  SELECT *, max(CASE WHEN remission THEN 1 ELSE 0 END) OVER (PARTITION BY person_id, measure ORDER BY on_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS remitted,
         max(CASE WHEN recovery THEN 1 ELSE 0 END) OVER (PARTITION BY person_id, measure ORDER BY on_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS recovered
  FROM judged
)
SELECT person_id, measure, CAST(on_date AS DATE) AS on_date, CAST('acnp_remission' AS VARCHAR) AS rule, CAST(remission AS BOOLEAN) AS met FROM history
UNION ALL
SELECT person_id, measure, CAST(on_date AS DATE), 'acnp_recovery', CAST(recovery AS BOOLEAN) FROM history
UNION ALL
SELECT person_id, measure, CAST(on_date AS DATE), 'acnp_relapse', CAST(episode AS BOOLEAN) FROM history WHERE remitted = 1 AND coalesce(recovered, 0) = 0
UNION ALL
SELECT person_id, measure, CAST(on_date AS DATE), 'acnp_recurrence', CAST(episode AS BOOLEAN) FROM history WHERE recovered = 1
