-- part_verdict: one row is one person of the present part of the population and one definition.
--   person_id, definition, place, eligible, met, clause, needed   as in the verdict, and the definition's place
--   state          one letter: M met, U undetermined, N not met, of persons who certainly belong to the denominator;
--                  u undetermined, n not met, of whom this is not known; X not in the denominator
--   index_date, met_on, possible_on, observed_from, observed_to   as in the verdict
SELECT v.person_id, v.definition, d.place, v.eligible, v.met, v.clause, v.needed,
       CASE WHEN v.met THEN 'M'
            WHEN v.met IS NULL THEN CASE WHEN v.eligible THEN 'U' ELSE 'u' END
            WHEN v.eligible THEN 'N'
            WHEN v.eligible IS NULL THEN 'n'
            ELSE 'X' END AS state,
       v.index_date, v.met_on, v.possible_on, v.observed_from, v.observed_to
FROM run.verdict AS v
JOIN compare.definition AS d ON d.definition = v.definition
WHERE v.person_id >= $first AND v.person_id <= $last
