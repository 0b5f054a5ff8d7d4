-- gate: one row is one person and one definition that asks more of the person than a count.
--   person_id, definition_no
--   admits       do all gates that say whom the definition speaks about let the person in
--   holds        do all other gates hold
--   refused_by, open_by   the first gate that does not admit or hold, and the first that is not known, in words
WITH wanted AS (
  SELECT CAST(row_number() OVER (ORDER BY r.definition_no, g.gate, g.subject) AS BIGINT) AS gate_no, r.definition_no,
         coalesce(CASE WHEN g.gate = 'no_effective' THEN g.subject END, r.agent_set) AS agent_set, r.family,
         CASE WHEN r.family IN ('switches', 'window') OR r.episode = 'none' THEN 0 ELSE r.definition_no END AS look_no, g.gate, g.subject, g.value, g.acts_on, g.says
  FROM knowledge.definition_gate AS g JOIN assess.rule AS r ON r.definition = g.definition
), look AS (  -- first uses that a limit of age asks for: of the whole record (look_no 0), or of the episode that decides a definition
  SELECT DISTINCT look_no, agent_set FROM wanted WHERE gate IN ('min_age', 'max_age')
), begun AS (
  SELECT u.person_id, u.agent_set, u.episode_no,
         EXTRACT(YEAR FROM u.index_low) - EXTRACT(YEAR FROM p.birth_latest)
           - CASE WHEN EXTRACT(MONTH FROM u.index_low) * 100 + EXTRACT(DAY FROM u.index_low) < EXTRACT(MONTH FROM p.birth_latest) * 100 + EXTRACT(DAY FROM p.birth_latest)
                  THEN 1 ELSE 0 END AS youngest,
         EXTRACT(YEAR FROM u.index_high) - EXTRACT(YEAR FROM p.birth_earliest)
           - CASE WHEN EXTRACT(MONTH FROM u.index_high) * 100 + EXTRACT(DAY FROM u.index_high) < EXTRACT(MONTH FROM p.birth_earliest) * 100 + EXTRACT(DAY FROM p.birth_earliest)
                  THEN 1 ELSE 0 END AS oldest
  FROM assess.first_use AS u JOIN record.person AS p ON p.person_id = u.person_id
), deciding AS (
  SELECT c.person_id, c.definition_no AS look_no, c.episode_no FROM assess.counted AS c JOIN look AS l ON l.look_no = c.definition_no
), aged AS (  -- as young and as old as the person may have been when the first drug was begun, else at as_of
  SELECT a.person_id, l.look_no, l.agent_set, CASE WHEN a.as_of IS NOT NULL THEN coalesce(u.youngest, a.age_low) END AS youngest,
         CASE WHEN a.as_of IS NOT NULL THEN coalesce(u.oldest, a.age_high) END AS oldest
  FROM assess.as_of AS a
  CROSS JOIN look AS l
  LEFT JOIN deciding AS d ON d.person_id = a.person_id AND d.look_no = l.look_no
  LEFT JOIN begun AS u ON u.person_id = a.person_id AND u.agent_set = l.agent_set AND u.episode_no = CASE WHEN l.look_no = 0 THEN 0 ELSE d.episode_no END
), rated AS (
  SELECT m.person_id, w.gate_no, m.date_latest, m.value, m.date_latest >= CASE WHEN w.family = 'scores' THEN e.reckoned_from ELSE c.possible_on END AS after_it,
         m.date_latest <= c.index_date AS before_it
  FROM wanted AS w
  JOIN record.measurement AS m ON m.measure = w.subject AND coalesce(m.sign, '=') = '='
  JOIN assess.as_of AS a ON a.person_id = m.person_id AND m.date_earliest <= a.anchor
  LEFT JOIN assess.counted AS c ON c.person_id = m.person_id AND c.definition_no = w.definition_no
  LEFT JOIN assess.episode AS e ON e.person_id = m.person_id AND e.is_last
  WHERE w.gate IN ('rating_at_least', 'rating_drop_below') AND m.value IS NOT NULL
), last_day AS (
  SELECT person_id, gate_no, max(CASE WHEN after_it THEN date_latest END) AS last_on, max(CASE WHEN before_it THEN date_latest END) AS base_on,
         min(CASE WHEN NOT coalesce(before_it, FALSE) THEN date_latest END) AS first_on
  FROM rated GROUP BY person_id, gate_no
), rating AS (
  SELECT r.person_id, r.gate_no,
         min(CASE WHEN r.date_latest = d.last_on THEN r.value END) AS last_low, max(CASE WHEN r.date_latest = d.last_on THEN r.value END) AS last_high,
         min(CASE WHEN r.date_latest = coalesce(d.base_on, d.first_on) AND d.last_on <> coalesce(d.base_on, d.first_on) THEN r.value END) AS base_low,
         max(CASE WHEN r.date_latest = coalesce(d.base_on, d.first_on) AND d.last_on <> coalesce(d.base_on, d.first_on) THEN r.value END) AS base_high
  FROM rated AS r
  JOIN last_day AS d ON d.person_id = r.person_id AND d.gate_no = r.gate_no
  GROUP BY r.person_id, r.gate_no
), effective AS (
  SELECT t.person_id, w.gate_no, max(CASE WHEN t.improvement_pct >= w.value OR t.stop_reason = 'remission' THEN 1 ELSE 0 END) AS helped,
         max(CASE WHEN t.improvement_pct IS NOT NULL OR t.stop_reason = 'remission' OR (t.stop_reason = 'inefficacy' AND w.value >= 50) THEN 0 ELSE 1 END) AS unknown
  FROM assess.trial AS t
  JOIN knowledge.agent_set AS s ON s.agent = t.agent
  JOIN wanted AS w ON w.agent_set = s.agent_set AND w.gate = 'no_effective'
  WHERE t.kind = 'drug' GROUP BY t.person_id, w.gate_no
), course AS (
  SELECT DISTINCT c.person_id, s.procedure_set FROM assess.course AS c JOIN knowledge.procedure_set AS s ON s.procedure = c.procedure
), episodes AS (
  SELECT person_id, count(*) AS number FROM assess.episode GROUP BY person_id
), judged AS (
  SELECT a.person_id, w.gate_no,
         CASE WHEN w.gate = 'min_age' THEN CASE WHEN a.youngest >= w.value THEN TRUE WHEN a.oldest < w.value THEN FALSE END
              ELSE CASE WHEN a.oldest <= w.value THEN TRUE WHEN a.youngest > w.value THEN FALSE END END AS truth
  FROM aged AS a JOIN wanted AS w ON w.look_no = a.look_no AND w.agent_set = a.agent_set AND w.gate IN ('min_age', 'max_age')
  UNION ALL
  SELECT a.person_id, w.gate_no, CASE WHEN v.low >= w.value THEN TRUE WHEN v.high < w.value THEN FALSE END
  FROM assess.as_of AS a
  JOIN wanted AS w ON w.gate = 'severity_at_least'
  LEFT JOIN assess.score AS v ON v.person_id = a.person_id AND v.instrument = 'maudsley' AND v.item = 'severity'
  UNION ALL
  SELECT a.person_id, w.gate_no,
         CASE WHEN w.gate = 'rating_at_least' THEN CASE WHEN r.last_low >= w.value THEN TRUE WHEN r.last_high < w.value THEN FALSE END
              WHEN (r.base_high - r.last_low) * 100 < w.value * r.base_high AND r.base_low > 0 THEN TRUE
              WHEN (r.base_low - r.last_high) * 100 >= w.value * r.base_low AND r.base_low > 0 THEN FALSE END
  FROM assess.as_of AS a
  JOIN wanted AS w ON w.gate IN ('rating_at_least', 'rating_drop_below')
  LEFT JOIN rating AS r ON r.person_id = a.person_id AND r.gate_no = w.gate_no
  UNION ALL
  SELECT x.person_id, w.gate_no, CASE WHEN f.measured_low >= w.value THEN TRUE WHEN x.kept AND coalesce(f.measured_high, 0) < w.value THEN FALSE END
  FROM assess.kept AS x
  JOIN wanted AS w ON w.gate = 'measured_failure'
  LEFT JOIN assess.count_failures AS f ON f.person_id = x.person_id AND f.definition_no = w.definition_no
  WHERE x.table_name = 'exposure'
  UNION ALL
  SELECT x.person_id, w.gate_no, CASE WHEN e.helped = 1 THEN FALSE WHEN x.kept AND coalesce(e.unknown, 0) = 0 THEN TRUE END
  FROM assess.kept AS x
  JOIN wanted AS w ON w.gate = 'no_effective'
  LEFT JOIN effective AS e ON e.person_id = x.person_id AND e.gate_no = w.gate_no
  WHERE x.table_name = 'exposure'
  UNION ALL
  SELECT o.person_id, w.gate_no, CASE WHEN w.gate = 'no_procedure' THEN c.person_id IS NULL WHEN c.person_id IS NOT NULL THEN TRUE WHEN o.kept THEN FALSE END
  FROM assess.kept AS o
  JOIN wanted AS w ON w.gate IN ('no_procedure', 'has_procedure')
  LEFT JOIN course AS c ON c.person_id = o.person_id AND c.procedure_set = w.subject
  WHERE o.table_name = 'procedure'
  UNION ALL
  SELECT a.person_id, w.gate_no, CASE WHEN n.number >= w.value THEN TRUE END
  FROM assess.as_of AS a
  JOIN wanted AS w ON w.gate = 'recurrent'
  LEFT JOIN episodes AS n ON n.person_id = a.person_id
), tally AS (  -- of what does not hold, or is not known
  SELECT j.person_id, w.definition_no,
         max(CASE WHEN w.acts_on = 'eligible' AND NOT j.truth THEN 1 ELSE 0 END) AS refused, max(CASE WHEN w.acts_on = 'eligible' AND j.truth IS NULL THEN 1 ELSE 0 END) AS open,
         max(CASE WHEN w.acts_on = 'met' AND NOT j.truth THEN 1 ELSE 0 END) AS failed, max(CASE WHEN w.acts_on = 'met' AND j.truth IS NULL THEN 1 ELSE 0 END) AS unsure,
         coalesce(min(CASE WHEN NOT j.truth AND w.acts_on = 'eligible' THEN w.says END), min(CASE WHEN NOT j.truth THEN w.says END)) AS refused_by,
         min(CASE WHEN j.truth IS NULL THEN w.says END) AS open_by
  FROM judged AS j JOIN wanted AS w ON w.gate_no = j.gate_no
  WHERE NOT coalesce(j.truth, FALSE) GROUP BY j.person_id, w.definition_no
)
SELECT a.person_id, d.definition_no,
       CAST(CASE WHEN t.refused = 1 THEN FALSE WHEN coalesce(t.open, 0) = 0 THEN TRUE END AS BOOLEAN) AS admits,
       CAST(CASE WHEN t.failed = 1 THEN FALSE WHEN coalesce(t.unsure, 0) = 0 THEN TRUE END AS BOOLEAN) AS holds,
       CAST(t.refused_by AS VARCHAR) AS refused_by, CAST(t.open_by AS VARCHAR) AS open_by
FROM assess.as_of AS a
CROSS JOIN (SELECT DISTINCT definition_no FROM wanted) AS d
LEFT JOIN tally AS t ON t.person_id = a.person_id AND t.definition_no = d.definition_no
