-- risk: one row is one day after the index date of one curve: the share that is resistant by then, with its interval.
--   definition, reading, day, at_risk, events, events_so_far, surviving   as in curve
--   risk                   1 - surviving
--   risk_low, risk_high    95 % interval on the log(-log) scale (Kalbfleisch and Prentice 1980); null where it is not defined
WITH band AS (
  SELECT *, 1 - surviving AS risk,
         CASE WHEN surviving > 0 AND surviving < 1 AND spread > 0 THEN $z * sqrt(spread) / abs(ln(surviving)) END AS half
  FROM compare.curve
)
SELECT definition, reading, day, at_risk, events, events_so_far, surviving, risk,
       1 - surviving ** exp(-half) AS risk_low, 1 - surviving ** exp(half) AS risk_high
FROM band
