-- variant_level: one row is one definition of the multiverse, one of its parameters and one reading of the undetermined.
--   variant, parameter, level
--   others        the levels of all other parameters, in the order of their names
--   reading       certain (met_low among all who may belong to the denominator), possible (met_high among those who certainly do)
--   prevalence    per cent
WITH flat AS (
  SELECT variant, parameter, level
  FROM (UNPIVOT compare.variant_text ON COLUMNS(* EXCLUDE (variant)) INTO NAME parameter VALUE level)
), whole AS (
  SELECT variant, list({'parameter': parameter, 'level': level} ORDER BY parameter) AS choices FROM flat GROUP BY variant
), reading AS (
  SELECT variant, 'certain' AS reading, 100.0 * met_low / nullif(eligible_high, 0) AS prevalence FROM compare.variant_count
  UNION ALL
  SELECT variant, 'possible', CASE WHEN met_high > eligible_low THEN 100.0 ELSE 100.0 * met_high / eligible_low END FROM compare.variant_count WHERE eligible_low > 0
)
SELECT f.variant, f.parameter, f.level,
       array_to_string(list_transform(list_filter(w.choices, lambda c: c.parameter <> f.parameter), lambda c: c.level), '|') AS others,
       r.reading, r.prevalence
FROM flat AS f
JOIN whole AS w ON w.variant = f.variant
JOIN reading AS r ON r.variant = f.variant
WHERE r.prevalence IS NOT NULL
