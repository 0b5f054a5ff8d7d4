-- count_failures: one row is one person and one definition of the family `failures`: how many failed adequate trials count.
--   person_id, definition_no
--   low           certainly: the most in one episode;  high   possibly
--   met_on        first day on which the needed number is certain
--   possible_on   first day on which it is possible
--   episode_no    the deciding episode (0: the definition does not look at episodes)
--   index_date    start of the first antidepressant trial in it
--   blocked_by    the clause whose removal alone lets the possible count reach the threshold, else 'number'
--   unknown_by    the first clause that is null in a trial that only possibly counts; null: none
WITH judged AS (
  SELECT person_id, definition_no, coalesce(episode_no, -1) AS episode_no, part_no, counted_as, on_date, counts,
         CASE WHEN NOT response_ok THEN 1 ELSE 0 END AS bad_response, CASE WHEN NOT duration_ok THEN 1 ELSE 0 END AS bad_duration,
         CASE WHEN NOT dose_ok THEN 1 ELSE 0 END AS bad_dose, CASE WHEN NOT stop_ok THEN 1 ELSE 0 END AS bad_stop,
         CASE WHEN NOT adherence_ok THEN 1 ELSE 0 END AS bad_adherence, CASE WHEN NOT episode_ok THEN 1 ELSE 0 END AS bad_episode,
         CASE WHEN counts IS NOT NULL THEN 0 WHEN response_ok IS NULL THEN 6 WHEN duration_ok IS NULL THEN 5 WHEN dose_ok IS NULL THEN 4
              WHEN stop_ok IS NULL THEN 3 WHEN adherence_ok IS NULL THEN 2 ELSE 1 END AS unknown
  FROM assess.judgement WHERE family = 'failures'
), lost AS (  -- what two clauses refuse no single one could let through
  SELECT *, bad_response + bad_duration + bad_dose + bad_stop + bad_adherence + bad_episode AS refusals FROM judged
), counted AS (  -- one row per thing that can count once in one stretch of an episode
  SELECT person_id, definition_no, episode_no, part_no, counted_as,
         max(CASE WHEN counts THEN 1 ELSE 0 END) AS certain, min(CASE WHEN counts THEN on_date END) AS certain_on,
         max(CASE WHEN refusals = 0 THEN 1 ELSE 0 END) AS possible, min(CASE WHEN refusals = 0 THEN on_date END) AS possible_on,
         max(CASE WHEN refusals = bad_response THEN 1 ELSE 0 END) AS no_response, max(CASE WHEN refusals = bad_duration THEN 1 ELSE 0 END) AS no_duration,
         max(CASE WHEN refusals = bad_dose THEN 1 ELSE 0 END) AS no_dose, max(CASE WHEN refusals = bad_stop THEN 1 ELSE 0 END) AS no_stop,
         max(CASE WHEN refusals = bad_adherence THEN 1 ELSE 0 END) AS no_adherence, max(CASE WHEN refusals = bad_episode THEN 1 ELSE 0 END) AS no_episode,
         max(CASE WHEN refusals = 0 THEN unknown ELSE 0 END) AS unknown
  FROM lost WHERE refusals <= 1
  GROUP BY person_id, definition_no, episode_no, part_no, counted_as
), merged AS (
  SELECT person_id, definition_no, episode_no, counted_as, max(possible) AS possible, min(possible_on) AS possible_on, max(no_response) AS no_response,
         max(no_duration) AS no_duration, max(no_dose) AS no_dose, max(no_stop) AS no_stop, max(no_adherence) AS no_adherence,
         max(no_episode) AS no_episode, max(unknown) AS unknown
  FROM counted GROUP BY person_id, definition_no, episode_no, counted_as
), episode_high AS (
  SELECT person_id, definition_no, episode_no, sum(CASE WHEN episode_no < 0 THEN 0 ELSE possible END) AS high, sum(no_response) AS no_response,
         sum(no_duration) AS no_duration, sum(no_dose) AS no_dose, sum(no_stop) AS no_stop, sum(no_adherence) AS no_adherence, max(unknown) AS unknown
  FROM merged GROUP BY person_id, definition_no, episode_no
), part_low AS (
  SELECT person_id, definition_no, episode_no, part_no, count(*) AS low FROM counted
  WHERE certain = 1 AND part_no IS NOT NULL AND episode_no >= 0 GROUP BY person_id, definition_no, episode_no, part_no
), met AS (  -- the day on which the needed number was reached
  SELECT c.person_id, c.definition_no, c.episode_no, r.needed, c.certain_on,
         row_number() OVER (PARTITION BY c.person_id, c.definition_no, c.episode_no, c.part_no ORDER BY c.certain_on, c.counted_as) AS nth
  FROM counted AS c
  JOIN assess.rule AS r ON r.definition_no = c.definition_no AND NOT r.windowed
  JOIN part_low AS p ON p.person_id = c.person_id AND p.definition_no = c.definition_no AND p.episode_no = c.episode_no AND p.part_no = c.part_no
    AND p.low >= r.needed
  WHERE c.certain = 1
), reachable AS (
  SELECT c.person_id, c.definition_no, c.episode_no, r.needed, c.possible_on,
         row_number() OVER (PARTITION BY c.person_id, c.definition_no, c.episode_no ORDER BY c.possible_on, c.counted_as) AS nth
  FROM merged AS c
  JOIN assess.rule AS r ON r.definition_no = c.definition_no AND NOT r.windowed
  JOIN episode_high AS p ON p.person_id = c.person_id AND p.definition_no = c.definition_no AND p.episode_no = c.episode_no AND p.high >= r.needed
  WHERE c.possible = 1
), said AS (
  SELECT person_id, definition_no, episode_no, 0 AS low, high, CAST(NULL AS DATE) AS met_on, CAST(NULL AS DATE) AS possible_on FROM episode_high WHERE episode_no >= 0
  UNION ALL SELECT person_id, definition_no, episode_no, low, 0, NULL, NULL FROM part_low
  UNION ALL SELECT person_id, definition_no, episode_no, 0, 0, certain_on, NULL FROM met WHERE nth = needed
  UNION ALL SELECT person_id, definition_no, episode_no, 0, 0, NULL, possible_on FROM reachable WHERE nth = needed
), per_episode AS (
  SELECT s.person_id, s.definition_no, s.episode_no, max(s.low) AS low, max(s.high) AS high, min(s.met_on) AS met_on, min(s.possible_on) AS possible_on
  FROM said AS s JOIN assess.rule AS r ON r.definition_no = s.definition_no AND NOT r.windowed
  GROUP BY s.person_id, s.definition_no, s.episode_no
  UNION ALL
  SELECT person_id, definition_no, episode_no, low, high, met_on, possible_on FROM assess.count_within
), used AS (  -- every person who took a drug of the definition; where nothing counts, the last episode with one decides
  SELECT u.person_id, r.definition_no, max(CASE WHEN r.episode = 'none' OR u.episode_no > 0 THEN u.episode_no END) AS last_episode
  FROM assess.first_use AS u JOIN assess.rule AS r ON r.agent_set = u.agent_set AND r.family = 'failures' AND (u.episode_no = 0 OR r.episode <> 'none')
  GROUP BY u.person_id, r.definition_no
), tally AS (
  SELECT person_id, definition_no, max(low) AS low, max(high) AS high, min(met_on) AS met_on, min(possible_on) AS possible_on,
         max(CASE WHEN high > 0 THEN episode_no END) AS episode_no, count(*) AS episodes
  FROM per_episode GROUP BY person_id, definition_no
), looked_at AS (
  SELECT person_id, definition_no, max(last_episode) AS last_episode
  FROM (SELECT person_id, definition_no, last_episode FROM used UNION ALL SELECT person_id, definition_no, NULL FROM tally) AS x
  GROUP BY person_id, definition_no
), ranked AS (
  SELECT e.person_id, e.definition_no, e.episode_no,
         row_number() OVER (PARTITION BY e.person_id, e.definition_no
                            ORDER BY CASE WHEN e.met_on IS NULL THEN 1 ELSE 0 END, e.met_on, e.high DESC, e.low DESC, e.episode_no DESC) AS nth
  FROM per_episode AS e
  JOIN tally AS t ON t.person_id = e.person_id AND t.definition_no = e.definition_no AND t.episodes > 1 AND t.high > 0
), freed AS (
  SELECT person_id, definition_no, max(CASE WHEN episode_no >= 0 THEN no_response END) AS no_response, max(CASE WHEN episode_no >= 0 THEN no_duration END) AS no_duration,
         max(CASE WHEN episode_no >= 0 THEN no_dose END) AS no_dose, max(CASE WHEN episode_no >= 0 THEN no_stop END) AS no_stop,
         max(CASE WHEN episode_no >= 0 THEN no_adherence END) AS no_adherence, max(CASE WHEN episode_no >= 0 THEN high END) AS no_window, max(unknown) AS unknown
  FROM episode_high GROUP BY person_id, definition_no
), anywhere AS (
  SELECT person_id, definition_no, count(DISTINCT counted_as) AS no_episode FROM merged WHERE no_episode = 1 GROUP BY person_id, definition_no
)
SELECT u.person_id, u.definition_no, CAST(coalesce(t.low, 0) AS BIGINT) AS low, CAST(coalesce(t.high, 0) AS BIGINT) AS high,
       CAST(t.met_on AS DATE) AS met_on, CAST(t.possible_on AS DATE) AS possible_on,
       CAST(coalesce(k.episode_no, t.episode_no, u.last_episode) AS BIGINT) AS episode_no, f.index_date,
       CAST(CASE WHEN d.no_response >= r.needed THEN 'response' WHEN d.no_duration >= r.needed THEN 'duration' WHEN d.no_dose >= r.needed THEN 'dose'
                 WHEN d.no_stop >= r.needed THEN 'stop' WHEN d.no_adherence >= r.needed THEN 'adherence' WHEN d.no_window >= r.needed AND r.windowed THEN 'window'
                 WHEN n.no_episode >= r.needed THEN 'episode' ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE d.unknown WHEN 6 THEN 'response' WHEN 5 THEN 'duration' WHEN 4 THEN 'dose' WHEN 3 THEN 'stop' WHEN 2 THEN 'adherence' END AS VARCHAR) AS unknown_by
FROM looked_at AS u
JOIN assess.rule AS r ON r.definition_no = u.definition_no
LEFT JOIN tally AS t ON t.person_id = u.person_id AND t.definition_no = u.definition_no
LEFT JOIN ranked AS k ON k.person_id = u.person_id AND k.definition_no = u.definition_no AND k.nth = 1
LEFT JOIN assess.first_use AS f ON f.person_id = u.person_id AND f.agent_set = r.agent_set AND f.episode_no = coalesce(k.episode_no, t.episode_no, u.last_episode)
LEFT JOIN freed AS d ON d.person_id = u.person_id AND d.definition_no = u.definition_no
LEFT JOIN anywhere AS n ON n.person_id = u.person_id AND n.definition_no = u.definition_no
