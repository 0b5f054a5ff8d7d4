-- The verdicts as one would write them by hand for one database: two truth values, known days only, no bounds, no lineage, no reasons.
-- What a definition leaves open (its dose, its duration) is taken as fulfilled. The floor that the chain is measured against.
--   hand.verdict: person_id, definition, met
CREATE SCHEMA hand;
CREATE TABLE hand.supply AS
SELECT x.person_id, x.agent, k.role, x.start_earliest AS start_date, coalesce(x.end_latest, x.start_earliest) AS end_date, x.daily_dose_mg, x.improvement_pct,
       x.improvement_basis, x.stop_reason, m.min_dose_mg AS atrq, f.min_dose_mg AS fluoxetine_20
FROM record.exposure AS x
JOIN knowledge.agent AS k ON k.agent = x.agent AND k.role IN ('antidepressant', 'augmenting', 'rapid-acting')
LEFT JOIN knowledge.dose_minimum AS m ON m.agent = x.agent AND m.dose_table = 'atrq' AND m.form = ''
LEFT JOIN knowledge.dose_minimum AS f ON f.agent = x.agent AND f.dose_table = 'fluoxetine_20' AND f.form = ''
WHERE x.start_earliest IS NOT NULL;
CREATE TABLE hand.era AS
WITH ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY person_id, agent ORDER BY start_date, end_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM hand.supply
), numbered AS (
  SELECT *, sum(CASE WHEN covered_to IS NULL OR start_date - covered_to > 31 THEN 1 ELSE 0 END) OVER (PARTITION BY person_id, agent ORDER BY start_date, end_date
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS era_no,
         greatest(0, end_date - greatest(start_date, coalesce(covered_to + 1, start_date)) + 1) AS new_days
  FROM ordered
)
SELECT person_id, agent, any_value(role) AS role, era_no, min(start_date) AS start_date, max(end_date) AS end_date, sum(new_days) AS days,
       coalesce(sum(new_days) FILTER (daily_dose_mg >= atrq), 0) AS days_atrq, coalesce(sum(new_days) FILTER (daily_dose_mg >= fluoxetine_20), 0) AS days_fluoxetine,
       arg_max(improvement_pct, start_date) AS improvement, arg_max(improvement_basis, start_date) AS basis, arg_max(stop_reason, start_date) AS stop_reason
FROM numbered GROUP BY person_id, agent, era_no;
CREATE TABLE hand.episode AS
WITH stretch AS (
  SELECT c.person_id, c.start_earliest AS start_date, coalesce(c.end_latest, c.start_earliest) AS end_date
  FROM record.condition AS c JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  UNION ALL
  SELECT person_id, start_date, end_date FROM hand.era WHERE role = 'antidepressant'
), ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY person_id ORDER BY start_date, end_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to FROM stretch
), numbered AS (
  SELECT *, sum(CASE WHEN covered_to IS NULL OR start_date - covered_to > 184 THEN 1 ELSE 0 END) OVER (PARTITION BY person_id ORDER BY start_date, end_date
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS episode_no FROM ordered
)
SELECT person_id, episode_no, min(start_date) AS start_date, max(end_date) AS end_date,
       row_number() OVER (PARTITION BY person_id ORDER BY episode_no DESC) = 1 AS is_last
FROM numbered GROUP BY person_id, episode_no;
CREATE TABLE hand.trial AS
WITH base AS (
  SELECT e.*, p.episode_no, p.is_last, s.agent IS NOT NULL AS is_ssri, k.thase_rush_class
  FROM hand.era AS e
  JOIN knowledge.agent AS k ON k.agent = e.agent
  LEFT JOIN hand.episode AS p ON p.person_id = e.person_id AND e.start_date BETWEEN p.start_date AND p.end_date
  LEFT JOIN knowledge.agent_set AS s ON s.agent_set = 'ssri' AND s.agent = e.agent
  WHERE e.role = 'antidepressant'
)
SELECT *, lead(start_date) OVER w AS next_start, lead(agent) OVER w AS next_agent,
       coalesce(improvement < 50, stop_reason = 'inefficacy', FALSE) AS below_50
FROM base WINDOW w AS (PARTITION BY person_id ORDER BY start_date, agent);
CREATE TABLE hand.wide AS
SELECT person_id,
  count(DISTINCT agent) FILTER (days_atrq >= 28 AND improvement < 25 AND is_last) >= 2 AS sforzini_2022,
  count(DISTINCT agent) FILTER (days_atrq >= 28 AND improvement >= 25 AND improvement < 50 AND is_last) >= 2 AS sforzini_2022_prd,
  count(DISTINCT agent) FILTER (days_atrq >= 42 AND improvement <= 25 AND is_last) >= 2 AS esketamine_phase3,
  count(DISTINCT agent) FILTER (days_atrq >= 42 AND improvement <= 25 AND is_last) >= 2
    AND count(*) FILTER (days_atrq >= 42 AND improvement <= 25 AND is_last AND basis = 'measured') >= 1 AS esketamine_phase3_prospective,
  max(n_42.failed) >= 2 AS two_adequate_trials, max(n_42.fluoxetine) >= 2 AS two_adequate_trials_fluoxetine,
  count(DISTINCT agent) FILTER (days_atrq >= 28 AND below_50) >= 2 AS rybak_2021, count(DISTINCT agent) FILTER (days_atrq >= 42 AND below_50) >= 2 AS rybak_2021_42,
  count(DISTINCT agent) FILTER (days_atrq >= 56 AND improvement <= 25 AND is_last) BETWEEN 2 AND 4 AS comp006,
  count(DISTINCT agent) FILTER (days_atrq >= 70 AND improvement <= 25 AND is_last) BETWEEN 2 AND 4 AS comp006_70,
  count(DISTINCT agent) FILTER (days_atrq >= 28 AND improvement <= 0 AND is_last) >= 1 AS nice_ng222_further_line,
  count(DISTINCT agent) FILTER (below_50 AND is_last) >= 2 AS nice_ng222_vortioxetine,
  count(DISTINCT agent) FILTER (is_last) >= 2 AS gsrd, count(DISTINCT agent) FILTER (is_last) >= 2 AS ema_esketamine_smpc,
  max(n_42.kim_28) >= 2 AS kim_28, max(n_42.kim_29) >= 2 AS kim_29, max(n_42.stard) >= 2 AS stard_level_3, max(n_42.trials) >= 3 AS reutfors_2018, max(n_42.trials) >= 3 AS lundberg_2023,
  count(DISTINCT agent) FILTER (next_agent <> agent) >= 2 AS huang_2020, count(DISTINCT agent) FILTER (next_agent <> agent) >= 2 AS jensen_2022,
  count(DISTINCT agent) FILTER (next_agent <> agent) >= 2 AS li_2019, count(DISTINCT agent) FILTER (next_agent <> agent AND days >= 28) >= 2 AS liu_2021,
  count(DISTINCT agent) FILTER (next_agent <> agent AND next_start - end_date <= 180) >= 2 AS zhdanava_2021,
  count(DISTINCT agent) FILTER (next_agent <> agent AND next_start - first_day <= 365) >= 2 AS gronemann, count(DISTINCT agent) FILTER (next_agent <> agent) >= 2 AS gronemann_abstract,
  count(DISTINCT agent) FILTER (is_ssri AND days >= 42 AND stop_reason = 'inefficacy') >= 2 AND count(*) FILTER (improvement >= 50) = 0 AS amber_questionnaire,
  count(DISTINCT agent) >= 2 AS fda_esketamine_label, count(DISTINCT agent) >= 4 AS vns_label, count(DISTINCT agent) >= 2 AS conway_stage_1, count(DISTINCT agent) >= 2 AS gaynes_2020,
  count(DISTINCT agent) >= 1 AS tms_lcd_l34998, count(DISTINCT thase_rush_class) >= 2 AS tms_centene, count(DISTINCT agent) FILTER (is_ssri AND is_last) >= 1 AS tordia,
  count(DISTINCT agent) >= 2 AS drg_2020, count(DISTINCT agent) >= 3 AS mahlich_2018, count(DISTINCT agent) >= 2 AS kubitz_2013, count(DISTINCT agent) >= 2 AS pilon_2019,
  count(DISTINCT agent) FILTER (days >= 28) >= 2 AS swedish_ect_register, count(DISTINCT agent) FILTER (days_atrq >= 42 AND below_50 AND is_last) >= 2 AS brightmind_mgh_s,
  count(DISTINCT agent) FILTER (days_atrq >= 42 AND below_50 AND is_last) >= 4 AS gibson_2010, count(DISTINCT thase_rush_class) FILTER (days_atrq >= 42 AND below_50 AND is_last) >= 2 AS fondamental_thase_rush,
  count(DISTINCT agent) FILTER (days_atrq >= 42 AND next_agent <> agent AND is_last) >= 2 AS hagg_2020_esm, count(DISTINCT agent) FILTER (days_atrq >= 42 AND next_agent <> agent AND is_last) >= 4 AS hagg_2020_mgh_s,
  count(DISTINCT agent) FILTER (days_atrq >= 42 AND next_agent <> agent AND is_last) >= 3 AS hagg_2020_msm, count(DISTINCT agent) FILTER (days_atrq >= 42 AND below_50 AND is_last) >= 5 AS maudsley_cutoff
FROM hand.trial
JOIN (SELECT person_id, min(start_date) AS first_day FROM hand.trial GROUP BY person_id) AS f USING (person_id)
LEFT JOIN (SELECT person_id, episode_no, count(DISTINCT agent) FILTER (days_atrq >= 42 AND below_50) AS failed, count(DISTINCT agent) FILTER (days_fluoxetine >= 42 AND below_50) AS fluoxetine,
                  count(DISTINCT agent) FILTER (days >= 28 AND next_agent <> agent) AS kim_28, count(DISTINCT agent) FILTER (days >= 29 AND next_agent <> agent) AS kim_29,
                  count(DISTINCT agent) FILTER (next_agent <> agent) AS stard, count(*) AS trials
           FROM hand.trial GROUP BY person_id, episode_no) AS n_42 USING (person_id)
GROUP BY person_id;
CREATE TABLE hand.issued AS
WITH days AS (SELECT DISTINCT person_id, agent, start_date AS day FROM hand.supply WHERE role = 'antidepressant'), next AS (
  SELECT *, lag(day) OVER (PARTITION BY person_id, agent ORDER BY day) AS before, lead(day) OVER (PARTITION BY person_id ORDER BY day, agent) AS after,
         lead(agent) OVER (PARTITION BY person_id ORDER BY day, agent) AS agent_after FROM days
), part AS (
  SELECT *, sum(CASE WHEN before IS NULL OR day - before > 182 THEN 1 ELSE 0 END) OVER (PARTITION BY person_id, agent ORDER BY day) AS no FROM next
)
SELECT person_id, agent, no, min(day) AS first_day, max(day) AS last_day, count(*) AS n, arg_max(after, day) AS after, arg_max(agent_after, day) AS agent_after FROM part GROUP BY ALL;
CREATE TABLE hand.fabbri AS
SELECT person_id, count(DISTINCT agent) FILTER (q) >= 2 AND count(DISTINCT agent) > 2 AS fabbri_2021_code, count(*) FILTER (q) >= 2 AND count(DISTINCT agent) > 2 AS exeter_cprd,
       count(*) FILTER (q) >= 2 AND count(DISTINCT agent) > 2 AS fabbri_2021_text, count(*) FILTER (q) >= 2 AS wigmore_2020, count(*) FILTER (e) >= 1 AS lo_2025
FROM (SELECT *, agent_after <> agent AND after - last_day BETWEEN 1 AND 98 AND CASE WHEN n = 1 AND after - last_day <= 98 THEN after - last_day ELSE last_day - first_day END >= 42 AS q,
             agent_after <> agent AND n <= 2 AND after - first_day BETWEEN 5 AND 95 AS e FROM hand.issued) GROUP BY person_id;
CREATE TABLE hand.entry AS
SELECT DISTINCT e.person_id
FROM hand.era AS e JOIN knowledge.agent_set AS s ON s.agent_set = 'ohdsi_1009_antidepressant' AND s.agent = e.agent
JOIN hand.era AS b ON b.person_id = e.person_id AND b.role = 'antidepressant' AND b.start_date <= e.start_date AND b.end_date >= e.start_date - 365
JOIN record.condition AS c ON c.person_id = e.person_id AND c.start_earliest BETWEEN e.start_date - 365 AND e.start_date
GROUP BY e.person_id, e.agent, e.start_date HAVING count(DISTINCT b.agent) >= 3
UNION
SELECT DISTINCT e.person_id
FROM hand.era AS e JOIN knowledge.agent_set AS s ON s.agent_set = 'ohdsi_1009_antipsychotic' AND s.agent = e.agent
JOIN hand.era AS b ON b.person_id = e.person_id AND b.role = 'antidepressant' AND b.start_date <= e.start_date AND b.end_date >= e.start_date - 365
JOIN record.condition AS c ON c.person_id = e.person_id AND c.start_earliest BETWEEN e.start_date - 365 AND e.start_date;
CREATE TABLE hand.excluded AS
SELECT DISTINCT c.person_id, x.definition FROM record.condition AS c
JOIN knowledge.condition_set AS s ON s.condition = c.condition
JOIN knowledge.definition_exclusion AS x ON x.condition_set = s.condition_set;
CREATE TABLE hand.verdict AS
WITH long AS (
  SELECT person_id, definition, met FROM (UNPIVOT hand.wide ON COLUMNS(* EXCLUDE person_id) INTO NAME definition VALUE met)
  UNION ALL SELECT person_id, definition, met FROM (UNPIVOT hand.fabbri ON COLUMNS(* EXCLUDE person_id) INTO NAME definition VALUE met)
  UNION ALL SELECT person_id, d.definition, TRUE FROM hand.entry CROSS JOIN (VALUES ('ohdsi_1009_json'), ('ohdsi_1009_text'), ('cepeda_2018')) AS d(definition)
)
SELECT p.person_id, d.definition, coalesce(l.met, FALSE) AND x.person_id IS NULL AND c.person_id IS NOT NULL AS met
FROM record.person AS p
CROSS JOIN (SELECT definition FROM knowledge.definition WHERE family <> 'instrument') AS d
LEFT JOIN long AS l ON l.person_id = p.person_id AND l.definition = d.definition
LEFT JOIN hand.excluded AS x ON x.person_id = p.person_id AND x.definition = d.definition
LEFT JOIN (SELECT DISTINCT person_id FROM hand.episode) AS c ON c.person_id = p.person_id;
