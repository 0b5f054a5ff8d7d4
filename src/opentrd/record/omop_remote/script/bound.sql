-- One row is one measure and one unit in which it is written.
--   measure
--   unit               '' when none is given
--   lowest, highest    what the measure can be in that unit
WITH unit AS (
    SELECT CAST('' AS VARCHAR) AS unit
    UNION
    SELECT word FROM wording.word WHERE field = 'unit' AND word IS NOT NULL
),
used AS (
    SELECT DISTINCT meaning FROM mapping.meaning WHERE kind = 'measure'
)
SELECT m.measure, u.unit, CAST(m.min_value AS DOUBLE) AS lowest, CAST(m.max_value AS DOUBLE) AS highest
FROM used AS d
JOIN knowledge.measure AS m ON m.measure = d.meaning
CROSS JOIN unit AS u
WHERE (m.min_value IS NOT NULL OR m.max_value IS NOT NULL)
    AND (u.unit = '' OR m.unit IS NULL OR lower(u.unit) = lower(m.unit))
