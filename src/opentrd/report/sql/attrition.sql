-- one row: one step of the flow from the source to the cohort; every step lies inside the one before
-- place: order of the step; step: its words; persons: number of persons
-- $adult_age: completed years from which a person counts as adult; NULL leaves the step out
WITH step AS (
    SELECT
        a.person_id,
        EXISTS (SELECT 1 FROM trial AS t WHERE t.person_id = a.person_id) AS treated,
        EXISTS (SELECT 1 FROM episode AS e WHERE e.person_id = a.person_id) AS with_episode,
        EXISTS (
            SELECT 1 FROM episode AS e WHERE e.person_id = a.person_id AND e.basis <> 'treatment only'
        ) AS diagnosed,
        coalesce(a.age_low >= $adult_age, FALSE) AS adult
    FROM as_of AS a
)
SELECT 1 AS place, 'Persons in the source' AS step, count(*) AS persons FROM step
UNION ALL
SELECT 2, 'with a recorded treatment trial', count(*) FROM step WHERE treated
UNION ALL
SELECT 3, 'and an episode that can be dated', count(*) FROM step WHERE treated AND with_episode
UNION ALL
SELECT 4, 'and a recorded diagnosis of depression', count(*) FROM step WHERE treated AND with_episode AND diagnosed
UNION ALL
SELECT 5, 'and certainly of adult age', count(*)
FROM step
WHERE treated AND with_episode AND diagnosed AND adult
HAVING $adult_age IS NOT NULL
ORDER BY place
