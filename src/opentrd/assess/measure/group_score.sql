-- measure_group_score: one row is one person, one occasion and one group of items of a scale: the highest answer in the group.
--   person_id, measure   the person and the scale
--   grp            the group
--   date_low, date_high   first and last possible day of the occasion; null: undated
--   low, high      bounds, points: several answers of one day to one item may differ, and what is not answered may be anything
--   answered       slots answered, of those of the group
WITH point AS (
  SELECT i.person_id, r.scale, r.grp, r.slot, i.date_low, i.date_high,
         min(CASE WHEN r.reversed THEN k.min_value + k.max_value - i.value ELSE i.value END) AS low,
         max(CASE WHEN r.reversed THEN k.min_value + k.max_value - i.value ELSE i.value END) AS high
  FROM assess.rating_item AS i
  JOIN knowledge.scale_rule AS r ON r.item_scale = i.measure AND r.item = i.item
  JOIN knowledge.scale_item AS s ON s.scale = i.measure AND s.item = i.item
  JOIN knowledge.measure AS k ON k.measure = s.measure
  WHERE i.value IS NOT NULL
  GROUP BY i.person_id, r.scale, r.grp, r.slot, r.item, i.date_low, i.date_high
), slot AS (  -- of alternatives that are both answered the higher one counts
  SELECT person_id, scale, grp, slot, date_low, date_high, max(low) AS low, max(high) AS high
  FROM point GROUP BY person_id, scale, grp, slot, date_low, date_high
), grouped AS (
  SELECT person_id, scale, grp, date_low, date_high, max(low) AS low, max(high) AS high, count(*) AS answered
  FROM slot GROUP BY person_id, scale, grp, date_low, date_high
)
SELECT p.person_id, CAST(p.scale AS VARCHAR) AS measure, CAST(p.grp AS VARCHAR) AS grp, CAST(p.date_low AS DATE) AS date_low,
       CAST(p.date_high AS DATE) AS date_high, CAST(p.low AS DOUBLE) AS low,
       CAST(CASE WHEN p.answered = g.slots THEN p.high ELSE g.grp_max END AS DOUBLE) AS high, CAST(p.answered AS BIGINT) AS answered
FROM grouped AS p JOIN assess.measure_group AS g ON g.measure = p.scale AND g.grp = p.grp
