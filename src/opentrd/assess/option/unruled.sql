-- option_unruled: one row is one treatment, of a person of whom the record decides none of its safety rules.
--   treatment
--   unchecked    all its rules but those that hold for everybody, by name, sorted and joined by '; '
--   monitoring   what is to be watched in everybody
--   weakest      knowledge status of that: 0 verified or computed, 1 transcribed, 2 recalled
WITH worded AS (
  SELECT treatment, weakest, always, CASE WHEN NOT always THEN named END AS open_rule, CASE WHEN always THEN coalesce('for ' || whom || ': ', '') || says END AS watch
  FROM assess.option_ruled
)
SELECT treatment, CAST(string_agg(open_rule, '; ' ORDER BY open_rule) AS VARCHAR) AS unchecked, CAST(string_agg(watch, '; ' ORDER BY watch) AS VARCHAR) AS monitoring,
       CAST(max(CASE WHEN always THEN weakest ELSE 0 END) AS BIGINT) AS weakest
FROM worded GROUP BY treatment
