-- eligibility: one row is one person and one definition: does the definition speak about this person at all?
--   person_id, definition
--   diagnosed     depression is recorded as often as the definition asks; null: the record does not keep diagnoses
--   excluded_by   the first recorded exclusion; null: none recorded
--   eligible      diagnosed and not excluded (definitions of the family `window` apply exclusions on their entry day instead)
--   assumes       what was taken for granted, joined by '; '
WITH depression AS (
  SELECT c.person_id, count(*) AS rows_recorded, max(CASE WHEN c.course = 'point' THEN 0 ELSE 1 END) AS has_course,
         max(CASE WHEN c.course = 'open' THEN 1 ELSE 0 END) AS has_open
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
  GROUP BY c.person_id
), recorded AS (
  SELECT DISTINCT c.person_id, s.condition_set
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
), exclusion AS (
  SELECT a.person_id, x.definition,
         min(CASE WHEN r.condition_set IS NOT NULL THEN x.says END) AS excluded_by,
         string_agg(CASE WHEN r.condition_set IS NULL
                         THEN CASE WHEN k.kept THEN 'no ' || x.says || ' recorded, taken as absent'
                                   ELSE x.says || ' not known, taken as absent' END END, '; ' ORDER BY x.says) AS assumes
  FROM assess.as_of AS a
  CROSS JOIN knowledge.definition_exclusion AS x
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN recorded AS r ON r.person_id = a.person_id AND r.condition_set = x.condition_set
  GROUP BY a.person_id, x.definition
), doubtful AS (  -- what the record says and no definition here looks at
  SELECT x.person_id,
         max(CASE WHEN x.adherence < g.value OR x.stop_reason = 'nonadherence' THEN 1 ELSE 0 END) AS poor_adherence,
         max(CASE WHEN x.improvement_basis = 'recalled' THEN 1 ELSE 0 END) AS recalled,
         max(CASE WHEN lower(x.indication) NOT LIKE '%depress%' THEN 1 ELSE 0 END) AS other_indication
  FROM record.exposure AS x
  JOIN knowledge.agent AS k ON k.agent = x.agent AND k.role = 'antidepressant'
  JOIN knowledge.parameter AS g ON g.parameter = 'good_adherence'
  GROUP BY x.person_id
), unread AS (
  SELECT person_id, sum(CASE WHEN table_name = 'exposure' THEN "rows" END) AS exposures, sum(CASE WHEN table_name = 'condition' THEN "rows" END) AS conditions
  FROM record.unused GROUP BY person_id
), stated AS (
  SELECT a.person_id, d.definition, d.family, d.episode, d.assumes AS by_rule, x.excluded_by, x.assumes AS by_exclusion, p.has_open,
         o.poor_adherence, o.recalled, o.other_indication, a.age_high, z.exposures AS unread_exposures, z.conditions AS unread_conditions,
         CASE WHEN coalesce(p.rows_recorded, 0) >= d.min_depression_rows THEN TRUE
              WHEN p.has_course = 1 THEN TRUE
              WHEN k.kept THEN FALSE END AS diagnosed,
         CASE WHEN coalesce(p.rows_recorded, 0) < d.min_depression_rows AND p.has_course = 1 THEN 1 ELSE 0 END AS stands_for_two
  FROM assess.as_of AS a
  CROSS JOIN knowledge.definition AS d
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN depression AS p ON p.person_id = a.person_id
  LEFT JOIN doubtful AS o ON o.person_id = a.person_id
  LEFT JOIN unread AS z ON z.person_id = a.person_id
  LEFT JOIN exclusion AS x ON x.person_id = a.person_id AND x.definition = d.definition
)
SELECT person_id, CAST(definition AS VARCHAR) AS definition,
       CAST(diagnosed AS BOOLEAN) AS diagnosed,
       CAST(excluded_by AS VARCHAR) AS excluded_by,
       CAST(CASE WHEN excluded_by IS NOT NULL AND family <> 'window' THEN FALSE ELSE diagnosed END AS BOOLEAN) AS eligible,
       CAST(coalesce(by_rule, '')
            || CASE WHEN by_exclusion IS NULL THEN '' ELSE '; ' || by_exclusion END
            || CASE WHEN has_open = 1 AND episode <> 'none' THEN '; depression without an end date read as still present' ELSE '' END
            || CASE WHEN poor_adherence = 1 AND family <> 'window' THEN '; poor adherence is recorded and not part of this' ELSE '' END
            || CASE WHEN recalled = 1 AND family IN ('failures', 'instrument') THEN '; improvement recalled later is taken as recorded' ELSE '' END
            || CASE WHEN other_indication = 1 THEN '; recorded indications other than depression are not looked at' ELSE '' END
            || CASE WHEN unread_exposures > 0 THEN '; ' || CAST(unread_exposures AS VARCHAR) || ' exposure row(s) could not be read' ELSE '' END
            || CASE WHEN unread_conditions > 0 THEN '; ' || CAST(unread_conditions AS VARCHAR) || ' condition row(s) could not be read' ELSE '' END
            || CASE WHEN age_high < 18 THEN '; the person is under 18' ELSE '' END
            || CASE WHEN stands_for_two = 1 THEN '; one depression row with a stated course stands for two codes' ELSE '' END
            AS VARCHAR) AS assumes
FROM stated
