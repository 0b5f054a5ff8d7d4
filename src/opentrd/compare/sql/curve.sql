-- curve: one row is one definition, one reading and one day on which somebody becomes resistant or leaves.
--   definition, reading   see part/tally
--   day                   days after the index date
--   at_risk               persons observed on that day and not resistant before (entered before it, not yet out)
--   events                persons who become resistant on it;  events_so_far   up to and with this day
--   surviving             product-limit estimate of the share not resistant after this day
--   spread                Greenwood's sum of d / (n (n - d)) up to this day; null once nobody is left
WITH total AS (
  SELECT definition, reading, day, sum(entered) AS entered, sum(events) AS events, sum(ended) AS ended
  FROM compare.all_tally
  GROUP BY definition, reading, day
), flow AS (
  SELECT *, sum(entered - events - ended) OVER before AS at_risk,
         sum(events) OVER upto AS events_so_far
  FROM total
  WINDOW before AS (PARTITION BY definition, reading ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
         upto AS (PARTITION BY definition, reading ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), step AS (
  SELECT *, CASE WHEN events > 0 AND events < at_risk THEN ln(1 - events / at_risk) ELSE 0 END AS log_step,
         CASE WHEN events > 0 AND events < at_risk THEN events / (at_risk * (at_risk - events)) ELSE 0 END AS spread_step,
         CASE WHEN events > 0 AND events >= at_risk THEN 1 ELSE 0 END AS all_gone
  FROM flow
)
SELECT definition, reading, day, CAST(at_risk AS BIGINT) AS at_risk, CAST(events AS BIGINT) AS events, CAST(events_so_far AS BIGINT) AS events_so_far,
       CASE WHEN max(all_gone) OVER upto = 1 THEN 0.0 ELSE exp(sum(log_step) OVER upto) END AS surviving,
       CASE WHEN max(all_gone) OVER upto = 0 THEN sum(spread_step) OVER upto END AS spread
FROM step
WHERE day >= 0
WINDOW upto AS (PARTITION BY definition, reading ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY definition, reading, day
