-- measure_converted: one row is a total that a published conversion makes of a rating by another scale. Only for scales with
-- severity bands by which the person was never rated, and never beyond the ends of the published points.
--   person_id, scale
--   rating_id      '<scale>/<conversion>/<rating_id of the source>'
--   date_low, date_high   as of the source
--   low, high      bounds of the total, points
--   complete       is the source's total known to the point
--   converted_from   the rating it was made of;  crosswalk  the conversion
WITH source AS (
  SELECT person_id, scale, rating_id, date_low, date_high, low, high FROM assess.measure_total WHERE reason IS NULL AND low IS NOT NULL AND high IS NOT NULL
), full_table AS (  -- every step of the table that the source may lie in
  SELECT r.person_id, t.scale, t.crosswalk, r.rating_id, r.date_low, r.date_high, r.low = r.high AS known, min(t.from_score) AS low, max(t.to_score) AS high
  FROM source AS r
  JOIN knowledge.crosswalk AS f ON f.scale = r.scale AND r.low < f.to_score + 1 AND r.high >= f.from_score
  JOIN knowledge.crosswalk AS t ON t.crosswalk = f.crosswalk AND t.step = f.step AND t.scale <> r.scale
  GROUP BY r.person_id, t.scale, t.crosswalk, r.rating_id, r.date_low, r.date_high, r.low, r.high
), anchored AS (  -- between two published points, because more on one scale is not less on the other
  SELECT r.person_id, a.to_scale AS scale, a.crosswalk, r.rating_id, r.date_low, r.date_high, r.low = r.high AS known,
         max(CASE WHEN a.from_score <= r.low THEN a.to_low END) AS low, min(CASE WHEN a.to_score + 1 > r.high THEN a.to_high END) AS high
  FROM source AS r
  JOIN knowledge.crosswalk_anchor AS a ON a.scale = r.scale
  GROUP BY r.person_id, a.to_scale, a.crosswalk, r.rating_id, r.date_low, r.date_high, r.low, r.high
), converted AS (
  SELECT * FROM full_table
  UNION ALL
  SELECT * FROM anchored WHERE low IS NOT NULL AND high IS NOT NULL
)
SELECT c.person_id, CAST(c.scale AS VARCHAR) AS scale, CAST(c.scale || '/' || c.crosswalk || '/' || c.rating_id AS VARCHAR) AS rating_id,
       CAST(c.date_low AS DATE) AS date_low, CAST(c.date_high AS DATE) AS date_high, CAST(c.low AS DOUBLE) AS low, CAST(c.high AS DOUBLE) AS high,
       CAST(c.known AS BOOLEAN) AS complete, CAST(c.rating_id AS VARCHAR) AS converted_from, CAST(c.crosswalk AS VARCHAR) AS crosswalk
FROM converted AS c
JOIN knowledge.scale AS k ON k.scale = c.scale AND k.band_scheme IS NOT NULL
LEFT JOIN (SELECT DISTINCT person_id, scale FROM assess.measure_total) AS o ON o.person_id = c.person_id AND o.scale = c.scale
WHERE o.person_id IS NULL
