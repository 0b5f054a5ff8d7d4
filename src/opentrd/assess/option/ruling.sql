-- option_ruling: one row is one treatment and one pattern of decided safety rules: what the rules say to everybody who has it.
--   treatment, pattern
--   weight       4 a rule blocks every drug of a part, 3 rules may block these, 1 a caution acts or may act, or some drugs of a part are blocked and
--                none of it is taken; 0 none of these
--   reasons      the rules that block or may block it, sorted and joined by '; '
--   cautions     the rules of the level caution that act or may act, and blocks that leave another drug free
--   unchecked    the rules that are not decided for any of its drugs, by name, and those that no record can decide
--   changes      what would change a block
--   monitoring   what is to be watched
--   weakest      knowledge status of what acts: 0 verified or computed, 1 transcribed, 2 recalled
WITH example AS (  -- everybody with one pattern reads alike: one person stands for all
  SELECT treatment, pattern, min(person_id) AS person_id FROM assess.option_pattern GROUP BY treatment, pattern
), held AS (
  SELECT DISTINCT treatment, part, unit, size FROM assess.option_unit
), hit AS (
  SELECT e.treatment, e.pattern, u.part, u.unit, u.size, r.rule, r.effect, h.acts, CASE WHEN h.acts THEN 2 WHEN h.acts IS NULL THEN 1 ELSE 0 END AS strength,
         coalesce(h.because, '') AS because, CASE WHEN h.part_status = 'recalled' OR r.weakest = 2 THEN 2 WHEN h.part_status = 'transcribed' OR r.weakest = 1 THEN 1 ELSE 0 END AS weakest
  FROM example AS e
  JOIN held AS u ON u.treatment = e.treatment
  JOIN assess.option_unit_hit AS h ON h.person_id = e.person_id AND h.unit = u.unit
  JOIN assess.option_ruled AS r ON r.treatment = e.treatment AND r.rule = h.rule
), shut AS (  -- drugs that are blocked; and those that others of the part are blocked by: they are taken already, so none is left to begin
  SELECT treatment, pattern, part, unit, size, strength, 1 AS itself FROM hit WHERE effect = 'block' AND strength > 0
  UNION ALL
  SELECT h.treatment, h.pattern, h.part, u.unit, h.size, h.strength, 0
  FROM hit AS h
  JOIN held AS u ON u.treatment = h.treatment AND u.part = h.part AND u.unit <> h.unit AND '; ' || h.because || '; ' LIKE '%; ' || u.unit || '; %'
  WHERE h.effect = 'block' AND h.strength > 0
), shut_unit AS (
  SELECT treatment, pattern, part, unit, size, max(strength) AS strength, max(itself) AS itself FROM shut GROUP BY treatment, pattern, part, unit, size
), shut_part AS (  -- a part that a drug which is taken already fills needs none of the others
  SELECT treatment, pattern, part, CASE WHEN count(*) < size AND min(itself) = 0 THEN 0 WHEN count(*) < size THEN 1 WHEN min(strength) = 2 THEN 4 ELSE 3 END AS weight FROM shut_unit GROUP BY treatment, pattern, part, size
), spoken AS (  -- one thing said of some drugs of one part
  SELECT treatment, pattern, rule, effect, strength, because, part, size, count(*) AS units, max(weakest) AS weakest, string_agg(unit, ', ' ORDER BY unit) AS whom
  FROM hit WHERE strength > 0 GROUP BY treatment, pattern, rule, effect, strength, because, part, size
), spared AS (  -- where it is said of more than half of them: those of which it is not
  SELECT s.treatment, s.pattern, s.rule, s.strength, s.because, s.part, string_agg(u.unit, ', ' ORDER BY u.unit) AS whom
  FROM spoken AS s
  JOIN held AS u ON u.treatment = s.treatment AND u.part = s.part
  LEFT JOIN hit AS h ON h.treatment = s.treatment AND h.pattern = s.pattern AND h.part = s.part AND h.unit = u.unit AND h.rule = s.rule AND h.strength = s.strength AND h.because = s.because
  WHERE s.units < s.size AND 2 * s.units > s.size AND h.unit IS NULL
  GROUP BY s.treatment, s.pattern, s.rule, s.strength, s.because, s.part
), worded AS (
  SELECT s.treatment, s.pattern, s.rule, s.effect, s.strength, s.because, max(s.weakest) AS weakest, max(b.weight) AS weight,
         CASE WHEN max(CASE WHEN s.units = s.size THEN 1 ELSE 0 END) = 0
              THEN ' for ' || string_agg(CASE WHEN x.whom IS NULL THEN s.whom ELSE 'all but ' || x.whom END, ' and for ' ORDER BY s.part) ELSE '' END AS whom
  FROM spoken AS s
  LEFT JOIN spared AS x ON x.treatment = s.treatment AND x.pattern = s.pattern AND x.rule = s.rule AND x.strength = s.strength AND x.because = s.because AND x.part = s.part
  LEFT JOIN shut_part AS b ON b.treatment = s.treatment AND b.pattern = s.pattern AND b.part = s.part
  GROUP BY s.treatment, s.pattern, s.rule, s.effect, s.strength, s.because
), denied AS (
  SELECT treatment, pattern, rule, count(DISTINCT unit) AS units, max(strength) AS strength FROM hit GROUP BY treatment, pattern, rule
), said AS (
  SELECT w.treatment, w.pattern, w.weakest, CASE w.effect WHEN 'block' THEN w.weight WHEN 'caution' THEN 1 ELSE 0 END AS weight,
         CASE WHEN w.effect = 'block' AND w.weight > 1
              THEN 'blocked' || CASE w.strength WHEN 2 THEN '' ELSE ' perhaps' END || w.whom || ': ' || r.says || CASE w.because WHEN '' THEN '' ELSE ': ' || w.because END END AS reason,
         CASE WHEN w.effect = 'caution' OR (w.effect = 'block' AND w.weight < 3)
              THEN CASE w.effect WHEN 'caution' THEN 'safety' ELSE 'blocked' END || CASE WHEN w.strength = 2 THEN '' WHEN w.effect = 'caution' THEN ', perhaps' ELSE ' perhaps' END
                   || CASE WHEN w.effect = 'caution' AND w.whom <> '' THEN ',' ELSE '' END || w.whom || ': ' || r.says || CASE w.because WHEN '' THEN '' ELSE ': ' || w.because END END AS caution,
         CAST(NULL AS VARCHAR) AS unchecked, CASE WHEN w.effect = 'block' THEN r.changes END AS change,
         CASE WHEN w.effect = 'monitor' THEN CASE w.strength WHEN 2 THEN '' ELSE 'perhaps: ' END || CASE w.whom WHEN '' THEN '' ELSE 'for' || w.whom || ': ' END || r.says
                                             || CASE w.because WHEN '' THEN '' ELSE ': ' || w.because END END AS watch
  FROM worded AS w
  JOIN assess.option_ruled AS r ON r.treatment = w.treatment AND r.rule = w.rule
  UNION ALL  -- what holds for everybody, and what is not decided
  SELECT e.treatment, e.pattern, CASE WHEN r.always THEN r.weakest ELSE 0 END, CASE WHEN NOT r.always THEN 0 WHEN r.effect = 'block' THEN 4 WHEN r.effect = 'caution' THEN 1 ELSE 0 END,
         CASE WHEN r.always AND r.effect = 'block' THEN 'blocked: ' || r.says END, CASE WHEN r.always AND r.effect = 'caution' THEN 'safety: ' || r.says END,
         CASE WHEN NOT r.always THEN r.named END, CASE WHEN r.always AND r.effect = 'block' THEN r.changes END,
         CASE WHEN r.always AND r.effect = 'monitor' THEN coalesce('for ' || r.whom || ': ', '') || r.says END
  FROM example AS e
  JOIN assess.option_ruled AS r ON r.treatment = e.treatment
  LEFT JOIN denied AS d ON d.treatment = e.treatment AND d.pattern = e.pattern AND d.rule = r.rule AND (d.strength > 0 OR d.units = r.units)
  WHERE d.rule IS NULL
)
SELECT treatment, pattern, CAST(max(weight) AS BIGINT) AS weight,
       CAST(string_agg(reason, '; ' ORDER BY reason) AS VARCHAR) AS reasons, CAST(string_agg(caution, '; ' ORDER BY caution) AS VARCHAR) AS cautions,
       CAST(string_agg(unchecked, '; ' ORDER BY unchecked) AS VARCHAR) AS unchecked, CAST(string_agg(change, '; ' ORDER BY change) AS VARCHAR) AS changes,
       CAST(string_agg(watch, '; ' ORDER BY watch) AS VARCHAR) AS monitoring, CAST(max(weakest) AS BIGINT) AS weakest
FROM said GROUP BY treatment, pattern
