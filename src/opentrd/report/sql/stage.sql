-- one row: one instrument and one pair of lowest and highest possible band
-- persons: number of persons whose total lies there; certain bands first, in the order of their scores
SELECT
    instrument,
    band_low,
    band_high,
    count(*) AS persons
FROM stage
WHERE item = 'total'
GROUP BY instrument, band_low, band_high
ORDER BY
    instrument,
    band_low IS NULL AND band_high IS NULL,
    coalesce(band_low, '') <> coalesce(band_high, ''),
    min(low),
    max(high),
    band_low,
    band_high
