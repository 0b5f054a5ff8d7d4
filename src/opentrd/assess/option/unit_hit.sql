-- option_unit_hit: one row is one adult, one unit of treatments (option_unit) and one safety rule that the record decides, or may decide.
--   person_id, unit, rule   unit: as in option_unit
--   acts          true: the rule acts; null: it may (an end or a value is not known exactly); false: the record shows that it does not.
--                 No row: the record says nothing on it, and the rule is unchecked
--   because       what it acts on, joined by '; '; null when it does not act
--   part_status   weakest knowledge status of the parts that it acts on
WITH asked AS (  -- how long what was ruled out, or a value that is not in the range of a rule, speaks against it
  SELECT max(CASE WHEN parameter = 'ruled_out_days' THEN value END) AS ruled_out, max(CASE WHEN parameter = 'value_days' THEN value END) AS valued FROM knowledge.parameter
), adult AS (
  SELECT a.person_id, a.anchor, a.age_low, a.age_high FROM assess.as_of AS a JOIN assess.option_scope AS s ON s.person_id = a.person_id AND s.admitted
), valued AS (
  SELECT l.person_id, l.measure, l.date_low, l.date_high, l.low, l.high, s.safety_set
  FROM assess.lab AS l
  JOIN adult AS a ON a.person_id = l.person_id
  JOIN knowledge.safety_set AS s ON s.kind = 'measure' AND s.member = l.measure
  WHERE l.last AND l.usable
), newest AS (
  SELECT person_id, safety_set, max(date_low) AS day FROM valued GROUP BY person_id, safety_set
), fact AS (  -- until_low, until_high: the first and last day to which it may have lasted, at most as_of (a value: its day); present 0: ruled out, or another one
  SELECT e.person_id, 'exposure' AS kind, e.agent AS member,
         CASE WHEN e.end_earliest IS NOT NULL THEN e.end_earliest
              WHEN coalesce(e.ongoing, e.days_taken IS NULL OR e.start_earliest IS NULL) THEN a.anchor ELSE e.start_earliest + (CAST(e.days_taken AS INTEGER) - 1) END AS until_low,
         CASE WHEN e.end_latest < a.anchor THEN e.end_latest ELSE a.anchor END AS until_high,
         CAST(NULL AS DOUBLE) AS low, CAST(NULL AS DOUBLE) AS high, 1 AS present
  FROM record.exposure AS e JOIN adult AS a ON a.person_id = e.person_id AND coalesce(e.start_earliest <= a.anchor, TRUE)
  UNION ALL
  SELECT c.person_id, 'condition', c.condition,
         CASE WHEN c.course = 'span' AND c.end_earliest < a.anchor THEN c.end_earliest WHEN c.course = 'span' AND c.end_earliest IS NOT NULL THEN a.anchor ELSE c.start_earliest END,
         CASE WHEN c.course = 'point' THEN coalesce(c.start_latest, a.anchor) WHEN c.course = 'span' AND c.end_latest < a.anchor THEN c.end_latest ELSE a.anchor END,
         NULL, NULL, CASE WHEN coalesce(c.present, TRUE) THEN 1 ELSE 0 END
  FROM record.condition AS c JOIN adult AS a ON a.person_id = c.person_id AND coalesce(c.start_earliest <= a.anchor, TRUE)
  UNION ALL  -- what a rating showed counts like a diagnosis
  SELECT DISTINCT f.person_id, 'condition', 'suicidal ideation', a.anchor, a.anchor, CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), 1
  FROM assess.finding_suicide AS f JOIN adult AS a ON a.person_id = f.person_id WHERE f.finding IN ('suicidality', 'suicidal_behaviour') AND f.present
  UNION ALL
  SELECT p.person_id, 'procedure', p.procedure, coalesce(p.end_earliest, p.start_earliest, a.anchor),
         CASE WHEN coalesce(p.end_latest, p.start_latest) < a.anchor THEN coalesce(p.end_latest, p.start_latest) ELSE a.anchor END, NULL, NULL, 1
  FROM record.procedure AS p
  JOIN adult AS a ON a.person_id = p.person_id AND coalesce(p.start_earliest <= a.anchor, TRUE)
  WHERE coalesce(p.present, TRUE)
  UNION ALL
  SELECT DISTINCT v.person_id, 'measure', v.measure, v.date_low, v.date_high, v.low, v.high, 1  -- of all measures of a set those that none is certainly later than
  FROM valued AS v JOIN newest AS n ON n.person_id = v.person_id AND n.safety_set = v.safety_set WHERE coalesce(v.date_high >= n.day, TRUE)
  UNION ALL
  SELECT person_id, 'age', 'age', NULL, NULL, age_low, age_high, 1 FROM adult
  UNION ALL
  SELECT p.person_id, 'sex', s.sex, NULL, NULL, NULL, NULL, CASE WHEN p.sex = s.sex THEN 1 ELSE 0 END
  FROM record.person AS p
  JOIN adult AS a ON a.person_id = p.person_id
  CROSS JOIN (SELECT 'female' AS sex UNION ALL SELECT 'male') AS s
  WHERE p.sex IS NOT NULL
  UNION ALL
  SELECT g.person_id, 'phenotype', g.gene || ' ' || s.level, NULL, NULL, NULL, NULL, CASE WHEN lower(g.phenotype) LIKE '%' || s.level || '%' THEN 1 ELSE 0 END
  FROM (SELECT person_id, gene, phenotype FROM record.genotype UNION ALL SELECT person_id, gene, phenotype FROM assess.pgx_genotype) AS g
  JOIN adult AS a ON a.person_id = g.person_id
  CROSS JOIN (SELECT 'poor' AS level UNION ALL SELECT 'intermediate') AS s
  WHERE g.phenotype IS NOT NULL
), judged AS (  -- 2 certain, 1 possible, 0 shown not to be
  SELECT f.person_id, r.unit, r.rule, r.alternative, r.part, r.parts, r.kind, r.member, r.members, r.part_status,
         CASE WHEN f.present = 0 AND r.kind = 'condition'  -- ruled out once is not ruled out ever after
              THEN CASE WHEN date_diff('day', f.until_low, a.anchor) <= CASE WHEN r.within_days < q.ruled_out THEN r.within_days ELSE q.ruled_out END THEN 0 END
              WHEN f.present = 0 THEN 0
              WHEN r.kind IN ('measure', 'age')
              THEN CASE WHEN f.low >= coalesce(r.min_value, f.low) AND f.high <= coalesce(r.max_value, f.high)
                             AND NOT (r.strictly AND (f.low = coalesce(r.min_value, f.low - 1) OR f.high = coalesce(r.max_value, f.high + 1))) THEN 2
                        WHEN f.low IS NOT NULL AND r.max_value IS NULL AND r.min_value <= f.low AND NOT (r.strictly AND r.min_value = f.low) THEN 2
                        WHEN f.high < r.min_value OR f.low > r.max_value OR (r.strictly AND (f.high = r.min_value OR f.low = r.max_value))
                        THEN CASE WHEN r.kind = 'age' OR date_diff('day', f.until_low, a.anchor) <= q.valued THEN 0 END
                        ELSE 1 END
              WHEN r.kind IN ('exposure', 'procedure') OR r.within_days IS NOT NULL
              THEN CASE WHEN date_diff('day', f.until_low, a.anchor) <= coalesce(r.within_days, 0) THEN 2
                        WHEN date_diff('day', f.until_high, a.anchor) <= coalesce(r.within_days, 0) THEN 1 END
              ELSE 2 END AS truth
  FROM fact AS f
  JOIN adult AS a ON a.person_id = f.person_id
  JOIN assess.option_rule AS r ON r.kind = f.kind AND r.member = f.member
  CROSS JOIN asked AS q
), part_truth AS (
  SELECT person_id, unit, rule, alternative, part, parts, max(truth) AS truth, count(DISTINCT member) AS spoken_of, max(CASE WHEN kind = 'condition' THEN members ELSE 1 END) AS members,
         max(CASE WHEN part_status = 'recalled' THEN 2 WHEN part_status = 'transcribed' THEN 1 ELSE 0 END) AS weakest
  FROM judged WHERE truth IS NOT NULL
  GROUP BY person_id, unit, rule, alternative, part, parts
), alternative_truth AS (  -- a part that nobody spoke of leaves its alternative open, unless another part is shown not to be
  SELECT person_id, unit, rule, alternative,
         CASE WHEN min(CASE WHEN truth = 0 AND spoken_of < members THEN 3 ELSE truth END) = 0 THEN 0
              WHEN count(*) < max(parts) OR min(truth) = 0 THEN NULL ELSE min(truth) END AS truth, max(weakest) AS weakest
  FROM part_truth GROUP BY person_id, unit, rule, alternative
), rule_size AS (
  SELECT rule, count(DISTINCT alternative) AS alternatives FROM knowledge.safety_rule_part GROUP BY rule
), rule_truth AS (
  SELECT t.person_id, t.unit, t.rule, max(t.truth) AS truth, count(t.truth) AS decided, max(s.alternatives) AS alternatives,
         max(CASE WHEN t.truth > 0 THEN t.weakest ELSE 0 END) AS weakest
  FROM alternative_truth AS t JOIN rule_size AS s ON s.rule = t.rule
  GROUP BY t.person_id, t.unit, t.rule
), named AS (
  SELECT person_id, unit, rule, string_agg(member, '; ' ORDER BY member) AS because
  FROM (SELECT DISTINCT j.person_id, j.unit, j.rule, j.member
        FROM judged AS j
        JOIN alternative_truth AS t ON t.person_id = j.person_id AND t.unit = j.unit AND t.rule = j.rule AND t.alternative = j.alternative AND t.truth > 0
        WHERE j.truth > 0 AND j.kind IN ('exposure', 'condition', 'procedure', 'measure', 'phenotype')) AS acting
  GROUP BY person_id, unit, rule
)
SELECT r.person_id, CAST(r.unit AS VARCHAR) AS unit, CAST(r.rule AS VARCHAR) AS rule,
       CAST(CASE WHEN r.truth = 2 THEN TRUE WHEN r.truth = 0 THEN FALSE END AS BOOLEAN) AS acts, CAST(n.because AS VARCHAR) AS because,
       CAST(CASE r.weakest WHEN 2 THEN 'recalled' WHEN 1 THEN 'transcribed' ELSE 'verified' END AS VARCHAR) AS part_status
FROM rule_truth AS r
LEFT JOIN named AS n ON n.person_id = r.person_id AND n.unit = r.unit AND n.rule = r.rule
WHERE r.truth > 0 OR (r.truth = 0 AND r.decided = r.alternatives)
