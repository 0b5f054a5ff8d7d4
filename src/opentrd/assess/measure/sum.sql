-- measure_sum: one row is one person, one scale and one occasion on which its items were answered: the total that follows.
--   person_id, measure
--   date_low, date_high   first and last possible day of the occasion; null: undated
--   low, high      bounds of the total: what is not answered may be anything
--   answered       answers given, of the slots that are asked for
--   complete       is every slot answered
--   prorated       the total with unanswered items at the mean of the others, where a rule is published; null: not known
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
), totalled AS (
  SELECT p.person_id, p.scale, p.date_low, p.date_high, g.all_slots, g.all_groups, min(g.all_min) + sum(p.low - g.grp_min) AS low,
         min(g.all_max) - sum(g.grp_max - CASE WHEN p.answered = g.slots THEN p.high ELSE g.grp_max END) AS high,
         CAST(sum(p.answered) AS BIGINT) AS answered, sum(p.low) AS points
  FROM grouped AS p JOIN assess.measure_group AS g ON g.measure = p.scale AND g.grp = p.grp
  GROUP BY p.person_id, p.scale, p.date_low, p.date_high, g.all_slots, g.all_groups
)
SELECT t.person_id, CAST(t.scale AS VARCHAR) AS measure, CAST(t.date_low AS DATE) AS date_low, CAST(t.date_high AS DATE) AS date_high,
       CAST(t.low AS DOUBLE) AS low, CAST(t.high AS DOUBLE) AS high, t.answered, CAST(t.answered = t.all_slots AS BOOLEAN) AS complete,
       CAST(CASE WHEN t.all_slots - t.answered <= k.most_missing AND t.all_slots = t.all_groups
                 THEN t.points * t.all_slots / nullif(t.answered, 0) END AS DOUBLE) AS prorated
FROM totalled AS t
LEFT JOIN knowledge.scale_prorate AS k ON k.scale = t.scale
JOIN knowledge.parameter AS g ON g.parameter = 'least_answered'
WHERE t.answered >= g.value * t.all_slots
