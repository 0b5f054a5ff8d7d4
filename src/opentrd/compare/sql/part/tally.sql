-- tally: one row is one definition, one reading and one day after the index date, in the present part of the population.
--   definition
--   reading    certain: what is certainly met; possible: also what is undetermined, on its first possible day
--   day        days after the index date (-1: before it)
--   entered    persons at risk from the next day on
--   events     persons who become resistant on this day
--   ended      persons followed up to this day without
WITH move AS (
  SELECT definition, 'certain' AS reading, entry AS day, 1 AS entered, 0 AS events, 0 AS ended FROM compare.part_follow_up WHERE fate = 'followed'
  UNION ALL
  SELECT definition, 'possible', entry, 1, 0, 0 FROM compare.part_follow_up WHERE fate = 'followed'
  UNION ALL
  SELECT definition, 'certain', exit_low, 0, CASE WHEN event_low THEN 1 ELSE 0 END, CASE WHEN event_low THEN 0 ELSE 1 END
  FROM compare.part_follow_up WHERE fate = 'followed'
  UNION ALL
  SELECT definition, 'possible', exit_high, 0, CASE WHEN event_high THEN 1 ELSE 0 END, CASE WHEN event_high THEN 0 ELSE 1 END
  FROM compare.part_follow_up WHERE fate = 'followed'
)
SELECT definition, reading, day, sum(entered) AS entered, sum(events) AS events, sum(ended) AS ended
FROM move
GROUP BY definition, reading, day
