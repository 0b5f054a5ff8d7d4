-- option_unruled: one row is one treatment, of a person of whom the record decides none of its safety rules.
--   treatment
--   unchecked    all its rules but those that hold for everybody, by name, sorted and joined by '; '
--   monitoring   what is to be watched in everybody
--   weakest      knowledge status of that: 0 verified or computed, 1 transcribed, 2 recalled
SELECT treatment, CAST(string_agg(CASE WHEN NOT always THEN named END, '; ' ORDER BY CASE WHEN NOT always THEN named END) AS VARCHAR) AS unchecked,
       CAST(string_agg(CASE WHEN always THEN says END, '; ' ORDER BY CASE WHEN always THEN says END) AS VARCHAR) AS monitoring,
       CAST(max(CASE WHEN always THEN weakest ELSE 0 END) AS BIGINT) AS weakest
FROM assess.option_ruled GROUP BY treatment
