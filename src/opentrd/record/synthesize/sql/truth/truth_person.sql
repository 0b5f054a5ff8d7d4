SELECT
    person_id, resistant, specialist, episodes, CASE WHEN episodes > 0 THEN onset END AS first_onset, observed_from, observed_to,
    truncated, diagnosed,
    (SELECT string_agg(d.diagnosis, '; ' ORDER BY d.diagnosis) FROM coded_condition AS d
     WHERE d.number = person.number AND d.diagnosis <> 'depression') AS other_diagnoses
FROM person ORDER BY number
