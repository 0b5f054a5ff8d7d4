-- one row: one instrument without named bands and one number of points
-- persons: number of persons with a recorded depressive episode who are staged
-- certain: those who certainly have at least so many points; possible: those who may have them (no highest score: any)
WITH diagnosed AS (
    SELECT DISTINCT person_id FROM episode WHERE basis <> 'treatment only'
), unbanded AS (
    SELECT instrument FROM stage WHERE item = 'total' GROUP BY instrument HAVING max(band_high) IS NULL
)
SELECT
    s.instrument,
    CAST(p.points AS BIGINT) AS points,
    count(*) AS persons,
    CAST(sum(CASE WHEN s.low >= p.points THEN 1 ELSE 0 END) AS BIGINT) AS certain,
    CAST(sum(CASE WHEN coalesce(s.high >= p.points, TRUE) THEN 1 ELSE 0 END) AS BIGINT) AS possible
FROM stage AS s
JOIN diagnosed AS d ON d.person_id = s.person_id
JOIN unbanded AS u ON u.instrument = s.instrument
CROSS JOIN range(1, 7) AS p(points)
WHERE s.item = 'total'
GROUP BY s.instrument, p.points
ORDER BY s.instrument, p.points
