-- measure_sum: one row is one person, one scale and one occasion on which its items were answered: the total that follows.
--   person_id, measure
--   date_low, date_high   first and last possible day of the occasion; null: undated
--   low, high      bounds of the total: what is not answered may be anything
--   answered       answers given, of the slots that are asked for
--   complete       is every slot answered
--   prorated       the total with unanswered items at the mean of the others, where a rule is published; null: not known
WITH totalled AS (
  SELECT p.person_id, p.measure, p.date_low, p.date_high, g.all_slots, g.all_groups, min(g.all_min) + sum(p.low - g.grp_min) AS low,
         min(g.all_max) - sum(g.grp_max - p.high) AS high, CAST(sum(p.answered) AS BIGINT) AS answered, sum(p.low) AS points
  FROM assess.measure_group_score AS p JOIN assess.measure_group AS g ON g.measure = p.measure AND g.grp = p.grp
  GROUP BY p.person_id, p.measure, p.date_low, p.date_high, g.all_slots, g.all_groups
)
SELECT t.person_id, t.measure, t.date_low, t.date_high, CAST(t.low AS DOUBLE) AS low, CAST(t.high AS DOUBLE) AS high, t.answered,
       CAST(t.answered = t.all_slots AS BOOLEAN) AS complete,
       CAST(CASE WHEN t.all_slots - t.answered <= k.most_missing AND t.all_slots = t.all_groups
                 THEN t.points * t.all_slots / nullif(t.answered, 0) END AS DOUBLE) AS prorated
FROM totalled AS t
LEFT JOIN knowledge.scale_prorate AS k ON k.scale = t.measure
JOIN knowledge.parameter AS g ON g.parameter = 'least_answered'
WHERE t.answered >= g.value * t.all_slots
