-- gate: one row is one person and one definition that asks more of the person than a count.
--   person_id, definition_no
--   admits       do all gates that say whom the definition speaks about let the person in
--   holds        do all other gates hold
--   refused_by, open_by   the first gate that does not admit or hold, and the first that is not known, in words
WITH wanted AS (
  SELECT r.definition_no, coalesce(CASE WHEN g.gate = 'no_effective' THEN g.subject END, r.agent_set) AS agent_set, r.agent_set AS index_set, r.family,
         CASE WHEN r.family IN ('switches', 'window') OR r.episode = 'none' THEN 0 END AS whole_record, g.gate, g.subject, g.value, g.acts_on, g.says
  FROM knowledge.definition_gate AS g JOIN assess.rule AS r ON r.definition = g.definition
), asked AS (
  SELECT a.person_id, a.anchor, c.index_date, CASE WHEN a.as_of IS NOT NULL THEN coalesce(u.index_low, a.as_of) END AS index_low,
         CASE WHEN a.as_of IS NOT NULL THEN coalesce(u.index_high, a.as_of) END AS index_high,
         CASE WHEN w.family = 'scores' THEN e.reckoned_from ELSE c.possible_on END AS possible_on, p.birth_earliest, p.birth_latest, w.*
  FROM assess.as_of AS a
  CROSS JOIN wanted AS w
  JOIN record.person AS p ON p.person_id = a.person_id
  LEFT JOIN assess.counted AS c ON c.person_id = a.person_id AND c.definition_no = w.definition_no
  LEFT JOIN assess.episode AS e ON e.person_id = a.person_id AND e.is_last
  LEFT JOIN assess.first_use AS u ON u.person_id = a.person_id AND u.agent_set = w.index_set AND u.episode_no = coalesce(w.whole_record, c.episode_no)
    AND w.gate IN ('min_age', 'max_age')
), aged AS (  -- as young and as old as the person may have been when the first drug was begun
  SELECT person_id, definition_no, acts_on, says, gate, value,
         EXTRACT(YEAR FROM index_low) - EXTRACT(YEAR FROM birth_latest)
           - CASE WHEN EXTRACT(MONTH FROM index_low) * 100 + EXTRACT(DAY FROM index_low) < EXTRACT(MONTH FROM birth_latest) * 100 + EXTRACT(DAY FROM birth_latest)
                  THEN 1 ELSE 0 END AS youngest,
         EXTRACT(YEAR FROM index_high) - EXTRACT(YEAR FROM birth_earliest)
           - CASE WHEN EXTRACT(MONTH FROM index_high) * 100 + EXTRACT(DAY FROM index_high) < EXTRACT(MONTH FROM birth_earliest) * 100 + EXTRACT(DAY FROM birth_earliest)
                  THEN 1 ELSE 0 END AS oldest
  FROM asked WHERE gate IN ('min_age', 'max_age')
), rated AS (
  SELECT q.person_id, q.definition_no, q.gate, q.subject, m.measurement_id, m.date_latest, m.value, m.date_latest >= q.possible_on AS after_it,
         m.date_latest <= q.index_date AS before_it
  FROM asked AS q
  JOIN record.measurement AS m ON m.person_id = q.person_id AND m.measure = q.subject AND coalesce(m.sign, '=') = '=' AND m.date_earliest <= q.anchor
  WHERE q.gate IN ('rating_at_least', 'rating_drop_below') AND m.value IS NOT NULL
), last_day AS (
  SELECT person_id, definition_no, gate, subject, max(CASE WHEN after_it THEN date_latest END) AS last_on, max(CASE WHEN before_it THEN date_latest END) AS base_on,
         min(CASE WHEN NOT coalesce(before_it, FALSE) THEN date_latest END) AS first_on
  FROM rated GROUP BY person_id, definition_no, gate, subject
), rating AS (
  SELECT r.person_id, r.definition_no, r.gate, r.subject,
         min(CASE WHEN r.date_latest = d.last_on THEN r.value END) AS last_low, max(CASE WHEN r.date_latest = d.last_on THEN r.value END) AS last_high,
         min(CASE WHEN r.date_latest = coalesce(d.base_on, d.first_on) AND d.last_on <> coalesce(d.base_on, d.first_on) THEN r.value END) AS base_low,
         max(CASE WHEN r.date_latest = coalesce(d.base_on, d.first_on) AND d.last_on <> coalesce(d.base_on, d.first_on) THEN r.value END) AS base_high
  FROM rated AS r
  JOIN last_day AS d ON d.person_id = r.person_id AND d.definition_no = r.definition_no AND d.gate = r.gate AND d.subject = r.subject
  GROUP BY r.person_id, r.definition_no, r.gate, r.subject
), effective AS (
  SELECT t.person_id, w.definition_no, w.agent_set, w.value, max(CASE WHEN t.improvement_pct >= w.value OR t.stop_reason = 'remission' THEN 1 ELSE 0 END) AS helped,
         max(CASE WHEN t.improvement_pct IS NOT NULL OR t.stop_reason = 'remission' OR (t.stop_reason = 'inefficacy' AND w.value >= 50) THEN 0 ELSE 1 END) AS unknown
  FROM assess.trial AS t
  JOIN knowledge.agent_set AS s ON s.agent = t.agent
  JOIN wanted AS w ON w.agent_set = s.agent_set AND w.gate = 'no_effective'
  WHERE t.kind = 'drug' GROUP BY t.person_id, w.definition_no, w.agent_set, w.value
), course AS (
  SELECT DISTINCT c.person_id, s.procedure_set FROM assess.course AS c JOIN knowledge.procedure_set AS s ON s.procedure = c.procedure
), episodes AS (
  SELECT person_id, count(*) AS number FROM assess.episode GROUP BY person_id
), severity AS (
  SELECT person_id, low, high FROM assess.score WHERE instrument = 'maudsley' AND item = 'severity'
), judged AS (
  SELECT person_id, definition_no, acts_on, says,
         CASE WHEN gate = 'min_age' THEN CASE WHEN youngest >= value THEN TRUE WHEN oldest < value THEN FALSE END
              ELSE CASE WHEN oldest <= value THEN TRUE WHEN youngest > value THEN FALSE END END AS truth
  FROM aged
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says, CASE WHEN v.low >= q.value THEN TRUE WHEN v.high < q.value THEN FALSE END
  FROM asked AS q LEFT JOIN severity AS v ON v.person_id = q.person_id WHERE q.gate = 'severity_at_least'
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says,
         CASE WHEN q.gate = 'rating_at_least' THEN CASE WHEN r.last_low >= q.value THEN TRUE WHEN r.last_high < q.value THEN FALSE END
              WHEN (r.base_high - r.last_low) * 100 < q.value * r.base_high AND r.base_low > 0 THEN TRUE
              WHEN (r.base_low - r.last_high) * 100 >= q.value * r.base_low AND r.base_low > 0 THEN FALSE END
  FROM asked AS q LEFT JOIN rating AS r ON r.person_id = q.person_id AND r.definition_no = q.definition_no AND r.gate = q.gate AND r.subject = q.subject
  WHERE q.gate IN ('rating_at_least', 'rating_drop_below')
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says, CASE WHEN f.measured_low >= q.value THEN TRUE WHEN x.kept AND coalesce(f.measured_high, 0) < q.value THEN FALSE END
  FROM asked AS q
  JOIN assess.kept AS x ON x.person_id = q.person_id AND x.table_name = 'exposure'
  LEFT JOIN assess.count_failures AS f ON f.person_id = q.person_id AND f.definition_no = q.definition_no WHERE q.gate = 'measured_failure'
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says, CASE WHEN e.helped = 1 THEN FALSE WHEN x.kept AND coalesce(e.unknown, 0) = 0 THEN TRUE END
  FROM asked AS q
  JOIN assess.kept AS x ON x.person_id = q.person_id AND x.table_name = 'exposure'
  LEFT JOIN effective AS e ON e.person_id = q.person_id AND e.definition_no = q.definition_no AND e.agent_set = q.agent_set AND e.value = q.value
  WHERE q.gate = 'no_effective'
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says,
         CASE WHEN q.gate = 'no_procedure' THEN c.person_id IS NULL WHEN c.person_id IS NOT NULL THEN TRUE WHEN o.kept THEN FALSE END
  FROM asked AS q
  JOIN assess.kept AS o ON o.person_id = q.person_id AND o.table_name = 'procedure'
  LEFT JOIN course AS c ON c.person_id = q.person_id AND c.procedure_set = q.subject WHERE q.gate IN ('no_procedure', 'has_procedure')
  UNION ALL
  SELECT q.person_id, q.definition_no, q.acts_on, q.says, CASE WHEN n.number >= q.value THEN TRUE END
  FROM asked AS q LEFT JOIN episodes AS n ON n.person_id = q.person_id WHERE q.gate = 'recurrent'
), tally AS (
  SELECT person_id, definition_no,
         max(CASE WHEN acts_on = 'eligible' AND NOT truth THEN 1 ELSE 0 END) AS refused, max(CASE WHEN acts_on = 'eligible' AND truth IS NULL THEN 1 ELSE 0 END) AS open,
         max(CASE WHEN acts_on = 'met' AND NOT truth THEN 1 ELSE 0 END) AS failed, max(CASE WHEN acts_on = 'met' AND truth IS NULL THEN 1 ELSE 0 END) AS unsure,
         coalesce(min(CASE WHEN NOT truth AND acts_on = 'eligible' THEN says END), min(CASE WHEN NOT truth THEN says END)) AS refused_by,
         min(CASE WHEN truth IS NULL THEN says END) AS open_by
  FROM judged GROUP BY person_id, definition_no
)
SELECT person_id, definition_no,
       CAST(CASE WHEN refused = 1 THEN FALSE WHEN open = 0 THEN TRUE END AS BOOLEAN) AS admits,
       CAST(CASE WHEN failed = 1 THEN FALSE WHEN unsure = 0 THEN TRUE END AS BOOLEAN) AS holds,
       CAST(refused_by AS VARCHAR) AS refused_by, CAST(open_by AS VARCHAR) AS open_by
FROM tally
