-- count_failures: one row is one person and one definition of the family `failures`: how many failed adequate trials count.
--   person_id, definition_no
--   low           certainly: the most in one episode;  high   possibly
--   met_on        first day on which the needed number is certain
--   possible_on   first day on which it is possible
--   episode_no    the deciding episode (0: the definition does not look at episodes)
--   index_date    start of the first antidepressant trial in it
--   blocked_by    the clause whose removal alone lets the possible count reach the threshold, else 'number'
--   measured_low, measured_high   how many of what counts was rated when it ended (improvement measured), certainly and possibly
--   unknown_by    the first clause that is null in a trial that only possibly counts, else 'window' when enough certainly count
--                 without it; null: none
WITH judged AS (
  SELECT person_id, definition_no, coalesce(episode_no, -1) AS episode_no, part_no, counted_as, on_date, counts, improvement_basis, may_be,
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
         max(CASE WHEN refusals = 0 THEN may_be ELSE 0 END) AS possible, min(CASE WHEN refusals = 0 THEN on_date END) AS possible_on,
         max(CASE WHEN refusals = bad_response THEN may_be ELSE 0 END) AS no_response, max(CASE WHEN refusals = bad_duration THEN may_be ELSE 0 END) AS no_duration,
         max(CASE WHEN refusals = bad_dose THEN may_be ELSE 0 END) AS no_dose, max(CASE WHEN refusals = bad_stop THEN may_be ELSE 0 END) AS no_stop,
         max(CASE WHEN refusals = bad_adherence THEN may_be ELSE 0 END) AS no_adherence, max(CASE WHEN refusals = bad_episode THEN may_be ELSE 0 END) AS no_episode,
         max(CASE WHEN refusals = 0 THEN unknown ELSE 0 END) AS unknown,
         max(CASE WHEN counts AND improvement_basis = 'measured' THEN 1 ELSE 0 END) AS measured,
         max(CASE WHEN refusals = 0 AND coalesce(improvement_basis = 'measured', TRUE) THEN 1 ELSE 0 END) AS perhaps_measured
  FROM lost WHERE refusals <= 1
  GROUP BY person_id, definition_no, episode_no, part_no, counted_as
), spread AS (  -- persons whose trials lie in several episodes, or in several stretches of one
  SELECT person_id, CASE WHEN min(coalesce(episode_no, -1)) <> max(coalesce(episode_no, -1)) THEN 1 ELSE 0 END AS episodes,
         CASE WHEN min(coalesce(part_no, -1)) <> max(coalesce(part_no, -1)) THEN 1 ELSE 0 END AS parts
  FROM assess.trial GROUP BY person_id
), merged AS (  -- the stretches of one episode taken together
  SELECT c.person_id, c.definition_no, c.episode_no, c.counted_as, c.possible, c.possible_on, c.no_response, c.no_duration, c.no_dose, c.no_stop,
         c.no_adherence, c.no_episode, c.unknown, c.measured, c.perhaps_measured
  FROM counted AS c JOIN spread AS s ON s.person_id = c.person_id AND s.parts = 0
  UNION ALL
  SELECT c.person_id, c.definition_no, c.episode_no, c.counted_as, max(c.possible), min(c.possible_on), max(c.no_response), max(c.no_duration), max(c.no_dose),
         max(c.no_stop), max(c.no_adherence), max(c.no_episode), max(c.unknown), max(c.measured), max(c.perhaps_measured)
  FROM counted AS c JOIN spread AS s ON s.person_id = c.person_id AND s.parts = 1
  GROUP BY c.person_id, c.definition_no, c.episode_no, c.counted_as
), episode_high AS (
  SELECT person_id, definition_no, episode_no, sum(possible) AS high, sum(no_response) AS no_response, sum(no_duration) AS no_duration,
         sum(no_dose) AS no_dose, sum(no_stop) AS no_stop, sum(no_adherence) AS no_adherence, sum(no_episode) AS no_episode, max(unknown) AS unknown,
         sum(measured) AS measured_low, sum(perhaps_measured) AS measured_high
  FROM merged GROUP BY person_id, definition_no, episode_no
), certain AS (
  SELECT person_id, definition_no, episode_no, part_no, certain_on,
         row_number() OVER (PARTITION BY person_id, definition_no, episode_no, part_no ORDER BY certain_on, counted_as) AS nth
  FROM counted WHERE certain = 1 AND part_no IS NOT NULL AND episode_no >= 0
), episode_low AS (
  SELECT c.person_id, c.definition_no, c.episode_no, max(c.nth) AS low, min(CASE WHEN c.nth = r.needed THEN c.certain_on END) AS met_on
  FROM certain AS c JOIN assess.rule AS r ON r.definition_no = c.definition_no
  GROUP BY c.person_id, c.definition_no, c.episode_no
), reachable AS (
  SELECT c.person_id, c.definition_no, c.episode_no, coalesce(r.needed, 1) AS needed, c.possible_on,
         c.possible, sum(c.possible) OVER (PARTITION BY c.person_id, c.definition_no, c.episode_no
                                           ORDER BY c.possible_on, c.counted_as ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS reach
  FROM merged AS c
  JOIN assess.rule AS r ON r.definition_no = c.definition_no AND NOT r.windowed
  JOIN episode_high AS p ON p.person_id = c.person_id AND p.definition_no = c.definition_no AND p.episode_no = c.episode_no AND p.high >= coalesce(r.needed, 1)
  WHERE c.possible > 0
), per_episode AS (  -- a window takes the place of the plain count; trials in no episode count only for what an episode would change
  SELECT h.person_id, h.definition_no, h.episode_no, h.no_episode, h.unknown, h.high AS no_window, l.low AS low_anyhow,
         CASE WHEN r.windowed THEN coalesce(w.no_response, 0) ELSE h.no_response END AS no_response,
         CASE WHEN r.windowed THEN coalesce(w.no_duration, 0) ELSE h.no_duration END AS no_duration,
         CASE WHEN r.windowed THEN coalesce(w.no_dose, 0) ELSE h.no_dose END AS no_dose,
         CASE WHEN r.windowed THEN coalesce(w.no_stop, 0) ELSE h.no_stop END AS no_stop,
         CASE WHEN r.windowed THEN coalesce(w.no_adherence, 0) ELSE h.no_adherence END AS no_adherence,
         CASE WHEN h.episode_no < 0 THEN 0 ELSE h.measured_low END AS measured_low, CASE WHEN h.episode_no < 0 THEN 0 ELSE h.measured_high END AS measured_high,
         CASE WHEN r.windowed THEN coalesce(w.low, 0) ELSE coalesce(l.low, 0) END AS low,
         CASE WHEN h.episode_no < 0 THEN 0 WHEN r.windowed THEN coalesce(w.high, 0) ELSE h.high END AS high,
         CASE WHEN r.windowed THEN w.met_on ELSE l.met_on END AS met_on,
         CASE WHEN r.windowed THEN w.possible_on ELSE p.possible_on END AS possible_on
  FROM episode_high AS h
  JOIN assess.rule AS r ON r.definition_no = h.definition_no
  LEFT JOIN episode_low AS l ON l.person_id = h.person_id AND l.definition_no = h.definition_no AND l.episode_no = h.episode_no
  LEFT JOIN reachable AS p ON p.person_id = h.person_id AND p.definition_no = h.definition_no AND p.episode_no = h.episode_no
    AND p.reach >= p.needed AND p.reach - p.possible < p.needed
  LEFT JOIN assess.count_within AS w ON w.person_id = h.person_id AND w.definition_no = h.definition_no AND w.episode_no = h.episode_no
), tally AS (
  SELECT person_id, definition_no, max(low) AS low, max(high) AS high, min(met_on) AS met_on, min(possible_on) AS possible_on,
         max(CASE WHEN high > 0 THEN episode_no END) AS episode_no, sum(CASE WHEN high > 0 THEN 1 ELSE 0 END) AS episodes,
         max(CASE WHEN episode_no >= 0 THEN no_response END) AS no_response, max(CASE WHEN episode_no >= 0 THEN no_duration END) AS no_duration,
         max(CASE WHEN episode_no >= 0 THEN no_dose END) AS no_dose, max(CASE WHEN episode_no >= 0 THEN no_stop END) AS no_stop,
         max(CASE WHEN episode_no >= 0 THEN no_adherence END) AS no_adherence, max(CASE WHEN episode_no >= 0 THEN no_window END) AS no_window,
         sum(no_episode) AS no_episode, max(unknown) AS unknown, max(low_anyhow) AS low_anyhow, max(measured_low) AS measured_low, max(measured_high) AS measured_high
  FROM per_episode GROUP BY person_id, definition_no
), ranked AS (
  SELECT e.person_id, e.definition_no, e.episode_no,
         row_number() OVER (PARTITION BY e.person_id, e.definition_no
                            ORDER BY CASE WHEN e.met_on IS NULL THEN 1 ELSE 0 END, e.met_on, e.high DESC, e.low DESC, e.episode_no DESC) AS nth
  FROM per_episode AS e
  JOIN tally AS t ON t.person_id = e.person_id AND t.definition_no = e.definition_no AND t.episodes > 1
), anywhere AS (  -- one thing in two episodes is one thing
  SELECT person_id, definition_no, sum(no_episode) AS no_episode FROM (
    SELECT m.person_id, m.definition_no, m.counted_as, max(m.no_episode) AS no_episode
    FROM merged AS m JOIN spread AS s ON s.person_id = m.person_id AND s.episodes = 1
    WHERE m.no_episode > 0 GROUP BY m.person_id, m.definition_no, m.counted_as
  ) AS once GROUP BY person_id, definition_no
), used AS (  -- every person who took a drug of the definition; where nothing counts, the last episode with one decides
  SELECT u.person_id, r.definition_no, max(u.episode_no) AS last_episode
  FROM assess.first_use AS u
  JOIN assess.rule AS r ON r.agent_set = u.agent_set AND r.family = 'failures' AND (u.episode_no = 0 OR r.episode <> 'none')
  GROUP BY u.person_id, r.definition_no
), looked_at AS (
  SELECT coalesce(u.person_id, t.person_id) AS person_id, coalesce(u.definition_no, t.definition_no) AS definition_no, t.low, t.high, t.met_on, t.possible_on,
         coalesce(t.episode_no, nullif(u.last_episode, CASE WHEN r.episode = 'none' THEN -1 ELSE 0 END)) AS episode_no, t.no_response, t.no_duration, t.no_dose, t.no_stop, t.no_adherence, t.no_window,
         t.no_episode, t.unknown, t.low_anyhow, t.measured_low, t.measured_high, coalesce(r.needed, 1) AS needed, r.windowed, r.agent_set
  FROM used AS u
  FULL OUTER JOIN tally AS t ON t.person_id = u.person_id AND t.definition_no = u.definition_no
  JOIN assess.rule AS r ON r.definition_no = coalesce(u.definition_no, t.definition_no)
)
SELECT t.person_id, t.definition_no, CAST(coalesce(t.low, 0) AS BIGINT) AS low, CAST(coalesce(t.high, 0) AS BIGINT) AS high,
       CAST(t.met_on AS DATE) AS met_on, CAST(t.possible_on AS DATE) AS possible_on,
       CAST(coalesce(k.episode_no, t.episode_no) AS BIGINT) AS episode_no, f.index_date,
       CAST(CASE WHEN t.no_response >= t.needed THEN 'response' WHEN t.no_duration >= t.needed THEN 'duration' WHEN t.no_dose >= t.needed THEN 'dose'
                 WHEN t.no_stop >= t.needed THEN 'stop' WHEN t.no_adherence >= t.needed THEN 'adherence' WHEN t.no_window >= t.needed AND t.windowed THEN 'window'
                 WHEN coalesce(n.no_episode, t.no_episode) >= t.needed THEN 'episode' ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE t.unknown WHEN 6 THEN 'response' WHEN 5 THEN 'duration' WHEN 4 THEN 'dose' WHEN 3 THEN 'stop' WHEN 2 THEN 'adherence'
            ELSE CASE WHEN t.windowed AND t.low_anyhow >= t.needed THEN 'window' END END AS VARCHAR) AS unknown_by,
       CAST(coalesce(t.measured_low, 0) AS BIGINT) AS measured_low, CAST(coalesce(t.measured_high, 0) AS BIGINT) AS measured_high
FROM looked_at AS t
LEFT JOIN ranked AS k ON k.person_id = t.person_id AND k.definition_no = t.definition_no AND k.nth = 1
LEFT JOIN assess.first_use AS f ON f.person_id = t.person_id AND f.agent_set = t.agent_set AND f.episode_no = coalesce(k.episode_no, t.episode_no)
LEFT JOIN anywhere AS n ON n.person_id = t.person_id AND n.definition_no = t.definition_no
