-- spell: one row is one stretch of depression or its treatment, merged under the rules for episodes.
--   person_id
--   bound       'may': the coarser, possible reading (these are the episodes); 'sure': the finer, certain reading
--   spell_no    number by start. Where diagnoses are not kept at all, the possible reading is one spell: nothing says where an
--               episode ended
--   start_date  first day;  end_date  last day
--   stated      true: from diagnoses whose course is stated; false: chained from dated codes and treatments
--   diagnosed   true: at least one depression row lies in it
--   start_known false: the record does not say when it began
--   is_last     true for the last spell of this reading
--   is_current  true when the last spell is not yet over at as_of: its last day plus the merging gap reaches it
WITH depression AS (
  SELECT c.person_id, c.course, a.anchor, c.start_earliest IS NOT NULL AS start_known,
         coalesce(c.start_earliest, a.first_day, a.anchor) AS may_start,
         coalesce(c.start_latest, a.first_day, a.anchor) AS sure_start,
         CASE c.course WHEN 'open' THEN a.anchor WHEN 'span' THEN c.end_latest ELSE coalesce(c.end_latest, c.start_latest) END AS may_end,
         CASE c.course WHEN 'open' THEN a.anchor WHEN 'span' THEN c.end_earliest ELSE coalesce(c.end_earliest, c.start_earliest) END AS sure_end
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
), mode AS (
  SELECT person_id, max(CASE WHEN course = 'point' THEN 0 ELSE 1 END) = 1 AS stated FROM depression GROUP BY person_id
), treated AS (
  SELECT e.person_id, CAST(NULL AS DATE) AS sure_start, CAST(NULL AS DATE) AS sure_end, e.may_start, e.may_end, o.start_known, 1 AS is_drug
  FROM assess.era AS e
  JOIN knowledge.agent AS k ON k.agent = e.agent AND k.role = 'antidepressant'
  JOIN assess.era_outcome AS o ON o.person_id = e.person_id AND o.agent = e.agent AND o.era_no = e.era_no
  WHERE e.gap_rule = 'trial'
  UNION ALL
  SELECT p.person_id, p.start_date, p.end_date, NULL, NULL, TRUE, 1
  FROM assess.piece AS p JOIN knowledge.agent AS k ON k.agent = p.agent AND k.role = 'antidepressant'
  UNION ALL
  SELECT c.person_id, c.sure_start, c.sure_end, c.may_start, c.may_end, c.start_known, 0 FROM assess.course AS c WHERE c.grp = 'neurostimulation'
), piece AS (
  SELECT person_id, 'may' AS bound, may_start AS start_date, CASE WHEN may_end > anchor THEN anchor ELSE may_end END AS end_date,
         1 AS diagnosed, CASE WHEN start_known THEN 1 ELSE 0 END AS start_known FROM depression
  UNION ALL
  SELECT person_id, 'sure', sure_start, CASE WHEN sure_end > anchor THEN anchor WHEN sure_end < sure_start THEN sure_start ELSE sure_end END,
         1, CASE WHEN start_known THEN 1 ELSE 0 END FROM depression
  UNION ALL
  SELECT t.person_id, 'may', t.may_start, t.may_end, 0, CASE WHEN t.start_known THEN 1 ELSE 0 END FROM treated AS t LEFT JOIN mode AS m ON m.person_id = t.person_id
  WHERE coalesce(NOT m.stated, t.is_drug = 1) AND t.may_start <= t.may_end
  UNION ALL
  SELECT t.person_id, 'sure', t.sure_start, t.sure_end, 0, 1 FROM treated AS t LEFT JOIN mode AS m ON m.person_id = t.person_id
  WHERE coalesce(NOT m.stated, t.is_drug = 1) AND t.sure_start IS NOT NULL
), ordered AS (  -- each different row once: rows that tie would be numbered in any order
  SELECT p.*, coalesce(m.stated, FALSE) AS stated, m.person_id IS NULL AND NOT k.kept AND p.bound = 'may' AS unbounded,
         max(end_date) OVER (PARTITION BY p.person_id, bound ORDER BY start_date, end_date, diagnosed, start_known
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM (SELECT DISTINCT person_id, bound, start_date, end_date, diagnosed, start_known FROM piece) AS p
  JOIN assess.kept AS k ON k.person_id = p.person_id AND k.table_name = 'condition'
  LEFT JOIN mode AS m ON m.person_id = p.person_id
), numbered AS (
  SELECT o.*, g.value AS merge_days,
         sum(CASE WHEN covered_to IS NULL THEN 1
                  WHEN o.unbounded THEN 0
                  WHEN date_diff('day', covered_to, start_date) - 1 > g.value THEN 1 ELSE 0 END)
           OVER (PARTITION BY o.person_id, bound ORDER BY start_date, end_date, diagnosed, start_known ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell_no
  FROM ordered AS o
  JOIN knowledge.parameter AS g
    ON g.parameter = CASE WHEN o.stated THEN 'episode_remission_days' ELSE 'episode_washout_days' END
), spell AS (
  SELECT person_id, bound, spell_no, min(start_date) AS start_date, max(end_date) AS end_date, max(CASE WHEN stated THEN 1 ELSE 0 END) = 1 AS stated,
         max(diagnosed) = 1 AS diagnosed, min(start_known) = 1 AS start_known, max(merge_days) AS merge_days,
         max(CASE WHEN unbounded THEN 1 ELSE 0 END) = 1 AS unbounded,
         row_number() OVER (PARTITION BY person_id, bound ORDER BY spell_no DESC) = 1 AS is_last
  FROM numbered GROUP BY person_id, bound, spell_no
)
SELECT s.person_id, CAST(s.bound AS VARCHAR) AS bound, CAST(s.spell_no AS BIGINT) AS spell_no,
       CAST(s.start_date AS DATE) AS start_date, CAST(s.end_date AS DATE) AS end_date,
       CAST(s.stated AS BOOLEAN) AS stated, CAST(s.diagnosed AS BOOLEAN) AS diagnosed, CAST(s.start_known AS BOOLEAN) AS start_known,
       CAST(s.is_last AS BOOLEAN) AS is_last,
       CAST(s.is_last AND (s.unbounded OR date_diff('day', s.end_date, a.anchor) <= s.merge_days) AS BOOLEAN) AS is_current
FROM spell AS s JOIN assess.as_of AS a ON a.person_id = s.person_id
