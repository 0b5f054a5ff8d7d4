-- stage: one row is one person, one instrument and one item; item 'total' is the score.
--   person_id, instrument, item
--   low, high            score, lower and upper bound; maudsley low null: not applicable, or (high given) perhaps not applicable;
--                        mgh_s high null: no upper bound known
--   band_low, band_high  named band of the total at either bound
--   scale_min, scale_max ends of the scale; null: open
--   episode_id           the episode that is staged: the one at as_of, else the last
--   assumes              what was taken for granted
--   knowledge_status     weakest status of the facts behind it: verified, transcribed, recalled
WITH item AS (
  SELECT person_id, instrument, item, low, high, CAST(NULL AS VARCHAR) AS broken FROM assess.stage_maudsley
  UNION ALL SELECT person_id, instrument, item, low, high, broken FROM assess.stage_thase_rush
  UNION ALL SELECT person_id, instrument, item, low, high, NULL FROM assess.stage_mgh_s
), fact AS (
  SELECT definition AS instrument, knowledge_status FROM knowledge.definition WHERE family = 'instrument'
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.adequacy_rule AS r ON r.adequacy_rule = d.adequacy_rule
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.failure_rule AS r ON r.failure_rule = d.failure_rule
  UNION ALL SELECT instrument, knowledge_status FROM knowledge.level
  UNION ALL SELECT instrument, knowledge_status FROM knowledge.band
), status AS (
  SELECT instrument, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest FROM fact GROUP BY instrument
)
SELECT i.person_id, i.instrument, i.item, i.low, i.high,
       CAST(CASE WHEN i.item = 'total'
                 THEN CASE WHEN i.instrument = 'maudsley' AND i.low IS NULL THEN 'not applicable (no failed trial)'
                           WHEN i.broken IS NOT NULL THEN l.band || ' (non-hierarchical: ' || i.broken || ' failed)'
                           ELSE l.band END END AS VARCHAR) AS band_low,
       CAST(CASE WHEN i.item = 'total'
                 THEN CASE WHEN i.instrument = 'maudsley' AND i.high IS NULL THEN 'not applicable (no failed trial)'
                           WHEN i.broken IS NOT NULL AND i.low = i.high THEN h.band || ' (non-hierarchical: ' || i.broken || ' failed)'
                           ELSE h.band END END AS VARCHAR) AS band_high,
       CAST(s.scale_min AS DOUBLE) AS scale_min, CAST(s.scale_max AS DOUBLE) AS scale_max,
       CAST(e.episode_id AS VARCHAR) AS episode_id,
       g.assumes,
       CAST(CASE w.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS VARCHAR) AS knowledge_status
FROM item AS i
JOIN knowledge.instrument AS s ON s.instrument = i.instrument AND s.item = i.item
JOIN status AS w ON w.instrument = i.instrument
JOIN assess.eligibility AS g ON g.person_id = i.person_id AND g.definition = i.instrument
LEFT JOIN assess.episode AS e ON e.person_id = i.person_id AND e.is_last
LEFT JOIN knowledge.band AS l ON l.instrument = i.instrument AND i.item = 'total' AND i.low BETWEEN l.from_score AND l.to_score
LEFT JOIN knowledge.band AS h ON h.instrument = i.instrument AND i.item = 'total' AND i.high BETWEEN h.from_score AND h.to_score
