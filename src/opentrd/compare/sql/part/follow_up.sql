-- part_follow_up: one row is one person of the present part and one definition: from the index date to resistance or the end.
--   definition
--   fate        followed, or why not: not in the denominator, denominator not known, no index date, resistant without a date,
--               resistant before observed, not observed after the index date
--   undated     undetermined, and no day on which it would have been met
--   entry       last day before observation, in days after the index date; -1: observed from the index date on
--   exit_low, event_low     last day followed and whether resistance came then, certain verdicts only
--   exit_high, event_high   the same, with every undetermined verdict read as met on its first possible day
WITH day AS (
  SELECT definition, eligible, met, index_date, possible_on, met_on,
         CASE WHEN observed_from > index_date THEN date_diff('day', index_date, observed_from) ELSE -1 END AS entry,
         date_diff('day', index_date, observed_to) AS last,
         date_diff('day', index_date, met_on) AS met_day,
         CASE WHEN met IS NULL THEN date_diff('day', index_date, possible_on) END AS possible_day
  FROM compare.part_verdict
), fated AS (
  SELECT *, CASE WHEN NOT eligible THEN 'not in the denominator'
                 WHEN eligible IS NULL THEN 'denominator not known'
                 WHEN index_date IS NULL THEN 'no index date'
                 WHEN met AND met_day IS NULL THEN 'resistant without a date'
                 WHEN met AND met_day <= entry THEN 'resistant before observed'
                 WHEN last IS NULL OR last <= entry OR met_day > last THEN 'not observed after the index date'
                 ELSE 'followed' END AS fate
  FROM day
)
SELECT definition, fate,
       fate = 'followed' AND met IS NULL AND possible_day IS NULL AS undated,
       entry,
       CASE WHEN met THEN met_day ELSE last END AS exit_low,
       coalesce(met, FALSE) AS event_low,
       CASE WHEN met THEN met_day
            WHEN met IS NULL AND possible_day IS NOT NULL
            THEN CASE WHEN possible_day > last THEN last WHEN possible_day > entry THEN possible_day ELSE entry + 1 END
            ELSE last END AS exit_high,
       coalesce(met, possible_day IS NOT NULL) AS event_high
FROM fated
