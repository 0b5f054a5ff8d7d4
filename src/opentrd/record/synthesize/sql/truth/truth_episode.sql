SELECT
    person.person_id, e.episode, e.start_date AS true_start, e.end_date AS true_end, e.score AS untreated_phq9,
    e.steps, e.recovered
FROM episode AS e
JOIN person ON person.number = e.number
ORDER BY e.number, e.episode
