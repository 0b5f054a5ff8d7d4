-- verdict: one row is one person and one definition of treatment-resistant depression.
--   person_id, definition
--   eligible       does the definition speak about this person: depression diagnosed, no exclusion recorded
--   met            true, false or null: not known
--   failed_low, failed_high   what certainly and possibly counts (failures, switches, entry days, a cut-off); null: no upper bound known
--   needed         how many are needed; null: the paper does not say
--   met_on         first day on which it is certain; null unless met
--   possible_on    first day on which it is possible; null when not possible
--   index_date     the day time to resistance runs from: first antidepressant (of the deciding episode)
--   observed_from, observed_to   first and last observed day
--   episode_id     the deciding episode, where the definition looks at episodes
--   clause         why not: the clause whose removal alone would be enough, or 'number', or what makes the person not eligible;
--                  if met is null, the clause that is not known; null when met
--   assumes        what was taken for granted
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH fact AS (  -- status of every knowledge row that a definition rests on, weakest last
  SELECT definition, knowledge_status FROM knowledge.definition
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.adequacy_rule AS r ON r.adequacy_rule = d.adequacy_rule
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.failure_rule AS r ON r.failure_rule = d.failure_rule
  UNION ALL SELECT definition, knowledge_status FROM knowledge.definition_exclusion
  UNION ALL SELECT definition, knowledge_status FROM knowledge.definition_gate
  UNION ALL SELECT definition, knowledge_status FROM knowledge.switch_rule
  UNION ALL SELECT definition, knowledge_status FROM knowledge.window_rule
  UNION ALL SELECT definition, knowledge_status FROM knowledge.score_rule
  UNION ALL SELECT s.definition, i.knowledge_status FROM knowledge.score_rule AS s JOIN knowledge.instrument_rule AS i ON i.instrument = s.instrument
), status AS (
  SELECT definition, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM fact GROUP BY definition
), person AS (
  SELECT a.person_id, a.as_of, a.observed_from, a.observed_to, p.pattern, k.kept, o.kept AS courses_kept
  FROM assess.as_of AS a
  JOIN assess.profile AS p ON p.person_id = a.person_id
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.kept AS o ON o.person_id = a.person_id AND o.table_name = 'procedure'
), judged AS (
  SELECT p.person_id, p.as_of, p.observed_from, p.observed_to, p.kept OR r.family = 'scores' AS kept, r.definition, r.needed, r.family, e.diagnosed, e.excluded_by, e.assumes, s.weakest,
         coalesce(c.low, 0) AS low, r.family <> 'failures' OR p.courses_kept OR (r.neurostimulation = 'none' AND r.window_from <> 'before_ect') AS courses_kept,
         CASE WHEN c.person_id IS NULL OR c.high IS NOT NULL THEN coalesce(c.high, 0) END AS recorded,
         c.met_on, c.possible_on, c.index_date, c.episode_no, c.blocked_by, c.unknown_by, g.refused_by, g.open_by,
         CASE WHEN r.family = 'window' AND e.excluded_by IS NOT NULL AND coalesce(c.high, 0) = 0 AND p.kept THEN FALSE
              WHEN c.person_id IS NULL THEN e.eligible ELSE e.eligible AND NOT c.excluded END AS spoken_of,
         CASE WHEN g.person_id IS NULL THEN TRUE ELSE g.admits END AS admits,
         CASE WHEN g.person_id IS NULL THEN TRUE ELSE g.holds END AS gates, r.at_most, r.needed IS NULL AS open_number, r.open_ended
  FROM person AS p
  CROSS JOIN assess.rule AS r
  JOIN assess.eligibility AS e ON e.pattern = p.pattern AND e.definition_no = r.definition_no
  JOIN status AS s ON s.definition = r.definition
  LEFT JOIN assess.counted AS c ON c.person_id = p.person_id AND c.definition_no = r.definition_no
  LEFT JOIN assess.gate AS g ON g.person_id = p.person_id AND g.definition_no = r.definition_no
  WHERE r.family <> 'instrument'
), bounded AS (  -- more is possible than the record shows, where a table that counts is not kept
  SELECT *, spoken_of AND admits AS eligible, CASE WHEN kept AND courses_kept AND NOT open_ended THEN recorded END AS high, kept AND courses_kept AND recorded < needed AS too_few
  FROM judged
), reached AS (
  SELECT *, CASE WHEN open_number THEN CASE WHEN high = 0 OR low > at_most THEN FALSE END
                 WHEN low >= needed AND high <= at_most THEN TRUE
                 WHEN low >= needed AND at_most >= 1000000 THEN TRUE
                 WHEN high < needed OR low > at_most THEN FALSE END AS reached
  FROM bounded
), decided AS (
  SELECT *, eligible AND reached AND gates AS met FROM reached
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition, CAST(eligible AS BOOLEAN) AS eligible, CAST(met AS BOOLEAN) AS met,
       CAST(low AS BIGINT) AS failed_low, CAST(high AS BIGINT) AS failed_high, needed,
       CAST(CASE WHEN met AND as_of IS NOT NULL THEN met_on END AS DATE) AS met_on,
       CAST(CASE WHEN coalesce(met, TRUE) AND as_of IS NOT NULL THEN possible_on END AS DATE) AS possible_on,
       CAST(CASE WHEN as_of IS NOT NULL THEN index_date END AS DATE) AS index_date, observed_from, observed_to,
       CAST(CASE WHEN episode_no > 0 THEN person_id || '/episode/' || CAST(episode_no AS VARCHAR) END AS VARCHAR) AS episode_id,
       CAST(CASE WHEN met THEN NULL
                 WHEN NOT diagnosed THEN 'diagnosis'
                 WHEN NOT eligible THEN CASE WHEN coalesce(spoken_of, TRUE) THEN refused_by ELSE excluded_by END
                 WHEN low > at_most THEN 'too many'
                 WHEN NOT reached THEN coalesce(blocked_by, 'number')
                 WHEN NOT gates THEN refused_by
                 WHEN reached IS NULL THEN CASE WHEN open_number THEN 'number' WHEN open_ended AND too_few THEN 'alternative'
                                                WHEN family = 'window' AND unknown_by = 'date' AND NOT kept THEN 'exposure'
                                                WHEN unknown_by <> 'window' THEN unknown_by
                                                WHEN NOT kept OR recorded IS NULL THEN 'exposure' WHEN NOT courses_kept THEN 'procedure'
                                                ELSE coalesce(unknown_by, 'episode') END
                 WHEN spoken_of IS NULL THEN 'diagnosis'
                 ELSE coalesce(open_by, 'diagnosis') END AS VARCHAR) AS clause,
       assumes,
       CAST(CASE weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM decided
