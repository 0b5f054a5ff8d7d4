-- count_failures: one row is one person and one definition of the family `failures`: how many failed adequate trials count.
--   person_id, definition, needed
--   failed_low    certainly: the most in one episode
--   failed_high   possibly: the most in one episode; null when the record does not keep exposures
--   met_on        first day on which the needed number is certain (end of the trial that completes it)
--   possible_on   first day on which it is possible
--   episode_id    the deciding episode
--   index_date    start of the first antidepressant trial in it
--   excluded      false: exclusions are a matter of eligibility here
--   blocked_by    the clause whose removal alone lets the possible count reach the threshold, else 'number'
--   unknown_by    the first clause that is null in a trial that only possibly counts
WITH definition AS (
  SELECT definition, needed, agent_set FROM knowledge.definition WHERE family = 'failures'
), counted AS (  -- one row per thing that can count once in one stretch of an episode
  SELECT person_id, definition, episode_id, part_no, counted_as,
         max(CASE WHEN counts THEN 1 ELSE 0 END) AS certain,
         max(CASE WHEN coalesce(counts, TRUE) THEN 1 ELSE 0 END) AS possible,
         min(CASE WHEN counts THEN on_date END) AS certain_on,
         min(CASE WHEN coalesce(counts, TRUE) THEN on_date END) AS possible_on
  FROM assess.judgement WHERE episode_id IS NOT NULL
  GROUP BY person_id, definition, episode_id, part_no, counted_as
), certain AS (
  SELECT person_id, definition, episode_id, part_no, certain_on,
         row_number() OVER (PARTITION BY person_id, definition, episode_id, part_no ORDER BY certain_on, counted_as) AS nth
  FROM counted WHERE certain = 1 AND part_no IS NOT NULL
), certain_episode AS (
  SELECT c.person_id, c.definition, c.episode_id, max(c.nth) AS low, min(CASE WHEN c.nth = d.needed THEN c.certain_on END) AS met_on
  FROM certain AS c JOIN definition AS d ON d.definition = c.definition
  GROUP BY c.person_id, c.definition, c.episode_id
), possible AS (
  SELECT person_id, definition, episode_id, counted_as, min(possible_on) AS possible_on
  FROM counted WHERE possible = 1 GROUP BY person_id, definition, episode_id, counted_as
), possible_ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, definition, episode_id ORDER BY possible_on, counted_as) AS nth FROM possible
), possible_episode AS (
  SELECT p.person_id, p.definition, p.episode_id, max(p.nth) AS high, min(CASE WHEN p.nth = d.needed THEN p.possible_on END) AS possible_on
  FROM possible_ranked AS p JOIN definition AS d ON d.definition = p.definition
  GROUP BY p.person_id, p.definition, p.episode_id
), looked_at AS (
  SELECT DISTINCT person_id, definition, episode_id FROM counted
), per_episode AS (
  SELECT l.person_id, l.definition, l.episode_id, coalesce(c.low, 0) AS low, coalesce(p.high, 0) AS high, c.met_on, p.possible_on
  FROM looked_at AS l
  LEFT JOIN possible_episode AS p ON p.person_id = l.person_id AND p.definition = l.definition AND p.episode_id = l.episode_id
  LEFT JOIN certain_episode AS c ON c.person_id = l.person_id AND c.definition = l.definition AND c.episode_id = l.episode_id
), chosen AS (
  SELECT e.*,
         max(low) OVER (PARTITION BY e.person_id, definition) AS most_low, max(high) OVER (PARTITION BY e.person_id, definition) AS most_high,
         min(met_on) OVER (PARTITION BY e.person_id, definition) AS first_met, min(possible_on) OVER (PARTITION BY e.person_id, definition) AS first_possible,
         row_number() OVER (PARTITION BY e.person_id, definition
                            ORDER BY CASE WHEN met_on IS NULL THEN 1 ELSE 0 END, met_on, high DESC, low DESC, p.episode_no DESC) AS nth
  FROM per_episode AS e LEFT JOIN assess.episode AS p ON p.episode_id = e.episode_id
), freed AS (  -- what would count without one clause
  SELECT person_id, definition, episode_id, counted_as,
         max(CASE WHEN coalesce(dose_ok AND duration_ok AND adherence_ok AND stop_ok AND episode_ok, TRUE) THEN 1 ELSE 0 END) AS no_response,
         max(CASE WHEN coalesce(dose_ok AND adherence_ok AND stop_ok AND response_ok AND episode_ok, TRUE) THEN 1 ELSE 0 END) AS no_duration,
         max(CASE WHEN coalesce(duration_ok AND adherence_ok AND stop_ok AND response_ok AND episode_ok, TRUE) THEN 1 ELSE 0 END) AS no_dose,
         max(CASE WHEN coalesce(dose_ok AND duration_ok AND adherence_ok AND response_ok AND episode_ok, TRUE) THEN 1 ELSE 0 END) AS no_stop,
         max(CASE WHEN coalesce(dose_ok AND duration_ok AND stop_ok AND response_ok AND episode_ok, TRUE) THEN 1 ELSE 0 END) AS no_adherence
  FROM assess.judgement WHERE episode_id IS NOT NULL
  GROUP BY person_id, definition, episode_id, counted_as
), freed_count AS (
  SELECT person_id, definition, max(no_response) AS no_response, max(no_duration) AS no_duration, max(no_dose) AS no_dose,
         max(no_stop) AS no_stop, max(no_adherence) AS no_adherence
  FROM (SELECT person_id, definition, episode_id, sum(no_response) AS no_response, sum(no_duration) AS no_duration, sum(no_dose) AS no_dose,
               sum(no_stop) AS no_stop, sum(no_adherence) AS no_adherence
        FROM freed GROUP BY person_id, definition, episode_id) AS f
  GROUP BY person_id, definition
), anywhere AS (
  SELECT person_id, definition, count(DISTINCT CASE WHEN coalesce(dose_ok AND duration_ok AND adherence_ok AND stop_ok AND response_ok, TRUE)
                                                    THEN counted_as END) AS no_episode,
         max(CASE WHEN counts IS NULL AND response_ok IS NULL THEN 1 ELSE 0 END) AS null_response,
         max(CASE WHEN counts IS NULL AND duration_ok IS NULL THEN 1 ELSE 0 END) AS null_duration,
         max(CASE WHEN counts IS NULL AND dose_ok IS NULL THEN 1 ELSE 0 END) AS null_dose,
         max(CASE WHEN counts IS NULL AND stop_ok IS NULL THEN 1 ELSE 0 END) AS null_stop,
         max(CASE WHEN counts IS NULL AND adherence_ok IS NULL THEN 1 ELSE 0 END) AS null_adherence
  FROM assess.judgement GROUP BY person_id, definition
), first_trial AS (
  SELECT t.person_id, d.definition, t.episode_id, min(t.start_date) AS index_date
  FROM assess.trial AS t CROSS JOIN definition AS d
  JOIN knowledge.agent_set AS s ON s.agent_set = d.agent_set AND s.agent = t.agent
  WHERE t.kind = 'drug' GROUP BY t.person_id, d.definition, t.episode_id
)
SELECT a.person_id, CAST(d.definition AS VARCHAR) AS definition, CAST(d.needed AS BIGINT) AS needed,
       CAST(coalesce(c.most_low, 0) AS BIGINT) AS failed_low,
       CAST(CASE WHEN k.kept THEN coalesce(c.most_high, 0) END AS BIGINT) AS failed_high,
       CAST(c.first_met AS DATE) AS met_on, CAST(c.first_possible AS DATE) AS possible_on,
       CAST(c.episode_id AS VARCHAR) AS episode_id, CAST(f.index_date AS DATE) AS index_date,
       CAST(CASE WHEN r.no_response >= d.needed THEN 'response' WHEN r.no_duration >= d.needed THEN 'duration'
                 WHEN r.no_dose >= d.needed THEN 'dose' WHEN r.no_stop >= d.needed THEN 'stop'
                 WHEN r.no_adherence >= d.needed THEN 'adherence' WHEN n.no_episode >= d.needed THEN 'episode'
                 ELSE 'number' END AS VARCHAR) AS blocked_by,
       CAST(CASE WHEN n.null_response = 1 THEN 'response' WHEN n.null_duration = 1 THEN 'duration' WHEN n.null_dose = 1 THEN 'dose'
                 WHEN n.null_stop = 1 THEN 'stop' WHEN n.null_adherence = 1 THEN 'adherence'
                 WHEN NOT k.kept THEN 'exposure' ELSE 'episode' END AS VARCHAR) AS unknown_by,
       CAST(FALSE AS BOOLEAN) AS excluded
FROM assess.as_of AS a
CROSS JOIN definition AS d
JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
LEFT JOIN chosen AS c ON c.person_id = a.person_id AND c.definition = d.definition AND c.nth = 1
LEFT JOIN freed_count AS r ON r.person_id = a.person_id AND r.definition = d.definition
LEFT JOIN anywhere AS n ON n.person_id = a.person_id AND n.definition = d.definition
LEFT JOIN first_trial AS f ON f.person_id = a.person_id AND f.definition = d.definition AND f.episode_id = c.episode_id
