-- joint: one row is one set of definitions that the same persons certainly meet.
--   met_set        one letter a definition, in the order of their places: M met, . not certainly met
--   definitions    how many definitions are in it
--   persons        how many persons meet exactly these
SELECT met_set, length(replace(met_set, '.', '')) AS definitions, CAST(sum(persons) AS BIGINT) AS persons
FROM compare.pattern
GROUP BY met_set
ORDER BY persons DESC, met_set
