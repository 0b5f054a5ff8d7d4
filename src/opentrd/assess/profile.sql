-- profile: one row is one person, with all that eligibility asks about.
--   person_id
--   pattern     what eligibility asks about, as text; persons who share it share eligibility and what is assumed
--   depression_rows   depression rows up to as_of;  has_course, has_open  1: one has a stated course; is without an end
--   poor_adherence, recalled, other_indication   1: recorded of an antidepressant and not looked at by some definitions
--   unread_exposures, unread_conditions   rows that could not be read
--   is_minor    1: under 18 at as_of for certain
--   kept        true: the source keeps diagnoses
--   excluding   recorded condition sets that some definition excludes, joined by ', '
WITH depression AS (
  SELECT c.person_id, count(*) AS depression_rows, max(CASE WHEN c.course = 'point' THEN 0 ELSE 1 END) AS has_course,
         max(CASE WHEN c.course = 'open' THEN 1 ELSE 0 END) AS has_open
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN knowledge.condition_set AS s ON s.condition = c.condition AND s.condition_set = 'depression'
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
  GROUP BY c.person_id
), excluding AS (
  SELECT DISTINCT s.condition, s.condition_set
  FROM knowledge.condition_set AS s JOIN knowledge.definition_exclusion AS x ON x.condition_set = s.condition_set
), recorded AS (
  SELECT DISTINCT c.person_id, s.condition_set
  FROM record.condition AS c
  JOIN assess.as_of AS a ON a.person_id = c.person_id
  JOIN excluding AS s ON s.condition = c.condition
  WHERE coalesce(c.present, TRUE) AND coalesce(c.start_earliest <= a.anchor, TRUE)
), excluded AS (
  SELECT person_id, string_agg(condition_set, ', ' ORDER BY condition_set) AS excluding FROM recorded GROUP BY person_id
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
), asked AS (
  SELECT max(min_depression_rows) AS most FROM knowledge.definition
), answered AS (
  SELECT a.person_id, CASE WHEN p.depression_rows > m.most THEN m.most ELSE coalesce(p.depression_rows, 0) END AS depression_rows,
         coalesce(p.has_course, 0) AS has_course, coalesce(p.has_open, 0) AS has_open, coalesce(o.poor_adherence, 0) AS poor_adherence,
         coalesce(o.recalled, 0) AS recalled, coalesce(o.other_indication, 0) AS other_indication,
         coalesce(z.exposures, 0) AS unread_exposures, coalesce(z.conditions, 0) AS unread_conditions,
         CASE WHEN a.age_high < 18 THEN 1 ELSE 0 END AS is_minor, k.kept, coalesce(x.excluding, '') AS excluding
  FROM assess.as_of AS a
  CROSS JOIN asked AS m
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN depression AS p ON p.person_id = a.person_id
  LEFT JOIN doubtful AS o ON o.person_id = a.person_id
  LEFT JOIN unread AS z ON z.person_id = a.person_id
  LEFT JOIN excluded AS x ON x.person_id = a.person_id
)
SELECT person_id,
       CAST(CAST(depression_rows AS VARCHAR) || '|' || CAST(has_course AS VARCHAR) || CAST(has_open AS VARCHAR) || CAST(poor_adherence AS VARCHAR)
            || CAST(recalled AS VARCHAR) || CAST(other_indication AS VARCHAR) || CAST(is_minor AS VARCHAR) || CASE WHEN kept THEN '1' ELSE '0' END || '|'
            || CAST(unread_exposures AS VARCHAR) || '|' || CAST(unread_conditions AS VARCHAR) || '|' || excluding AS VARCHAR) AS pattern,
       CAST(depression_rows AS BIGINT) AS depression_rows, CAST(has_course AS BIGINT) AS has_course, CAST(has_open AS BIGINT) AS has_open,
       CAST(poor_adherence AS BIGINT) AS poor_adherence, CAST(recalled AS BIGINT) AS recalled, CAST(other_indication AS BIGINT) AS other_indication,
       CAST(unread_exposures AS BIGINT) AS unread_exposures, CAST(unread_conditions AS BIGINT) AS unread_conditions,
       CAST(is_minor AS BIGINT) AS is_minor, CAST(kept AS BOOLEAN) AS kept, CAST(excluding AS VARCHAR) AS excluding
FROM answered
