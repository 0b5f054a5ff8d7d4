-- option_situation: one row is one adult.
--   person_id
--   situation   every circumstance that guideline lines ask for, with its truth: guidelines say the same to everybody in one situation
SELECT person_id, CAST(string_agg(state || CASE WHEN holds THEN ' yes' WHEN NOT holds THEN ' no' ELSE ' not known' END, '; ' ORDER BY state) AS VARCHAR) AS situation
FROM assess.option_state GROUP BY person_id
