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
-- Clauses are bits, so that a row stays narrow: 4 response, 8 duration, 16 dose, 32 stop, 64 adherence, 128 episode. In `flags` the bit of a
-- clause says that the trial counts possibly once that clause is left out; 2 possibly as it is, 256 and 512 certainly and possibly measured.
-- In `enough` the bit says that without that clause enough would count; there 256 is the window.
WITH judged AS (
  SELECT person_no, definition_no, coalesce(episode_no, -1) AS episode_no, part_no, counted_as, on_date, counts, improvement_basis, may_be,
         CASE WHEN NOT response_ok THEN 4 ELSE 0 END + CASE WHEN NOT duration_ok THEN 8 ELSE 0 END + CASE WHEN NOT dose_ok THEN 16 ELSE 0 END
           + CASE WHEN NOT stop_ok THEN 32 ELSE 0 END + CASE WHEN NOT adherence_ok THEN 64 ELSE 0 END + CASE WHEN NOT episode_ok THEN 128 ELSE 0 END AS refused,
         CASE WHEN counts IS NOT NULL THEN 0 WHEN response_ok IS NULL THEN 6 WHEN duration_ok IS NULL THEN 5 WHEN dose_ok IS NULL THEN 4
              WHEN stop_ok IS NULL THEN 3 WHEN adherence_ok IS NULL THEN 2 ELSE 1 END AS unknown
  FROM assess.judged WHERE speaks_for = 'failures'
), lost AS (  -- what two clauses refuse no single one could let through
  SELECT person_no, definition_no, episode_no, part_no, counted_as, on_date, counts, may_be,
         CASE WHEN refused > 0 THEN refused
              ELSE 254 + CASE WHEN counts AND improvement_basis = 'measured' THEN 256 ELSE 0 END + CASE WHEN coalesce(improvement_basis = 'measured', TRUE) THEN 512 ELSE 0 END END AS flags,
         CASE WHEN refused = 0 THEN on_date END AS possible_on, CASE WHEN refused = 0 THEN unknown ELSE 0 END AS unknown
  FROM judged WHERE refused IN (0, 4, 8, 16, 32, 64, 128)
), counted AS (  -- one row per thing that certainly counts once in one stretch of an episode
  SELECT person_no, definition_no, episode_no, part_no, counted_as, min(on_date) AS certain_on
  FROM lost WHERE counts AND part_no IS NOT NULL AND episode_no >= 0
  GROUP BY person_no, definition_no, episode_no, part_no, counted_as
), spread AS (  -- persons whose trials lie in several episodes
  SELECT n.person_no, CASE WHEN min(coalesce(t.episode_no, -1)) <> max(coalesce(t.episode_no, -1)) THEN 1 ELSE 0 END AS episodes
  FROM assess.trial AS t JOIN assess.person_no AS n ON n.person_id = t.person_id GROUP BY n.person_no
), merged AS (  -- the stretches of one episode taken together
  SELECT person_no, definition_no, episode_no, counted_as, CAST(bit_or(flags) AS BIGINT) AS flags, max(may_be) AS may_be, min(possible_on) AS possible_on, max(unknown) AS unknown
  FROM lost GROUP BY person_no, definition_no, episode_no, counted_as
), alike AS (
  SELECT person_no, definition_no, episode_no, sum(CASE WHEN flags & 2 > 0 THEN may_be ELSE 0 END) AS high,
         sum(CASE WHEN flags & 4 > 0 THEN may_be ELSE 0 END) AS no_response, sum(CASE WHEN flags & 8 > 0 THEN may_be ELSE 0 END) AS no_duration,
         sum(CASE WHEN flags & 16 > 0 THEN may_be ELSE 0 END) AS no_dose, sum(CASE WHEN flags & 32 > 0 THEN may_be ELSE 0 END) AS no_stop,
         sum(CASE WHEN flags & 64 > 0 THEN may_be ELSE 0 END) AS no_adherence, sum(CASE WHEN flags & 128 > 0 THEN may_be ELSE 0 END) AS no_episode, max(unknown) AS unknown,
         sum(CASE WHEN flags & 256 > 0 THEN 1 ELSE 0 END) AS measured_low, sum(CASE WHEN flags & 512 > 0 THEN 1 ELSE 0 END) AS measured_high
  FROM merged GROUP BY person_no, definition_no, episode_no
), episode_high AS (  -- definitions that judge alike count alike, up to here
  SELECT e.person_no, r.definition_no, e.episode_no, e.definition_no AS judged_as, r.windowed, coalesce(r.needed, 1) AS least, e.high, e.no_response, e.no_duration, e.no_dose,
         e.no_stop, e.no_adherence, e.no_episode, e.unknown, e.measured_low, e.measured_high
  FROM alike AS e JOIN assess.rule AS r ON r.judged_as = e.definition_no
), certain AS (
  SELECT person_no, definition_no, episode_no, part_no, certain_on,
         row_number() OVER (PARTITION BY person_no, definition_no, episode_no, part_no ORDER BY certain_on, counted_as) AS nth
  FROM counted
), episode_low AS (
  SELECT c.person_no, r.definition_no, c.episode_no, max(c.nth) AS low, min(CASE WHEN c.nth = r.needed THEN c.certain_on END) AS met_on
  FROM certain AS c JOIN assess.rule AS r ON r.judged_as = c.definition_no
  GROUP BY c.person_no, r.definition_no, c.episode_no
), reachable AS (
  SELECT h.person_no, h.definition_no, h.episode_no, h.least, c.possible_on,
         c.may_be AS possible, sum(c.may_be) OVER (PARTITION BY h.person_no, h.definition_no, h.episode_no
                                           ORDER BY c.possible_on, c.counted_as ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS reach
  FROM merged AS c
  JOIN episode_high AS h ON h.person_no = c.person_no AND h.judged_as = c.definition_no AND h.episode_no = c.episode_no AND h.high >= h.least AND NOT h.windowed
  WHERE c.flags & 2 > 0
), per_episode AS (  -- a window takes the place of the plain count; trials in no episode count only for what an episode would change
  SELECT h.person_no, h.definition_no, h.episode_no, h.no_episode, h.unknown, l.low AS low_anyhow,
         CASE WHEN h.episode_no < 0 THEN 0
              ELSE CASE WHEN CASE WHEN h.windowed THEN w.no_response ELSE h.no_response END >= h.least THEN 4 ELSE 0 END
                   + CASE WHEN CASE WHEN h.windowed THEN w.no_duration ELSE h.no_duration END >= h.least THEN 8 ELSE 0 END
                   + CASE WHEN CASE WHEN h.windowed THEN w.no_dose ELSE h.no_dose END >= h.least THEN 16 ELSE 0 END
                   + CASE WHEN CASE WHEN h.windowed THEN w.no_stop ELSE h.no_stop END >= h.least THEN 32 ELSE 0 END
                   + CASE WHEN CASE WHEN h.windowed THEN w.no_adherence ELSE h.no_adherence END >= h.least THEN 64 ELSE 0 END
                   + CASE WHEN h.windowed AND h.high >= h.least THEN 256 ELSE 0 END END AS enough,
         CASE WHEN h.episode_no < 0 THEN 0 ELSE h.measured_low END AS measured_low, CASE WHEN h.episode_no < 0 THEN 0 ELSE h.measured_high END AS measured_high,
         CASE WHEN h.windowed THEN coalesce(w.low, 0) ELSE coalesce(l.low, 0) END AS low,
         CASE WHEN h.episode_no < 0 THEN 0 WHEN h.windowed THEN coalesce(w.high, 0) ELSE h.high END AS high,
         CASE WHEN h.windowed THEN w.met_on ELSE l.met_on END AS met_on,
         CASE WHEN h.windowed THEN w.possible_on ELSE p.possible_on END AS possible_on
  FROM episode_high AS h
  LEFT JOIN episode_low AS l ON l.person_no = h.person_no AND l.definition_no = h.definition_no AND l.episode_no = h.episode_no
  LEFT JOIN reachable AS p ON p.person_no = h.person_no AND p.definition_no = h.definition_no AND p.episode_no = h.episode_no
    AND p.reach >= p.least AND p.reach - p.possible < p.least
  LEFT JOIN assess.count_within AS w ON w.person_no = h.person_no AND w.definition_no = h.definition_no AND w.episode_no = h.episode_no
), tally AS (
  SELECT person_no, definition_no, max(low) AS low, max(high) AS high, min(met_on) AS met_on, min(possible_on) AS possible_on,
         max(CASE WHEN high > 0 THEN episode_no END) AS episode_no, sum(CASE WHEN high > 0 THEN 1 ELSE 0 END) AS episodes,
         CAST(bit_or(enough) AS BIGINT) AS enough,
         sum(no_episode) AS no_episode, max(unknown) AS unknown, max(low_anyhow) AS low_anyhow, max(measured_low) AS measured_low, max(measured_high) AS measured_high
  FROM per_episode GROUP BY person_no, definition_no
), ranked AS (
  SELECT e.person_no, e.definition_no, e.episode_no,
         row_number() OVER (PARTITION BY e.person_no, e.definition_no
                            ORDER BY CASE WHEN e.met_on IS NULL THEN 1 ELSE 0 END, e.met_on, e.high DESC, e.low DESC, e.episode_no DESC) AS nth
  FROM per_episode AS e
  JOIN tally AS t ON t.person_no = e.person_no AND t.definition_no = e.definition_no AND t.episodes > 1
), anywhere AS (  -- one thing in two episodes is one thing
  SELECT person_no, definition_no, sum(no_episode) AS no_episode FROM (
    SELECT m.person_no, m.definition_no, m.counted_as, max(m.may_be) AS no_episode
    FROM merged AS m JOIN spread AS s ON s.person_no = m.person_no AND s.episodes = 1
    WHERE m.flags & 128 > 0 GROUP BY m.person_no, m.definition_no, m.counted_as
  ) AS once GROUP BY person_no, definition_no
), used AS (  -- every person who took a drug of the definition; where nothing counts, the last episode with one decides
  SELECT n.person_no, r.definition_no, max(u.episode_no) AS last_episode
  FROM assess.first_use AS u
  JOIN assess.person_no AS n ON n.person_id = u.person_id
  JOIN assess.rule AS r ON r.agent_set = u.agent_set AND r.family = 'failures' AND (u.episode_no = 0 OR r.episode <> 'none')
  GROUP BY n.person_no, r.definition_no
), looked_at AS (
  SELECT coalesce(u.person_no, t.person_no) AS person_no, coalesce(u.definition_no, t.definition_no) AS definition_no, t.low, t.high, t.met_on, t.possible_on,
         coalesce(t.episode_no, nullif(u.last_episode, CASE WHEN r.episode = 'none' THEN -1 ELSE 0 END)) AS episode_no, t.enough, t.no_episode, t.unknown, t.low_anyhow, t.measured_low, t.measured_high, coalesce(r.needed, 1) AS needed, r.windowed, r.agent_set, r.judged_as
  FROM used AS u
  FULL OUTER JOIN tally AS t ON t.person_no = u.person_no AND t.definition_no = u.definition_no
  JOIN assess.rule AS r ON r.definition_no = coalesce(u.definition_no, t.definition_no)
)
SELECT n.person_id, t.definition_no, CAST(coalesce(t.low, 0) AS BIGINT) AS low, CAST(coalesce(t.high, 0) AS BIGINT) AS high,
       CAST(t.met_on AS DATE) AS met_on, CAST(t.possible_on AS DATE) AS possible_on,
       CAST(coalesce(k.episode_no, t.episode_no) AS BIGINT) AS episode_no, f.index_date,
       CAST(CASE WHEN t.enough & 4 > 0 THEN 'response' WHEN t.enough & 8 > 0 THEN 'duration' WHEN t.enough & 16 > 0 THEN 'dose'
                 WHEN t.enough & 32 > 0 THEN 'stop' WHEN t.enough & 64 > 0 THEN 'adherence' WHEN t.enough & 256 > 0 THEN 'window'
                 WHEN coalesce(o.no_episode, t.no_episode) >= t.needed THEN 'episode' ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE t.unknown WHEN 6 THEN 'response' WHEN 5 THEN 'duration' WHEN 4 THEN 'dose' WHEN 3 THEN 'stop' WHEN 2 THEN 'adherence'
            ELSE CASE WHEN t.windowed AND t.low_anyhow >= t.needed THEN 'window' END END AS VARCHAR) AS unknown_by,
       CAST(coalesce(t.measured_low, 0) AS BIGINT) AS measured_low, CAST(coalesce(t.measured_high, 0) AS BIGINT) AS measured_high
FROM looked_at AS t
JOIN assess.person_no AS n ON n.person_no = t.person_no
LEFT JOIN ranked AS k ON k.person_no = t.person_no AND k.definition_no = t.definition_no AND k.nth = 1
LEFT JOIN assess.first_use AS f ON f.person_id = n.person_id AND f.agent_set = t.agent_set AND f.episode_no = coalesce(k.episode_no, t.episode_no)
LEFT JOIN anywhere AS o ON o.person_no = t.person_no AND o.definition_no = t.judged_as
