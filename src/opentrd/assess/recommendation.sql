-- recommendation: one row is one adult, one treatment in one role, and one line of one guideline; guidelines are never merged.
--   person_id, treatment, role
--   guideline     whose line it is
--   line          first, second, third, recommended, suggested, option, specialist, investigational, research only, not recommended, against
--   place         its order: 1 first or recommended, 2 second, suggested or an option, 3 third or for specialists, 4 investigational, 9 not recommended
--   level         level of evidence, where the guideline gives one
--   condition     what the line asks for, in words; null: nothing more
--   applies       does the record meet that: true, false; null: not known
--   basis         what that rests on; null: nothing recorded
--   dose, cautions   as the guideline has them
--   source, knowledge_status   of the line
WITH taken AS (  -- what can be optimised
  SELECT DISTINCT person_id, treatment FROM assess.option_tried WHERE role = 'optimise' AND coalesce(taken_now, TRUE)
)
SELECT s.person_id, l.treatment, l.role, l.guideline, l.line, l.place, l.level, l.condition,
       CAST(CASE WHEN l.asks IS NULL THEN TRUE ELSE t.holds END AS BOOLEAN) AS applies, CAST(t.basis AS VARCHAR) AS basis,
       l.dose, l.cautions, l.source, l.knowledge_status
FROM assess.option_scope AS s
JOIN assess.option_lined AS l ON s.admitted
LEFT JOIN assess.option_state AS t ON t.person_id = s.person_id AND t.state = l.asks
LEFT JOIN taken AS u ON u.person_id = s.person_id AND u.treatment = l.treatment AND l.role = 'optimise'
WHERE l.role <> 'optimise' OR u.person_id IS NOT NULL
