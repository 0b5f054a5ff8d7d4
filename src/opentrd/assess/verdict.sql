-- verdict: one row is one person and one definition of treatment-resistant depression.
--   person_id, definition
--   eligible       does the definition speak about this person: depression diagnosed, no exclusion recorded
--   met            true, false or null: not known
--   failed_low, failed_high   what certainly and possibly counts (failures, switches or entry days); null: no upper bound known
--   needed         how many are needed
--   met_on         first day on which it is certain; null unless met
--   possible_on    first day on which it is possible; null when not possible
--   index_date     the day time to resistance runs from: first antidepressant (of the deciding episode)
--   observed_from, observed_to   first and last observed day
--   episode_id     the deciding episode, where the definition looks at episodes
--   clause         why not: the clause whose removal alone would be enough, or 'number', or what makes the person not eligible;
--                  if met is null, the clause that is not known; null when met
--   assumes        what was taken for granted
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH counted AS (
  SELECT * FROM assess.count_failures
  UNION ALL SELECT * FROM assess.count_switches
  UNION ALL SELECT * FROM assess.count_window
), fact AS (  -- status of every knowledge row that a definition rests on, weakest last
  SELECT definition, knowledge_status FROM knowledge.definition
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.adequacy_rule AS r ON r.adequacy_rule = d.adequacy_rule
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.failure_rule AS r ON r.failure_rule = d.failure_rule
  UNION ALL SELECT definition, knowledge_status FROM knowledge.definition_exclusion
  UNION ALL SELECT definition, knowledge_status FROM knowledge.switch_rule
  UNION ALL SELECT definition, knowledge_status FROM knowledge.window_rule
), status AS (
  SELECT definition, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM fact GROUP BY definition
), judged AS (
  SELECT c.*, CASE WHEN d.family = 'window' AND e.excluded_by IS NOT NULL AND c.failed_high = 0 THEN FALSE
              ELSE e.eligible AND NOT c.excluded END AS eligible,
         e.diagnosed, e.excluded_by, e.assumes,
         CASE WHEN c.failed_low >= c.needed THEN TRUE WHEN c.failed_high < c.needed THEN FALSE END AS reached
  FROM counted AS c
  JOIN assess.eligibility AS e ON e.person_id = c.person_id AND e.definition = c.definition
  JOIN knowledge.definition AS d ON d.definition = c.definition
), decided AS (
  SELECT *, eligible AND reached AS met FROM judged
)
SELECT d.person_id, d.definition, CAST(d.eligible AS BOOLEAN) AS eligible, CAST(d.met AS BOOLEAN) AS met,
       d.failed_low, d.failed_high, d.needed,
       CAST(CASE WHEN d.met THEN d.met_on END AS DATE) AS met_on,
       CAST(CASE WHEN coalesce(d.met, TRUE) THEN d.possible_on END AS DATE) AS possible_on,
       d.index_date, a.observed_from, a.observed_to, d.episode_id,
       CAST(CASE WHEN d.met THEN NULL
                 WHEN NOT d.diagnosed THEN 'diagnosis'
                 WHEN NOT d.eligible THEN d.excluded_by
                 WHEN NOT d.reached THEN d.blocked_by
                 WHEN d.reached IS NULL THEN d.unknown_by
                 ELSE 'diagnosis' END AS VARCHAR) AS clause,
       d.assumes,
       CAST(CASE s.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM decided AS d
JOIN assess.as_of AS a ON a.person_id = d.person_id
JOIN status AS s ON s.definition = d.definition
