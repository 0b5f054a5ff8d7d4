-- option_pattern: one row is one adult and one treatment of which the record decides a safety rule.
--   person_id, treatment
--   pattern   what is decided, rule by rule: the rules then say the same about everybody with this pattern
SELECT person_id, treatment,
       CAST(string_agg(rule || CASE WHEN acts THEN ' acts ' WHEN acts IS NULL THEN ' may act ' ELSE ' does not act ' END || part_status || ' ' || coalesce(because, ''), '; ' ORDER BY rule)
            AS VARCHAR) AS pattern
FROM assess.option_hit GROUP BY person_id, treatment
