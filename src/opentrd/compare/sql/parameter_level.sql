-- parameter_level: one row is one level of one parameter of a multiverse of definitions.
--   parameter, level, reading   reading: certain (met_low), possible (met_high)
--   variants                    definitions of the grid with this level
--   mean, lowest, highest       their prevalence among persons in the denominator, per cent
SELECT parameter, level, reading, count(*) AS variants, avg(prevalence) AS mean, min(prevalence) AS lowest, max(prevalence) AS highest
FROM compare.variant_level
GROUP BY parameter, level, reading
ORDER BY parameter, reading, level
