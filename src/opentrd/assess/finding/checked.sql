-- finding_checked: one row is one person and one check that a single sign decides.
--   person_id, finding   the check
--   subject, source      '' and 'record'
--   grp, place    group, and order on the page
--   present       true: recorded; false: asked, or looked for, and not there; null: not known
--   value         what decides, in words, with its day (of a condition that goes on: the last day of the record)
--   unit          null
--   threshold     days looked back, where a time is set
--   says          what the page says;  settles  what would settle it when it is not known
--   measurement_id, basis_id   the row it rests on: a measurement, or another row
--   knowledge_status   of the rule behind it, or of the check when nothing is recorded
WITH looked_back AS (
  SELECT sign, max(within_days) AS days FROM assess.sign_wanted GROUP BY sign
), checked AS (
  SELECT a.person_id, a.anchor, f.finding, f.grp, f.place, f.says_present, f.says_absent, f.says_unknown, coalesce(f.settles, g.settles) AS settles,
         s.table_name, s.row_id, s.basis, s.shown, s.day, s.knowledge_status AS rule_status, f.knowledge_status, w.days,
         CASE WHEN s.person_id IS NOT NULL THEN s.present WHEN g.silence = 'absent' AND k.kept THEN FALSE END AS present
  FROM assess.as_of AS a
  CROSS JOIN knowledge.finding AS f
  JOIN knowledge.sign AS g ON g.sign = f.sign
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN looked_back AS w ON w.sign = f.sign
  LEFT JOIN assess.sign AS s ON s.person_id = a.person_id AND s.sign = f.sign
)
SELECT person_id, CAST(finding AS VARCHAR) AS finding, CAST('' AS VARCHAR) AS subject, CAST('record' AS VARCHAR) AS source, CAST(grp AS VARCHAR) AS grp,
       CAST(place AS BIGINT) AS place, CAST(present AS BOOLEAN) AS present,
       CAST(CASE WHEN present AND shown LIKE '%; %' THEN shown ELSE basis || CASE WHEN day IS NULL THEN ''
            WHEN present AND table_name = 'condition' AND day = anchor THEN ' (still so on ' || CAST(day AS VARCHAR) || ')' ELSE ' (' || CAST(day AS VARCHAR) || ')' END END AS VARCHAR) AS value,
       CAST(NULL AS VARCHAR) AS unit, CAST('within ' || CAST(days AS VARCHAR) || ' days' AS VARCHAR) AS threshold,
       CAST(CASE WHEN present THEN says_present WHEN NOT present THEN says_absent ELSE says_unknown END AS VARCHAR) AS says,
       CAST(CASE WHEN present IS NULL THEN settles END AS VARCHAR) AS settles,
       CAST(CASE WHEN table_name = 'measurement' THEN row_id END AS VARCHAR) AS measurement_id,
       CAST(CASE WHEN table_name <> 'measurement' THEN row_id END AS VARCHAR) AS basis_id,
       CAST(coalesce(rule_status, knowledge_status) AS VARCHAR) AS knowledge_status
FROM checked
