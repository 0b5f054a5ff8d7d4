-- one row: one instrument and one pair of lowest and highest possible band
-- band_low, band_high   name of the band; of an instrument without named bands, whole points; what is flagged beside a
--                       stage (a broken hierarchy) is left to the tables
-- persons: number of persons whose total lies there; certain bands first, in the order of their scores
WITH named AS (
    SELECT
        instrument,
        low,
        high,
        CASE WHEN band_low IS NOT NULL THEN split_part(band_low, ' (non-', 1)
             WHEN low IS NOT NULL THEN format('{:d}–{:d}.5 points', CAST(floor(low) AS BIGINT), CAST(floor(low) AS BIGINT))
             END AS band_low,
        CASE WHEN band_high IS NOT NULL THEN split_part(band_high, ' (non-', 1)
             WHEN high IS NOT NULL THEN format('{:d}–{:d}.5 points', CAST(floor(high) AS BIGINT), CAST(floor(high) AS BIGINT))
             END AS band_high
    FROM stage
    WHERE item = 'total'
)
SELECT
    instrument,
    band_low,
    band_high,
    count(*) AS persons
FROM named
GROUP BY instrument, band_low, band_high
ORDER BY
    instrument,
    band_low IS NULL AND band_high IS NULL,
    coalesce(band_low, '') <> coalesce(band_high, ''),
    min(low),
    max(high),
    band_low,
    band_high
