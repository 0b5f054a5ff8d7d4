-- finding_bipolar: one row is one person and one indicator of the bipolar spectrum that is worked out from more than one sign, or one
-- screening scale as the probability after its result.
--   person_id, finding   the check
--   subject       '' or the screening scale
--   source        'record'
--   grp, place    bipolar, order on the page
--   present       true, false; null: not known; always null for a screening scale: a probability decides nothing
--   value, unit   what was found; for a scale the probability of bipolar disorder after its result, %
--   threshold     what it is held against; for a scale its cut-off and the prevalence that is taken
--   says, settles    what the page says, and what would settle it
--   measurement_id, basis_id   the row it rests on
--   knowledge_status   weakest status of the facts behind it
WITH mania_start AS (
  SELECT c.person_id, c.condition_id, c.start_earliest, c.start_latest
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  WHERE c.condition = 'mania' AND coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
), taken AS (  -- antidepressants with the days on which they were certainly and possibly taken
  SELECT t.person_id, t.trial_id, t.agent, t.era_no, t.may_start, t.may_end, t.improvement_pct, t.stop_reason
  FROM assess.trial AS t
  JOIN knowledge.agent AS k ON k.agent = t.agent AND k.role = 'antidepressant'
  WHERE t.kind = 'drug'
), under AS (
  SELECT m.person_id, max(CASE WHEN m.start_earliest >= p.start_date AND m.start_latest <= p.end_date THEN 1 ELSE 0 END) AS sure, min(m.condition_id) AS condition_id
  FROM mania_start AS m
  JOIN taken AS t ON t.person_id = m.person_id
  LEFT JOIN assess.piece AS p ON p.person_id = t.person_id AND p.agent = t.agent AND p.era_no = t.era_no
  WHERE coalesce(m.start_latest >= t.may_start AND m.start_earliest <= t.may_end, TRUE)
  GROUP BY m.person_id
), outcome AS (
  SELECT person_id, max(CASE WHEN improvement_pct < 0 THEN 1 ELSE 0 END) AS worse,
         max(CASE WHEN improvement_pct >= 0 OR stop_reason = 'remission' THEN 0 ELSE 1 END) AS open,
         min(CASE WHEN improvement_pct < 0 THEN trial_id END) AS trial_id
  FROM taken GROUP BY person_id
), recent AS (
  SELECT e.person_id, count(*) AS number,
         sum(CASE WHEN date_diff('day', e.start_date, a.anchor) < g.value THEN 1 ELSE 0 END) AS within_a_year
  FROM assess.episode AS e
  JOIN assess.as_of AS a ON a.person_id = e.person_id
  JOIN knowledge.parameter AS g ON g.parameter = 'rapid_cycling_days'
  GROUP BY e.person_id
), undated AS (
  SELECT DISTINCT c.person_id
  FROM record.condition AS c JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND c.start_earliest IS NULL
), judged AS (
  SELECT a.person_id, 'bipolar_induced' AS finding, CASE WHEN s.present OR u.sure = 1 THEN TRUE WHEN u.person_id IS NULL AND s.person_id IS NULL AND c.kept AND x.kept THEN FALSE
                                                         WHEN u.person_id IS NULL AND NOT s.present AND c.kept AND x.kept THEN FALSE END AS present,
         coalesce(CASE WHEN s.present THEN s.basis END, CASE WHEN u.sure = 1 THEN 'mania began under an antidepressant' END) AS value,
         CAST(NULL AS VARCHAR) AS threshold, coalesce(CASE WHEN s.present THEN s.row_id END, u.condition_id) AS basis_id, 'transcribed' AS knowledge_status
  FROM assess.as_of AS a
  JOIN assess.kept AS c ON c.person_id = a.person_id AND c.table_name = 'condition'
  JOIN assess.kept AS x ON x.person_id = a.person_id AND x.table_name = 'exposure'
  LEFT JOIN assess.sign AS s ON s.person_id = a.person_id AND s.sign = 'induced_mania'
  LEFT JOIN under AS u ON u.person_id = a.person_id
  UNION ALL
  SELECT a.person_id, 'bipolar_atypical', CASE WHEN r.present OR i.present THEN TRUE WHEN NOT i.present OR NOT r.present THEN FALSE END,
         coalesce(CASE WHEN r.present THEN r.basis END, i.basis), NULL, coalesce(CASE WHEN r.present THEN r.row_id END, i.row_id), 'transcribed'
  FROM assess.as_of AS a
  LEFT JOIN assess.sign AS r ON r.person_id = a.person_id AND r.sign = 'atypical'
  LEFT JOIN assess.sign AS i ON i.person_id = a.person_id AND i.sign = 'atypical_ids'
  UNION ALL
  SELECT a.person_id, 'bipolar_rapid_cycling', CASE WHEN e.within_a_year >= g.value THEN TRUE WHEN c.kept AND a.as_of IS NOT NULL AND u.person_id IS NULL THEN FALSE END,
         CAST(e.within_a_year AS VARCHAR), 'at least ' || CAST(CAST(g.value AS BIGINT) AS VARCHAR) || ' episodes within a year', NULL, g.knowledge_status
  FROM assess.as_of AS a
  JOIN assess.kept AS c ON c.person_id = a.person_id AND c.table_name = 'condition'
  JOIN knowledge.parameter AS g ON g.parameter = 'rapid_cycling_episodes'
  LEFT JOIN recent AS e ON e.person_id = a.person_id
  LEFT JOIN undated AS u ON u.person_id = a.person_id
  UNION ALL
  SELECT a.person_id, 'bipolar_worsening', CASE WHEN o.worse = 1 THEN TRUE WHEN o.open = 0 THEN FALSE END,
         CASE WHEN o.worse = 1 THEN 'improvement below 0 %' END, NULL, o.trial_id, 'transcribed'
  FROM assess.as_of AS a LEFT JOIN outcome AS o ON o.person_id = a.person_id
  UNION ALL
  SELECT person_id, 'bipolar_traits', CAST(NULL AS BOOLEAN), NULL, NULL, NULL, 'transcribed' FROM assess.as_of
), latest AS (  -- several latest ratings of a scale: from the smallest to the largest
  SELECT person_id, measure, min(rating_id) AS rating_id, min(low) AS low, max(high) AS high
  FROM assess.rating WHERE last AND reason IS NULL GROUP BY person_id, measure
), screened AS (  -- the probability after the result: by the sensitivity at or above the cut-off, by what is missed below it
  SELECT r.person_id, r.measure, r.rating_id, r.low, r.high, s.at_least, g.value AS prevalence,
         CASE WHEN r.low >= s.at_least THEN 100 * g.value * s.sensitivity / nullif(g.value * s.sensitivity + (1 - g.value) * (1 - s.specificity), 0)
              WHEN r.high < s.at_least THEN 100 * g.value * (1 - s.sensitivity) / nullif(g.value * (1 - s.sensitivity) + (1 - g.value) * s.specificity, 0) END AS after_pct,
         CASE WHEN s.knowledge_status = 'recalled' OR g.knowledge_status = 'recalled' THEN 'recalled' ELSE 'transcribed' END AS knowledge_status
  FROM latest AS r
  JOIN knowledge.screening_accuracy AS s ON s.scale = r.measure
  JOIN knowledge.parameter AS g ON g.parameter = 'bipolar_prevalence'
), row_of AS (
  SELECT person_id, finding, '' AS subject, present, value, CAST(NULL AS VARCHAR) AS unit, threshold, CAST(NULL AS VARCHAR) AS measurement_id, basis_id, knowledge_status FROM judged
  UNION ALL
  SELECT person_id, 'bipolar_screen', measure, NULL, CAST(CAST(after_pct AS BIGINT) AS VARCHAR), '%',
         'cut-off ' || CAST(CAST(at_least AS BIGINT) AS VARCHAR) || ', if ' || CAST(CAST(prevalence * 100 AS BIGINT) AS VARCHAR) || ' % of such patients are bipolar',
         rating_id, NULL, knowledge_status
  FROM screened
)
SELECT r.person_id, CAST(r.finding AS VARCHAR) AS finding, CAST(r.subject AS VARCHAR) AS subject, CAST('record' AS VARCHAR) AS source, CAST(f.grp AS VARCHAR) AS grp,
       CAST(f.place AS BIGINT) AS place, CAST(r.present AS BOOLEAN) AS present, CAST(r.value AS VARCHAR) AS value, CAST(r.unit AS VARCHAR) AS unit,
       CAST(r.threshold AS VARCHAR) AS threshold,
       CAST(CASE WHEN r.present THEN f.says_present WHEN NOT r.present THEN f.says_absent ELSE f.says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN r.present IS NULL THEN f.settles END AS VARCHAR) AS settles,
       CAST(r.measurement_id AS VARCHAR) AS measurement_id, CAST(r.basis_id AS VARCHAR) AS basis_id, CAST(r.knowledge_status AS VARCHAR) AS knowledge_status
FROM row_of AS r
JOIN knowledge.finding AS f ON f.finding = r.finding
