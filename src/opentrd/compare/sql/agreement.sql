-- agreement: one row is one pair of definitions.
--   definition_a, definition_b
--   persons            persons in the denominator of both for whom both are determined
--   both_met, only_a, only_b, neither   their 2x2 table
--   agreement          share of them with the same answer
--   kappa, kappa_low, kappa_high   Cohen's kappa with its 95 % interval (large-sample standard error of Fleiss, Cohen and Everitt
--                      1969); null when one of the definitions gives one answer only
--   positive_agreement, negative_agreement   2 a / (2 a + b + c) and 2 d / (2 d + b + c) (Cicchetti and Feinstein 1990)
--   undetermined       persons in the denominator of both for whom at least one is undetermined
--   agreement_if_differ, agreement_if_same   share with the same answer if every undetermined one differs from the other, or equals it
--   kappa_if_differ, kappa_if_same           kappa then, as far as defined (two undetermined answers: the filling with the smaller, the larger kappa)
WITH cell AS (
  SELECT a.definition AS definition_a, b.definition AS definition_b,
         coalesce(sum(CASE WHEN state_a = 'M' AND state_b = 'M' THEN c.persons END), 0) AS mm,
         coalesce(sum(CASE WHEN state_a = 'M' AND state_b = 'N' THEN c.persons END), 0) AS mn,
         coalesce(sum(CASE WHEN state_a = 'N' AND state_b = 'M' THEN c.persons END), 0) AS nm,
         coalesce(sum(CASE WHEN state_a = 'N' AND state_b = 'N' THEN c.persons END), 0) AS nn,
         coalesce(sum(CASE WHEN state_a = 'M' AND state_b = 'U' THEN c.persons END), 0) AS mu,
         coalesce(sum(CASE WHEN state_a = 'U' AND state_b = 'M' THEN c.persons END), 0) AS um,
         coalesce(sum(CASE WHEN state_a = 'N' AND state_b = 'U' THEN c.persons END), 0) AS nu,
         coalesce(sum(CASE WHEN state_a = 'U' AND state_b = 'N' THEN c.persons END), 0) AS un,
         coalesce(sum(CASE WHEN state_a = 'U' AND state_b = 'U' THEN c.persons END), 0) AS uu
  FROM compare.definition AS a
  JOIN compare.definition AS b ON b.place > a.place
  LEFT JOIN compare.pair_cell AS c ON c.place_a = a.place AND c.place_b = b.place
  GROUP BY a.definition, b.definition
), filling AS (  -- each row: one way to read the undetermined answers, as a 2x2 table
  SELECT definition_a, definition_b, 'determined' AS reading, mm AS a, mn AS b, nm AS c, nn AS d FROM cell
  UNION ALL SELECT definition_a, definition_b, 'same', mm + mu + um + uu, mn, nm, nn + nu + un FROM cell
  UNION ALL SELECT definition_a, definition_b, 'same', mm + mu + um, mn, nm, nn + nu + un + uu FROM cell
  UNION ALL SELECT definition_a, definition_b, 'differ', mm, mn + mu + un + uu, nm + um + nu, nn FROM cell
  UNION ALL SELECT definition_a, definition_b, 'differ', mm, mn + mu + un, nm + um + nu + uu, nn FROM cell
), share AS (
  SELECT *, a + b + c + d AS n,
         (a + d) / nullif(a + b + c + d, 0) AS observed,
         (a + b) / nullif(a + b + c + d, 0) AS row_met,
         (a + c) / nullif(a + b + c + d, 0) AS column_met
  FROM filling
), expected AS (
  SELECT *, row_met * column_met + (1 - row_met) * (1 - column_met) AS chance FROM share
), measured AS (
  SELECT *, CASE WHEN row_met > 0 AND row_met < 1 AND column_met > 0 AND column_met < 1 THEN (observed - chance) / (1 - chance) END AS kappa FROM expected
), variance AS (
  SELECT *,
         a / n * (1 - (row_met + column_met) * (1 - kappa)) ** 2
         + d / n * (1 - (2 - row_met - column_met) * (1 - kappa)) ** 2
         + (1 - kappa) ** 2 * (b / n * (column_met + 1 - row_met) ** 2 + c / n * (row_met + 1 - column_met) ** 2)
         - (kappa - chance * (1 - kappa)) ** 2 AS spread
  FROM measured
), spread AS (  -- full agreement has no spread; rounding may leave a trace below zero
  SELECT *, CASE WHEN spread > 0 THEN sqrt(spread) ELSE 0 * spread END / nullif((1 - chance) * sqrt(n), 0) AS error FROM variance
), resolved AS (
  SELECT definition_a, definition_b,
         min(CASE WHEN reading = 'differ' THEN observed END) AS agreement_if_differ, max(CASE WHEN reading = 'same' THEN observed END) AS agreement_if_same,
         min(CASE WHEN reading = 'differ' THEN kappa END) AS kappa_if_differ, max(CASE WHEN reading = 'same' THEN kappa END) AS kappa_if_same
  FROM measured
  GROUP BY definition_a, definition_b
)
SELECT c.definition_a, c.definition_b, CAST(s.n AS BIGINT) AS persons,
       CAST(c.mm AS BIGINT) AS both_met, CAST(c.mn AS BIGINT) AS only_a, CAST(c.nm AS BIGINT) AS only_b, CAST(c.nn AS BIGINT) AS neither,
       s.observed AS agreement, s.kappa,
       CASE WHEN s.kappa - $z * s.error < -1 THEN -1 ELSE s.kappa - $z * s.error END AS kappa_low,
       CASE WHEN s.kappa + $z * s.error > 1 THEN 1 ELSE s.kappa + $z * s.error END AS kappa_high,
       2 * s.a / nullif(2 * s.a + s.b + s.c, 0) AS positive_agreement,
       2 * s.d / nullif(2 * s.d + s.b + s.c, 0) AS negative_agreement,
       CAST(c.mu + c.um + c.nu + c.un + c.uu AS BIGINT) AS undetermined,
       r.agreement_if_differ, r.agreement_if_same, r.kappa_if_differ, r.kappa_if_same
FROM cell AS c
JOIN spread AS s ON s.definition_a = c.definition_a AND s.definition_b = c.definition_b AND s.reading = 'determined'
JOIN resolved AS r ON r.definition_a = c.definition_a AND r.definition_b = c.definition_b
ORDER BY c.definition_a, c.definition_b
