-- stage_mgh_s: one row is one person and one item of the Massachusetts General Hospital staging or a variant of it (or its total).
--   person_id, instrument, item
--   low, high      points, lower and upper bound; high null: no upper bound known
WITH staging AS (
  SELECT i.instrument, r.judged_as FROM knowledge.instrument_rule AS i JOIN assess.rule AS r ON r.definition = i.instrument WHERE i.method = 'mgh_s'
), judging AS (
  SELECT DISTINCT judged_as AS definition_no FROM staging
), rating AS (
  SELECT m.person_id, m.measurement_id, m.measure, m.value, m.date_latest
  FROM record.measurement AS m
  JOIN assess.as_of AS a ON a.person_id = m.person_id AND m.date_earliest <= a.anchor
  WHERE m.measure IN ('dose_optimised', 'duration_optimised') AND coalesce(m.sign, '=') = '='
), rated AS (  -- a rating speaks for the trial it is dated in (of several the one begun last), else for the last one begun before it
  SELECT m.person_id, m.measurement_id, j.definition_no, j.trial_id, t.start_date, m.measure, m.value,
         c.agent IS NOT NULL AS certainly_in, m.date_latest <= coalesce(t.may_end, t.bridged_end) AS possibly_in,
         max(CASE WHEN c.agent IS NOT NULL THEN t.start_date END) OVER (PARTITION BY m.person_id, m.measurement_id, j.definition_no) AS last_certain,
         max(t.start_date) OVER (PARTITION BY m.person_id, m.measurement_id, j.definition_no) AS last_begun
  FROM rating AS m
  JOIN assess.trial AS t ON t.person_id = m.person_id AND t.start_date <= m.date_latest
  JOIN assess.judged AS j ON j.person_id = t.person_id AND j.trial_id = t.trial_id AND j.family = 'instrument' AND coalesce(j.episode_ok, TRUE)
  JOIN judging AS d ON d.definition_no = j.definition_no
  LEFT JOIN assess.piece AS c ON c.person_id = t.person_id AND c.agent = t.agent AND c.era_no = t.era_no
    AND m.date_latest BETWEEN c.start_date AND c.end_date
), candidate AS (  -- an end that is not known leaves open which trial it was
  SELECT *, count(*) OVER (PARTITION BY person_id, measurement_id, definition_no) AS trials FROM rated
  WHERE CASE WHEN last_certain IS NULL THEN possibly_in OR start_date = last_begun
             ELSE (certainly_in AND start_date = last_certain) OR (possibly_in AND start_date > last_certain) END
), optimised AS (
  SELECT person_id, definition_no, trial_id, max(CASE WHEN measure = 'dose_optimised' AND trials = 1 THEN value END) AS dose_optimised,
         max(CASE WHEN measure = 'dose_optimised' THEN value END) AS dose_possibly,
         max(CASE WHEN measure = 'duration_optimised' AND trials = 1 THEN value END) AS duration_optimised,
         max(CASE WHEN measure = 'duration_optimised' THEN value END) AS duration_possibly
  FROM candidate GROUP BY person_id, definition_no, trial_id
), added AS (  -- below its minimum dose an agent was not given against depression (sleep, pain)
  SELECT t.person_id, t.base_trial, count(DISTINCT CASE WHEN t.days_low >= g.value AND t.dose_status <> 'not known' THEN t.agent END) AS low, count(DISTINCT t.agent) AS high
  FROM assess.trial AS t JOIN knowledge.parameter AS g ON g.parameter = 'min_joint_days'
  WHERE t.kind IN ('augmentation', 'combination') AND t.dose_status <> 'below minimum'
  GROUP BY t.person_id, t.base_trial
), per_trial AS (
  SELECT t.person_id, t.definition_no, t.counted_as, t.certain,
         t.certain * CASE WHEN r.dose_optimised >= 1 THEN 1 ELSE 0 END AS dose_low,
         CASE WHEN r.dose_possibly >= 1 THEN 1 WHEN r.dose_optimised < 1 THEN 0 WHEN k.kept THEN 0 ELSE 1 END AS dose_high,
         t.certain * CASE WHEN r.duration_optimised >= 1 THEN 1 ELSE 0 END AS duration_low,
         CASE WHEN r.duration_possibly >= 1 THEN 1 WHEN r.duration_optimised < 1 THEN 0 WHEN k.kept THEN 0 ELSE 1 END AS duration_high,
         t.certain * coalesce(a.low, 0) AS added_low, coalesce(a.high, 0) AS added_high
  FROM assess.failed AS t
  JOIN judging AS d ON d.definition_no = t.definition_no
  JOIN assess.kept AS k ON k.person_id = t.person_id AND k.table_name = 'measurement'
  LEFT JOIN optimised AS r ON r.person_id = t.person_id AND r.definition_no = t.definition_no AND r.trial_id = t.trial_id
  LEFT JOIN added AS a ON a.person_id = t.person_id AND a.base_trial = t.trial_id
), per_drug AS (
  SELECT person_id, definition_no, counted_as, max(certain) AS certain, max(dose_low) AS dose_low, max(dose_high) AS dose_high,
         max(duration_low) AS duration_low, max(duration_high) AS duration_high, max(added_low) AS added_low, max(added_high) AS added_high
  FROM per_trial GROUP BY person_id, definition_no, counted_as
), tally AS (
  SELECT person_id, definition_no, sum(certain) AS certain, count(*) AS possible, sum(dose_low) AS dose_low, sum(dose_high) AS dose_high,
         sum(duration_low) AS duration_low, sum(duration_high) AS duration_high, sum(added_low) AS added_low, sum(added_high) AS added_high
  FROM per_drug GROUP BY person_id, definition_no
), staged AS (
  SELECT a.person_id, i.instrument, k.kept, p.kept AS courses_kept, e.ect_low, e.ect_high, t.certain, t.possible, t.dose_low, t.dose_high,
         t.duration_low, t.duration_high, t.added_low, t.added_high
  FROM assess.as_of AS a
  CROSS JOIN staging AS i
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.kept AS p ON p.person_id = a.person_id AND p.table_name = 'procedure'
  LEFT JOIN assess.tried AS e ON e.person_id = a.person_id AND e.definition = i.instrument
  LEFT JOIN tally AS t ON t.person_id = a.person_id AND t.definition_no = i.judged_as
), item AS (
  SELECT s.person_id, s.instrument, l.item,
         l.score * coalesce(CASE l.item WHEN 'trials' THEN s.certain WHEN 'optimised_dose' THEN s.dose_low WHEN 'optimised_duration' THEN s.duration_low
                                        WHEN 'augmentation' THEN s.added_low WHEN 'ect' THEN s.ect_low END, 0) AS low,
         CASE WHEN l.item = 'ect' THEN l.score * CASE WHEN s.courses_kept THEN coalesce(s.ect_high, 0) ELSE 1 END
              WHEN s.kept THEN l.score * coalesce(CASE l.item WHEN 'trials' THEN s.possible WHEN 'optimised_dose' THEN s.dose_high
                                                              WHEN 'optimised_duration' THEN s.duration_high WHEN 'augmentation' THEN s.added_high END, 0)
         END AS high
  FROM staged AS s JOIN knowledge.level AS l ON l.instrument = s.instrument
)
SELECT person_id, CAST(instrument AS VARCHAR) AS instrument, CAST(item AS VARCHAR) AS item, CAST(low AS DOUBLE) AS low, CAST(high AS DOUBLE) AS high
FROM item
UNION ALL
SELECT person_id, instrument, 'total', sum(low),
       CASE WHEN max(CASE WHEN high IS NULL THEN 1 ELSE 0 END) = 1 THEN NULL ELSE sum(high) END
FROM item GROUP BY person_id, instrument
