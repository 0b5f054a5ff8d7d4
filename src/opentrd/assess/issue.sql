-- issue: one row is one exposure of the record that is used, with the days it certainly and possibly covers.
--   person_id, exposure_id, agent   which exposure
--   form             dosage form that has a minimum dose of its own ('' when none)
--   daily_dose_mg    mg a day; null: not known
--   sure_start       certain stretch: first day (null with sure_end: no day is certain)
--   sure_end         certain stretch: last day
--   may_start        possible stretch: first day
--   may_end          possible stretch: last day
--   undated_days     days taken, of a row without a start: certain days whose place is not known
--   start_known      false when the record gives no start at all
--   exact_start      true when the start is one known day
--   stop_reason, improvement_pct, improvement_basis, adherence   as recorded; null if the row ends after as_of
--   start_latest, end_latest   the record's own bounds, which order the rows of a trial
WITH usable AS (
  SELECT e.*, a.as_of, a.anchor, a.first_day, k.role,
         CASE WHEN e.start_latest IS NULL AND e.ongoing AND e.days_taken IS NOT NULL
              THEN a.anchor - (CAST(e.days_taken AS INTEGER) - 1) ELSE e.start_latest END AS begun_latest,
         CASE WHEN e.start_earliest IS NULL AND e.ongoing AND e.days_taken IS NOT NULL
              THEN a.anchor - (CAST(e.days_taken AS INTEGER) - 1) ELSE e.start_earliest END AS begun_earliest
  FROM record.exposure AS e
  JOIN assess.as_of AS a ON a.person_id = e.person_id
  JOIN knowledge.agent AS k ON k.agent = e.agent
  WHERE coalesce(e.start_earliest <= a.anchor, TRUE)
), next_switch AS (  -- only rows without an end need it
  SELECT u.person_id, u.exposure_id, min(o.begun_latest) AS switch_on
  FROM usable AS u
  JOIN usable AS o ON o.person_id = u.person_id AND o.agent <> u.agent AND o.begun_earliest > u.begun_latest
  WHERE u.end_latest IS NULL AND coalesce(NOT u.ongoing, TRUE) AND u.role = 'antidepressant' AND o.role = 'antidepressant'
  GROUP BY u.person_id, u.exposure_id
), bounded AS (
  SELECT u.*,
         CASE WHEN u.end_earliest IS NOT NULL THEN u.end_earliest
              WHEN u.ongoing THEN u.anchor
              WHEN u.days_taken IS NOT NULL THEN u.begun_latest + (CAST(u.days_taken AS INTEGER) - 1)
              ELSE u.begun_latest END AS stated_end,
         u.begun_latest + (CAST(u.days_taken AS INTEGER) - 1) AS taken_end,
         CASE WHEN u.end_latest IS NOT NULL THEN u.end_latest
              WHEN u.ongoing THEN u.anchor
              WHEN n.switch_on IS NOT NULL THEN n.switch_on - 1
              ELSE u.anchor END AS last_possible
  FROM usable AS u
  LEFT JOIN next_switch AS n ON n.person_id = u.person_id AND n.exposure_id = u.exposure_id
), clipped AS (
  SELECT b.*,
         CASE WHEN taken_end < stated_end AND taken_end < anchor THEN taken_end
              WHEN stated_end < anchor THEN stated_end ELSE anchor END AS certain_end
  FROM bounded AS b
), formed AS (
  SELECT DISTINCT agent, form FROM knowledge.dose_minimum WHERE form <> ''
)
SELECT c.person_id, c.exposure_id, c.agent,
       CAST(coalesce(f.form, '') AS VARCHAR) AS form,
       CAST(c.daily_dose_mg AS DOUBLE) AS daily_dose_mg,
       CAST(CASE WHEN c.begun_latest <= c.certain_end THEN c.begun_latest END AS DATE) AS sure_start,
       CAST(CASE WHEN c.begun_latest <= c.certain_end THEN c.certain_end END AS DATE) AS sure_end,
       CAST(coalesce(c.begun_earliest, c.first_day, c.anchor - 36500) AS DATE) AS may_start,  -- no date at all: no bound
       CAST(CASE WHEN c.last_possible > c.anchor THEN c.anchor
                 WHEN c.last_possible < c.certain_end THEN c.certain_end
                 ELSE c.last_possible END AS DATE) AS may_end,
       CAST(c.begun_earliest IS NOT NULL AS BOOLEAN) AS start_known,
       CAST(coalesce(c.start_earliest = c.start_latest, FALSE) AS BOOLEAN) AS exact_start,
       CAST(CASE WHEN c.end_latest > c.anchor THEN NULL ELSE c.stop_reason END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN c.end_latest > c.anchor THEN NULL ELSE c.improvement_pct END AS DOUBLE) AS improvement_pct,
       CAST(CASE WHEN c.end_latest > c.anchor THEN NULL ELSE c.improvement_basis END AS VARCHAR) AS improvement_basis,
       CAST(c.adherence AS DOUBLE) AS adherence,
       CAST(CASE WHEN c.begun_latest IS NULL THEN c.days_taken END AS BIGINT) AS undated_days,
       CAST(c.begun_latest AS DATE) AS start_latest, CAST(c.end_latest AS DATE) AS end_latest
FROM clipped AS c
LEFT JOIN formed AS f ON f.agent = c.agent AND (lower(f.form) = lower(c.form) OR lower(f.form) = lower(c.route))
