-- count_within: one row is one person, one definition whose failures have to lie in one window, and one episode.
--   person_id, definition_no, episode_no
--   low, high    most that count in any window, certainly and possibly
--   met_on, possible_on   first day on which the needed number counts in a window, certainly and possibly
WITH event AS (
  SELECT j.person_id, j.definition_no, j.episode_no, j.counted_as, CASE WHEN r.window_from = 'before_ect' THEN j.ready_high ELSE j.on_date END AS on_date,
         CASE WHEN r.window_from = 'before_ect' THEN j.ready_low ELSE j.on_low END AS on_low,
         CASE WHEN r.window_from = 'before_ect' THEN j.ready_high ELSE coalesce(j.on_high, a.anchor) END AS on_high,
         coalesce(j.counts AND j.part_no IS NOT NULL AND j.on_high IS NOT NULL, FALSE) AS certain, j.part_no, r.needed, r.window_from, r.agent_set,
         CAST(coalesce(r.window_days, -1) AS INTEGER) AS sure_days, CAST(coalesce(r.window_days, 36500) AS INTEGER) AS window_days  -- not given: any, and none for certain
  FROM assess.judgement AS j
  JOIN assess.rule AS r ON r.definition_no = j.definition_no
  JOIN assess.as_of AS a ON a.person_id = j.person_id
  WHERE j.windowed AND j.family = 'failures' AND coalesce(j.counts, TRUE) AND j.episode_no IS NOT NULL
), ect AS (
  SELECT c.person_id, c.may_start, coalesce(c.sure_start, c.may_end) AS begun, c.sure_start IS NOT NULL AS is_sure
  FROM assess.course AS c JOIN knowledge.procedure_set AS s ON s.procedure_set = 'ect' AND s.procedure = c.procedure
), depression AS (
  SELECT c.person_id, min(coalesce(c.start_earliest, a.first_day)) AS first_low, min(coalesce(c.start_latest, a.anchor)) AS first_high
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
  GROUP BY c.person_id
), opened AS (  -- first and last day of each window: the widest it may be, and the narrowest it certainly is
  SELECT DISTINCT person_id, definition_no, episode_no, on_low AS from_low, on_low AS from_high, on_low + sure_days AS to_low,
         on_low + window_days AS to_high FROM event WHERE window_from = 'each'
  UNION
  SELECT person_id, definition_no, episode_no, on_high, on_high, on_high + sure_days, on_high + window_days
  FROM event WHERE window_from = 'each'
  UNION
  SELECT person_id, definition_no, episode_no, CAST(CAST(EXTRACT(YEAR FROM on_low) AS VARCHAR) || '-01-01' AS DATE),
         CAST(CAST(EXTRACT(YEAR FROM on_low) AS VARCHAR) || '-01-01' AS DATE), CAST(CAST(EXTRACT(YEAR FROM on_low) AS VARCHAR) || '-12-31' AS DATE),
         CAST(CAST(EXTRACT(YEAR FROM on_low) AS VARCHAR) || '-12-31' AS DATE) FROM event WHERE window_from = 'calendar_year'
  UNION
  SELECT person_id, definition_no, episode_no, CAST(CAST(EXTRACT(YEAR FROM on_high) AS VARCHAR) || '-01-01' AS DATE),
         CAST(CAST(EXTRACT(YEAR FROM on_high) AS VARCHAR) || '-01-01' AS DATE), CAST(CAST(EXTRACT(YEAR FROM on_high) AS VARCHAR) || '-12-31' AS DATE),
         CAST(CAST(EXTRACT(YEAR FROM on_high) AS VARCHAR) || '-12-31' AS DATE) FROM event WHERE window_from = 'calendar_year'
  UNION
  SELECT e.person_id, e.definition_no, e.episode_no, u.index_low, u.index_high, u.index_low + e.sure_days, u.index_high + e.window_days
  FROM event AS e JOIN assess.first_use AS u ON u.person_id = e.person_id AND u.agent_set = e.agent_set AND u.episode_no = e.episode_no
  WHERE e.window_from = 'index'
  UNION
  SELECT e.person_id, e.definition_no, e.episode_no, d.first_low, d.first_high, d.first_low + e.sure_days, d.first_high + e.window_days
  FROM event AS e JOIN depression AS d ON d.person_id = e.person_id WHERE e.window_from = 'diagnosis'
  UNION
  SELECT e.person_id, e.definition_no, e.episode_no, c.may_start - e.window_days,
         CASE WHEN c.is_sure THEN c.begun - e.sure_days ELSE CAST('9999-12-31' AS DATE) END, c.may_start, c.begun
  FROM event AS e JOIN ect AS c ON c.person_id = e.person_id WHERE e.window_from = 'before_ect'
), inside AS (
  SELECT e.person_id, e.definition_no, e.episode_no, w.from_low, w.from_high, w.to_low, w.to_high, e.needed, e.counted_as, e.part_no,
         max(CASE WHEN e.certain AND e.on_low >= w.from_high AND e.on_high <= w.to_low THEN 1 ELSE 0 END) AS certain,
         min(CASE WHEN e.certain AND e.on_low >= w.from_high AND e.on_high <= w.to_low THEN e.on_date END) AS certain_on, min(e.on_date) AS possible_on
  FROM event AS e
  JOIN opened AS w ON w.person_id = e.person_id AND w.definition_no = e.definition_no AND w.episode_no = e.episode_no
    AND e.on_low <= w.to_high AND e.on_high >= w.from_low
  GROUP BY e.person_id, e.definition_no, e.episode_no, w.from_low, w.from_high, w.to_low, w.to_high, e.needed, e.counted_as, e.part_no
), certain AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, definition_no, episode_no, from_low, from_high, to_low, to_high, part_no
                               ORDER BY certain_on, counted_as) AS nth FROM inside WHERE certain = 1
), merged AS (
  SELECT person_id, definition_no, episode_no, from_low, from_high, to_low, to_high, needed, counted_as, min(possible_on) AS possible_on
  FROM inside GROUP BY person_id, definition_no, episode_no, from_low, from_high, to_low, to_high, needed, counted_as
), possible AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, definition_no, episode_no, from_low, from_high, to_low, to_high
                               ORDER BY possible_on, counted_as) AS nth FROM merged
), tally AS (
  SELECT person_id, definition_no, episode_no, max(nth) AS low, 0 AS high, min(CASE WHEN nth = needed THEN certain_on END) AS met_on, CAST(NULL AS DATE) AS possible_on
  FROM certain GROUP BY person_id, definition_no, episode_no
  UNION ALL
  SELECT person_id, definition_no, episode_no, 0, max(nth), NULL, min(CASE WHEN nth = needed THEN possible_on END)
  FROM possible GROUP BY person_id, definition_no, episode_no
)
SELECT person_id, definition_no, episode_no, CAST(max(low) AS BIGINT) AS low, CAST(max(high) AS BIGINT) AS high,
       CAST(min(met_on) AS DATE) AS met_on, CAST(min(possible_on) AS DATE) AS possible_on
FROM tally GROUP BY person_id, definition_no, episode_no
