-- stage: one row is one person, one instrument and one item; item 'total' is the score.
--   person_id, instrument, item
--   low, high            score, lower and upper bound; maudsley low null: not applicable, or (high given) perhaps not applicable;
--                        others high null: no upper bound known
--   band_low, band_high  named band of the total at either bound
--   scale_min, scale_max ends of the scale; null: open
--   episode_id           the episode that is staged: the one at as_of, else the last
--   assumes              what was taken for granted
--   knowledge_status     weakest status of the facts behind it: verified, transcribed, recalled
WITH fact AS (
  SELECT definition AS instrument, knowledge_status FROM knowledge.definition WHERE family = 'instrument'
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.adequacy_rule AS r ON r.adequacy_rule = d.adequacy_rule
  UNION ALL SELECT d.definition, r.knowledge_status FROM knowledge.definition AS d JOIN knowledge.failure_rule AS r ON r.failure_rule = d.failure_rule
  UNION ALL SELECT instrument, knowledge_status FROM knowledge.instrument_rule
  UNION ALL SELECT instrument, knowledge_status FROM knowledge.level
  UNION ALL SELECT instrument, knowledge_status FROM knowledge.band
), status AS (
  SELECT instrument, max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest FROM fact GROUP BY instrument
), described AS (
  SELECT s.instrument, s.item, s.scale_min, s.scale_max, r.definition_no, i.method,
         CASE w.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS knowledge_status
  FROM knowledge.instrument AS s
  JOIN assess.rule AS r ON r.definition = s.instrument
  JOIN knowledge.instrument_rule AS i ON i.instrument = s.instrument
  JOIN status AS w ON w.instrument = s.instrument
), staged AS (
  SELECT i.person_id, i.instrument, i.item, i.low, i.high, i.broken, i.remark, s.method, s.scale_min, s.scale_max, e.episode_id, g.assumes, s.knowledge_status
  FROM assess.score AS i
  JOIN described AS s ON s.instrument = i.instrument AND s.item = i.item
  JOIN assess.profile AS p ON p.person_id = i.person_id
  JOIN assess.eligibility AS g ON g.pattern = p.pattern AND g.definition_no = s.definition_no
  LEFT JOIN assess.episode AS e ON e.person_id = i.person_id AND e.is_last
)
SELECT i.person_id, i.instrument, i.item, i.low, i.high,
       CAST(CASE WHEN i.method = 'maudsley' AND i.low IS NULL THEN 'not applicable (no failed trial)'
                 WHEN i.broken IS NOT NULL THEN l.band || ' (non-hierarchical: ' || i.broken || ' failed)'
                 WHEN i.remark IS NOT NULL THEN l.band || ' (' || i.remark || ')'
                 ELSE l.band END AS VARCHAR) AS band_low,
       CAST(CASE WHEN i.method = 'maudsley' AND i.high IS NULL THEN 'not applicable (no failed trial)'
                 WHEN i.broken IS NOT NULL AND i.low = i.high THEN h.band || ' (non-hierarchical: ' || i.broken || ' failed)'
                 WHEN i.remark IS NOT NULL THEN h.band || ' (' || i.remark || ')'
                 ELSE h.band END AS VARCHAR) AS band_high,
       CAST(i.scale_min AS DOUBLE) AS scale_min, CAST(i.scale_max AS DOUBLE) AS scale_max, CAST(i.episode_id AS VARCHAR) AS episode_id,
       i.assumes, CAST(i.knowledge_status AS VARCHAR) AS knowledge_status
FROM staged AS i
LEFT JOIN knowledge.band AS l ON l.instrument = i.instrument AND i.low BETWEEN l.from_score AND l.to_score
LEFT JOIN knowledge.band AS h ON h.instrument = i.instrument AND i.high BETWEEN h.from_score AND h.to_score
WHERE i.item = 'total'
UNION ALL
SELECT person_id, instrument, item, low, high, NULL, NULL, scale_min, scale_max, episode_id, assumes, knowledge_status
FROM staged WHERE item <> 'total'
