-- count_within: one row is one person, one definition whose failures have to lie in one window, and one episode.
--   person_no, definition_no, episode_no
--   low, high    most that count in any window, certainly and possibly
--   met_on, possible_on   first day on which the needed number counts in a window, certainly and possibly
--   no_response, no_duration, no_dose, no_stop, no_adherence   most that possibly count in any window without that clause
WITH refused AS (
  SELECT j.*, CASE WHEN NOT j.response_ok THEN 1 ELSE 0 END AS bad_response, CASE WHEN NOT j.duration_ok THEN 1 ELSE 0 END AS bad_duration,
         CASE WHEN NOT j.dose_ok THEN 1 ELSE 0 END AS bad_dose, CASE WHEN NOT j.stop_ok THEN 1 ELSE 0 END AS bad_stop,
         CASE WHEN NOT j.adherence_ok THEN 1 ELSE 0 END AS bad_adherence, CASE WHEN NOT j.episode_ok THEN 2 ELSE 0 END AS bad_episode
  FROM assess.judged AS j WHERE j.windowed AND j.family = 'failures' AND j.episode_no IS NOT NULL
), event AS (  -- what no more than one clause refuses
  SELECT j.person_no, j.person_id, j.definition_no, j.episode_no, j.counted_as, CASE WHEN r.window_from = 'before_ect' THEN j.ready_high ELSE j.on_date END AS on_date,
         CASE WHEN r.window_from = 'before_ect' THEN j.ready_low ELSE j.on_low END AS on_low,
         CASE WHEN r.window_from = 'before_ect' THEN j.ready_high ELSE coalesce(j.on_high, a.anchor) END AS on_high,
         coalesce(j.counts AND j.part_no IS NOT NULL, FALSE) AS certain, j.part_no, j.may_be, coalesce(r.needed, 1) AS needed, r.window_from, r.agent_set,
         CAST(r.window_days AS INTEGER) AS window_days, j.bad_response, j.bad_duration, j.bad_dose, j.bad_stop, j.bad_adherence,
         j.bad_response + j.bad_duration + j.bad_dose + j.bad_stop + j.bad_adherence AS refusals
  FROM refused AS j
  JOIN assess.rule AS r ON r.definition_no = j.definition_no
  JOIN assess.as_of AS a ON a.person_id = j.person_id
  WHERE j.bad_response + j.bad_duration + j.bad_dose + j.bad_stop + j.bad_adherence + j.bad_episode <= 1
), ect AS (
  SELECT c.person_id, c.may_start, coalesce(c.sure_start, c.may_end) AS begun
  FROM assess.course AS c JOIN knowledge.procedure_set AS s ON s.procedure_set = 'ect' AND s.procedure = c.procedure
), depression AS (
  SELECT c.person_id, min(coalesce(c.start_earliest, a.first_day)) AS first_low, min(coalesce(c.start_latest, a.anchor)) AS first_high
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
  GROUP BY c.person_id
), year AS (
  SELECT person_no, definition_no, episode_no, CAST(EXTRACT(YEAR FROM on_low) AS VARCHAR) AS number FROM event WHERE window_from = 'calendar_year'
  UNION
  SELECT person_no, definition_no, episode_no, CAST(EXTRACT(YEAR FROM on_high) AS VARCHAR) FROM event WHERE window_from = 'calendar_year'
), opened AS (  -- first and last day of each window: the widest it may be, and the narrowest it certainly is
  SELECT DISTINCT person_no, definition_no, episode_no, on_low AS from_low, on_low AS from_high, on_low + window_days AS to_low, on_low + window_days AS to_high
  FROM event WHERE window_from = 'each' AND window_days IS NOT NULL
  UNION
  SELECT person_no, definition_no, episode_no, on_high, on_high, on_high + window_days, on_high + window_days
  FROM event WHERE window_from = 'each' AND window_days IS NOT NULL
  UNION
  SELECT person_no, definition_no, episode_no, CAST(number || '-01-01' AS DATE), CAST(number || '-01-01' AS DATE), CAST(number || '-12-31' AS DATE),
         CAST(number || '-12-31' AS DATE) FROM year
  UNION
  SELECT e.person_no, e.definition_no, e.episode_no, u.index_low, u.index_high, u.index_low + e.window_days, u.index_high + e.window_days
  FROM event AS e JOIN assess.first_use AS u ON u.person_id = e.person_id AND u.agent_set = e.agent_set AND u.episode_no = e.episode_no
  WHERE e.window_from = 'index' AND e.window_days IS NOT NULL
  UNION
  SELECT e.person_no, e.definition_no, e.episode_no, d.first_low, d.first_high, d.first_low + e.window_days, d.first_high + e.window_days
  FROM event AS e JOIN depression AS d ON d.person_id = e.person_id WHERE e.window_from = 'diagnosis' AND e.window_days IS NOT NULL
  UNION
  SELECT e.person_no, e.definition_no, e.episode_no, c.may_start - e.window_days, c.begun - e.window_days, c.may_start, c.begun
  FROM event AS e JOIN ect AS c ON c.person_id = e.person_id WHERE e.window_from = 'before_ect' AND e.window_days IS NOT NULL
  UNION  -- nothing says where it lies or how long it is: nothing is certain, all may lie in it
  SELECT e.person_no, e.definition_no, e.episode_no, CAST('0001-01-01' AS DATE), CAST('9999-12-31' AS DATE), CAST('0001-01-01' AS DATE), CAST('9999-12-31' AS DATE)
  FROM event AS e
  LEFT JOIN assess.first_use AS u ON u.person_id = e.person_id AND u.agent_set = e.agent_set AND u.episode_no = e.episode_no
  LEFT JOIN assess.kept AS k ON k.person_id = e.person_id AND k.table_name = CASE e.window_from WHEN 'diagnosis' THEN 'condition' WHEN 'before_ect' THEN 'procedure' END
  WHERE e.window_days IS NULL OR NOT k.kept OR (e.window_from = 'index' AND u.person_id IS NULL)
), inside AS (
  SELECT e.person_no, e.definition_no, e.episode_no, w.from_low, w.from_high, e.counted_as, e.part_no, max(e.needed) AS needed,
         max(CASE WHEN e.certain AND e.on_low >= w.from_high AND e.on_high <= w.to_low THEN 1 ELSE 0 END) AS certain,
         min(CASE WHEN e.certain AND e.on_low >= w.from_high AND e.on_high <= w.to_low THEN e.on_date END) AS certain_on,
         max(CASE WHEN e.refusals = 0 THEN e.may_be ELSE 0 END) AS possible, min(CASE WHEN e.refusals = 0 THEN e.on_date END) AS possible_on,
         max(CASE WHEN e.refusals = e.bad_response THEN e.may_be ELSE 0 END) AS no_response, max(CASE WHEN e.refusals = e.bad_duration THEN e.may_be ELSE 0 END) AS no_duration,
         max(CASE WHEN e.refusals = e.bad_dose THEN e.may_be ELSE 0 END) AS no_dose, max(CASE WHEN e.refusals = e.bad_stop THEN e.may_be ELSE 0 END) AS no_stop,
         max(CASE WHEN e.refusals = e.bad_adherence THEN e.may_be ELSE 0 END) AS no_adherence
  FROM event AS e
  JOIN opened AS w ON w.person_no = e.person_no AND w.definition_no = e.definition_no AND w.episode_no = e.episode_no
    AND e.on_low <= w.to_high AND e.on_high >= w.from_low
  GROUP BY e.person_no, e.definition_no, e.episode_no, w.from_low, w.from_high, e.counted_as, e.part_no
), certain AS (
  SELECT *, row_number() OVER (PARTITION BY person_no, definition_no, episode_no, from_low, from_high, part_no
                               ORDER BY certain_on, counted_as) AS nth FROM inside WHERE certain = 1
), merged AS (
  SELECT person_no, definition_no, episode_no, from_low, from_high, counted_as, max(needed) AS needed, max(possible) AS possible, min(possible_on) AS possible_on,
         max(no_response) AS no_response, max(no_duration) AS no_duration, max(no_dose) AS no_dose, max(no_stop) AS no_stop, max(no_adherence) AS no_adherence
  FROM inside GROUP BY person_no, definition_no, episode_no, from_low, from_high, counted_as
), per_window AS (
  SELECT person_no, definition_no, episode_no, sum(no_response) AS no_response, sum(no_duration) AS no_duration, sum(no_dose) AS no_dose,
         sum(no_stop) AS no_stop, sum(no_adherence) AS no_adherence
  FROM merged GROUP BY person_no, definition_no, episode_no, from_low, from_high
), possible AS (
  SELECT *, sum(possible) OVER (PARTITION BY person_no, definition_no, episode_no, from_low, from_high
                                ORDER BY possible_on, counted_as ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS reach FROM merged WHERE possible > 0
), tally AS (
  SELECT person_no, definition_no, episode_no, max(nth) AS low, 0 AS high, min(CASE WHEN nth = needed THEN certain_on END) AS met_on, CAST(NULL AS DATE) AS possible_on,
         0 AS no_response, 0 AS no_duration, 0 AS no_dose, 0 AS no_stop, 0 AS no_adherence
  FROM certain GROUP BY person_no, definition_no, episode_no
  UNION ALL
  SELECT person_no, definition_no, episode_no, 0, max(reach), NULL, min(CASE WHEN reach >= needed THEN possible_on END), 0, 0, 0, 0, 0
  FROM possible GROUP BY person_no, definition_no, episode_no
  UNION ALL
  SELECT person_no, definition_no, episode_no, 0, 0, NULL, NULL, max(no_response), max(no_duration), max(no_dose), max(no_stop), max(no_adherence)
  FROM per_window GROUP BY person_no, definition_no, episode_no
)
SELECT person_no, definition_no, episode_no, CAST(max(low) AS BIGINT) AS low, CAST(max(high) AS BIGINT) AS high,
       CAST(min(met_on) AS DATE) AS met_on, CAST(min(possible_on) AS DATE) AS possible_on, CAST(max(no_response) AS BIGINT) AS no_response,
       CAST(max(no_duration) AS BIGINT) AS no_duration, CAST(max(no_dose) AS BIGINT) AS no_dose, CAST(max(no_stop) AS BIGINT) AS no_stop,
       CAST(max(no_adherence) AS BIGINT) AS no_adherence
FROM tally GROUP BY person_no, definition_no, episode_no
