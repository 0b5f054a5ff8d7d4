-- option_ruling: one row is one treatment and one pattern of decided safety rules: what the rules say to everybody who has it.
--   treatment, pattern
--   weight       4 a rule blocks, 3 a rule may block, 1 a caution acts or may act, 0 none of these
--   reasons      the rules that block or may block, sorted and joined by '; '
--   cautions     the rules of the level caution that act or may act
--   unchecked    the rules that are not decided, by name, and those that no record can decide
--   changes      what would change a block
--   monitoring   what is to be watched
--   weakest      knowledge status of what acts: 0 verified or computed, 1 transcribed, 2 recalled
WITH example AS (  -- everybody with one pattern reads alike: one person stands for all
  SELECT treatment, pattern, min(person_id) AS person_id FROM assess.option_pattern GROUP BY treatment, pattern
), decided AS (
  SELECT e.treatment, e.pattern, r.effect, r.changes, r.named, r.always OR h.person_id IS NOT NULL AS decided, CASE WHEN r.always THEN TRUE ELSE h.acts END AS acts,
         r.says || CASE WHEN h.because IS NULL THEN '' ELSE ': ' || h.because END AS says,
         CASE WHEN h.part_status = 'recalled' OR r.weakest = 2 THEN 2 WHEN h.part_status = 'transcribed' OR r.weakest = 1 THEN 1 ELSE 0 END AS weakest
  FROM example AS e
  JOIN assess.option_ruled AS r ON r.treatment = e.treatment
  LEFT JOIN assess.option_hit AS h ON h.person_id = e.person_id AND h.treatment = e.treatment AND h.rule = r.rule
), said AS (
  SELECT treatment, pattern, CASE WHEN decided AND coalesce(acts, TRUE) THEN weakest ELSE 0 END AS weakest,
         CASE WHEN NOT decided OR NOT coalesce(acts, TRUE) THEN 0 WHEN effect = 'block' AND acts THEN 4 WHEN effect = 'block' THEN 3 WHEN effect = 'caution' THEN 1 ELSE 0 END AS weight,
         CASE WHEN decided AND effect = 'block' AND acts THEN 'blocked: ' || says WHEN decided AND effect = 'block' AND acts IS NULL THEN 'blocked perhaps: ' || says END AS reason,
         CASE WHEN decided AND effect = 'caution' AND acts THEN 'safety: ' || says WHEN decided AND effect = 'caution' AND acts IS NULL THEN 'safety, perhaps: ' || says END AS caution,
         CASE WHEN NOT decided THEN named END AS unchecked, CASE WHEN decided AND effect = 'block' AND coalesce(acts, TRUE) THEN changes END AS change,
         CASE WHEN decided AND effect = 'monitor' AND acts THEN says WHEN decided AND effect = 'monitor' AND acts IS NULL THEN 'perhaps: ' || says END AS watch
  FROM decided
)
SELECT treatment, pattern, CAST(max(weight) AS BIGINT) AS weight,
       CAST(string_agg(reason, '; ' ORDER BY reason) AS VARCHAR) AS reasons, CAST(string_agg(caution, '; ' ORDER BY caution) AS VARCHAR) AS cautions,
       CAST(string_agg(unchecked, '; ' ORDER BY unchecked) AS VARCHAR) AS unchecked, CAST(string_agg(change, '; ' ORDER BY change) AS VARCHAR) AS changes,
       CAST(string_agg(watch, '; ' ORDER BY watch) AS VARCHAR) AS monitoring, CAST(max(weakest) AS BIGINT) AS weakest
FROM said GROUP BY treatment, pattern
