-- parameter_effect: one row is one parameter of a multiverse of definitions and one reading of the undetermined.
--   parameter, reading     reading: certain (met_low), possible (met_high)
--   levels                 how many levels the grid gives it
--   mean_change            mean absolute difference in prevalence between two of its levels, all other parameters equal, percentage points
--   largest_change         the largest such difference
--   variance_share         share of the variance of prevalence over the grid that lies between the means of its levels
--                          (the first-order index of Sobol', for levels of equal weight)
WITH pair AS (
  SELECT a.parameter, a.reading, abs(a.prevalence - b.prevalence) AS change
  FROM compare.variant_level AS a
  JOIN compare.variant_level AS b ON b.parameter = a.parameter AND b.reading = a.reading AND b.others = a.others AND b.level > a.level
), effect AS (
  SELECT parameter, reading, avg(change) AS mean_change, max(change) AS largest_change FROM pair GROUP BY parameter, reading
), total AS (
  SELECT parameter, reading, avg(prevalence) AS mean, var_pop(prevalence) AS variance, count(DISTINCT level) AS levels
  FROM compare.variant_level GROUP BY parameter, reading
), between_levels AS (
  SELECT l.parameter, l.reading, sum(l.variants * (l.mean - t.mean) ** 2) / sum(l.variants) AS variance
  FROM compare.parameter_level AS l
  JOIN total AS t ON t.parameter = l.parameter AND t.reading = l.reading
  GROUP BY l.parameter, l.reading
)
SELECT t.parameter, t.reading, t.levels, e.mean_change, e.largest_change,
       CASE WHEN t.variance > 0 THEN b.variance / t.variance END AS variance_share
FROM total AS t
JOIN between_levels AS b ON b.parameter = t.parameter AND b.reading = t.reading
LEFT JOIN effect AS e ON e.parameter = t.parameter AND e.reading = t.reading
ORDER BY t.reading, e.mean_change DESC NULLS LAST, t.parameter
