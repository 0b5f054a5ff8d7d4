-- measure_group: one row is one scale and one group of items that is scored as one: the highest answer in it counts.
--   measure        the scale
--   grp            the group
--   grp_min, grp_max   points that the group can give
--   slots          answers that are asked for; items of one slot are alternatives
--   all_slots, all_groups   of the whole scale
--   all_min, all_max   points that the whole scale can give, the groups added
WITH grouped AS (
  SELECT r.scale, r.grp, min(k.min_value) AS grp_min, max(k.max_value) AS grp_max, count(DISTINCT r.slot) AS slots
  FROM knowledge.scale_rule AS r
  JOIN knowledge.scale_item AS i ON i.scale = r.item_scale AND i.item = r.item
  JOIN knowledge.measure AS k ON k.measure = i.measure
  GROUP BY r.scale, r.grp
)
SELECT CAST(scale AS VARCHAR) AS measure, CAST(grp AS VARCHAR) AS grp, CAST(grp_min AS DOUBLE) AS grp_min, CAST(grp_max AS DOUBLE) AS grp_max,
       CAST(slots AS BIGINT) AS slots, CAST(sum(slots) OVER (PARTITION BY scale) AS BIGINT) AS all_slots,
       CAST(count(*) OVER (PARTITION BY scale) AS BIGINT) AS all_groups, CAST(sum(grp_min) OVER (PARTITION BY scale) AS DOUBLE) AS all_min,
       CAST(sum(grp_max) OVER (PARTITION BY scale) AS DOUBLE) AS all_max
FROM grouped
