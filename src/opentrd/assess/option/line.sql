-- option_line: one row is one situation and one treatment in one role of which a guideline speaks.
--   situation, treatment, role
--   place      the best place of the lines that count: they apply for certain, are not only recalled, and do not advise against; null: none
--   line       these lines, each under its guideline's name, sorted and joined by '; '
--   guidance   what speaks for and against it by guidelines, sorted and joined by '; ': the choice between switching and adding, conditions of a
--              line that are not met or not known, advice against
--   stance     1 the choice between switching and adding speaks for it, -1 against it, 0 neither
--   weakest    knowledge status of the lines that count and of that choice: 0 verified or computed, 1 transcribed, 2 recalled
WITH example AS (
  SELECT situation, min(person_id) AS person_id FROM assess.option_situation GROUP BY situation
), applied AS (
  SELECT e.situation, l.treatment, l.role, l.guideline, l.line, l.place, l.level, l.condition,
         CASE l.knowledge_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END AS weakest, CASE WHEN l.asks IS NULL THEN TRUE ELSE s.holds END AS applies
  FROM example AS e
  CROSS JOIN assess.option_lined AS l
  LEFT JOIN assess.option_state AS s ON s.person_id = e.person_id AND s.state = l.asks
), preferred AS (  -- a guideline speaks of what it has a line for
  SELECT e.situation, l.treatment, l.role, g.stance, g.says, CASE g.knowledge_status WHEN 'recalled' THEN 2 WHEN 'transcribed' THEN 1 ELSE 0 END AS weakest
  FROM example AS e
  JOIN assess.option_state AS s ON s.person_id = e.person_id AND s.holds
  JOIN knowledge.switch_logic AS g ON g.state = s.state
  JOIN (SELECT DISTINCT treatment, role FROM assess.option_lined WHERE place < 4) AS l ON l.role = g.role
  LEFT JOIN assess.option_state AS u ON u.person_id = e.person_id AND u.state = g.unless_state
  WHERE NOT coalesce(u.holds, FALSE)
), said AS (
  SELECT situation, treatment, role, CASE WHEN applies AND place < 9 AND weakest < 2 THEN place END AS place, 0 AS stance,
         CASE WHEN applies AND place < 9 AND weakest < 2 THEN weakest ELSE 0 END AS weakest,
         CASE WHEN applies AND place < 9 AND weakest < 2 THEN guideline || ': ' || line || coalesce(' (level ' || level || ')', '') END AS line,
         CASE WHEN place = 9 THEN 'against: ' || guideline || ': ' || line || coalesce(' (' || condition || ')', '')
              WHEN applies AND weakest = 2 THEN 'for: ' || guideline || ': ' || line || ' (recalled: does not count)'
              WHEN applies THEN NULL
              WHEN applies IS NULL THEN 'not known: ' || guideline || ', ' || line || ', asks for: ' || coalesce(condition, '')
              ELSE 'against: ' || guideline || ', ' || line || ', asks for: ' || coalesce(condition, '') END AS guidance
  FROM applied
  UNION ALL
  SELECT situation, treatment, role, NULL, CASE WHEN stance = 'for' THEN 1 ELSE -1 END, weakest, NULL, stance || ': ' || says FROM preferred
), once AS (
  SELECT situation, treatment, role, line, guidance, min(place) AS place, max(stance) AS stance_high, min(stance) AS stance_low, max(weakest) AS weakest
  FROM said GROUP BY situation, treatment, role, line, guidance
)
SELECT CAST(situation AS VARCHAR) AS situation, CAST(treatment AS VARCHAR) AS treatment, CAST(role AS VARCHAR) AS role, CAST(min(place) AS BIGINT) AS place,
       CAST(string_agg(line, '; ' ORDER BY line) AS VARCHAR) AS line, CAST(string_agg(guidance, '; ' ORDER BY guidance) AS VARCHAR) AS guidance,
       CAST(max(stance_high) + min(stance_low) AS BIGINT) AS stance, CAST(max(weakest) AS BIGINT) AS weakest
FROM once GROUP BY situation, treatment, role
