-- one row: one instrument with named bands and one pair of lowest and highest possible band
-- band_low, band_high   name of the band; what is flagged beside a stage (a broken hierarchy) is left to the tables;
--                       an instrument that may not apply (no lowest score) is a band of its own on either side
-- persons: number of persons with a recorded depressive episode whose total lies there; certain bands first, in the
-- order of their scores, then who is outside the instrument, certainly or perhaps, then what lies between two bands
WITH diagnosed AS (
    SELECT DISTINCT person_id FROM episode WHERE basis <> 'treatment only'
), banded AS (
    SELECT instrument FROM stage WHERE item = 'total' GROUP BY instrument HAVING max(band_high) IS NOT NULL
), total AS (
    SELECT
        s.instrument,
        s.low,
        s.high,
        split_part(s.band_low, ' (non-', 1) AS band_low,
        split_part(s.band_high, ' (non-', 1) AS band_high
    FROM stage AS s
    JOIN diagnosed AS d ON d.person_id = s.person_id
    JOIN banded AS b ON b.instrument = s.instrument
    WHERE s.item = 'total'
), named AS (
    SELECT
        instrument,
        low,
        high,
        CASE WHEN low IS NULL AND high IS NOT NULL THEN 'not applicable, or up to ' || band_high ELSE band_low END AS band_low,
        CASE WHEN low IS NULL AND high IS NOT NULL THEN 'not applicable, or up to ' || band_high ELSE band_high END AS band_high,
        CASE
            WHEN low IS NULL AND high IS NOT NULL THEN 2
            WHEN band_low IS NULL AND band_high IS NULL THEN 4
            WHEN band_low IS DISTINCT FROM band_high THEN 3
            WHEN low IS NULL THEN 1
            ELSE 0
        END AS place
    FROM total
)
SELECT
    instrument,
    band_low,
    band_high,
    count(*) AS persons
FROM named
GROUP BY instrument, place, band_low, band_high
ORDER BY instrument, place, min(low), max(high), band_low, band_high
