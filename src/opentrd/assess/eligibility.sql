-- eligibility: one row is one pattern of persons (see profile) and one definition: does the definition speak about such a person at all?
--   pattern, definition_no
--   diagnosed     depression is recorded as often as the definition asks; null: the record does not keep diagnoses
--   excluded_by   the first recorded exclusion; null: none recorded
--   eligible      diagnosed and not excluded (definitions of the family `window` apply exclusions on their entry day instead)
--   assumes       what was taken for granted, joined by '; '
WITH pattern AS (
  SELECT DISTINCT pattern, depression_rows, has_course, has_open, poor_adherence, recalled, other_indication, unread_exposures, unread_conditions,
         is_minor, kept, excluding
  FROM assess.profile
), exclusion AS (
  SELECT p.pattern, x.definition,
         min(CASE WHEN p.excluding_list LIKE '%, ' || x.condition_set || ',%' THEN x.says END) AS excluded_by,
         string_agg(CASE WHEN p.excluding_list LIKE '%, ' || x.condition_set || ',%' THEN NULL
                         WHEN p.kept THEN 'no ' || x.says || ' recorded, taken as absent'
                         ELSE x.says || ' not known, taken as absent' END, '; ' ORDER BY x.says) AS assumes
  FROM (SELECT pattern, kept, ', ' || excluding || ',' AS excluding_list FROM pattern) AS p
  CROSS JOIN knowledge.definition_exclusion AS x
  GROUP BY p.pattern, x.definition
), stated AS (
  SELECT p.*, r.definition_no, r.family, r.episode, d.assumes AS by_rule, x.excluded_by, x.assumes AS by_exclusion,
         CASE WHEN p.depression_rows >= d.min_depression_rows THEN TRUE
              WHEN p.has_course = 1 THEN TRUE
              WHEN p.kept THEN FALSE END AS diagnosed,
         CASE WHEN p.depression_rows < d.min_depression_rows AND p.has_course = 1 THEN 1 ELSE 0 END AS stands_for_two
  FROM pattern AS p
  CROSS JOIN assess.rule AS r
  JOIN knowledge.definition AS d ON d.definition = r.definition
  LEFT JOIN exclusion AS x ON x.pattern = p.pattern AND x.definition = r.definition
)
SELECT pattern, definition_no,
       CAST(diagnosed AS BOOLEAN) AS diagnosed,
       CAST(excluded_by AS VARCHAR) AS excluded_by,
       CAST(CASE WHEN excluded_by IS NOT NULL AND family <> 'window' THEN FALSE ELSE diagnosed END AS BOOLEAN) AS eligible,
       CAST(coalesce(by_rule, '')
            || CASE WHEN by_exclusion IS NULL THEN '' ELSE '; ' || by_exclusion END
            || CASE WHEN has_open = 1 AND episode <> 'none' THEN '; depression without an end date read as still present' ELSE '' END
            || CASE WHEN poor_adherence = 1 AND family <> 'window' THEN '; poor adherence is recorded and not part of this' ELSE '' END
            || CASE WHEN recalled = 1 AND family IN ('failures', 'instrument', 'scores') THEN '; improvement recalled later is taken as recorded' ELSE '' END
            || CASE WHEN other_indication = 1 THEN '; recorded indications other than depression are not looked at' ELSE '' END
            || CASE WHEN unread_exposures > 0 THEN '; ' || CAST(unread_exposures AS VARCHAR) || ' exposure row(s) could not be read' ELSE '' END
            || CASE WHEN unread_conditions > 0 THEN '; ' || CAST(unread_conditions AS VARCHAR) || ' condition row(s) could not be read' ELSE '' END
            || CASE WHEN is_minor = 1 THEN '; the person is under 18' ELSE '' END
            || CASE WHEN stands_for_two = 1 THEN '; one depression row with a stated course stands for two codes' ELSE '' END
            AS VARCHAR) AS assumes
FROM stated
