-- option_lined: one row is one treatment in one role and one line of one guideline that speaks of it.
--   treatment, role
--   guideline, line, place, level, condition, asks, dose, cautions, source, knowledge_status   as in the knowledge table guideline_line
SELECT CAST(r.treatment AS VARCHAR) AS treatment, CAST(r.role AS VARCHAR) AS role, CAST(l.guideline AS VARCHAR) AS guideline, CAST(l.line AS VARCHAR) AS line,
       CAST(l.place AS BIGINT) AS place, CAST(l.level AS VARCHAR) AS level, CAST(l.condition AS VARCHAR) AS condition, CAST(l.asks AS VARCHAR) AS asks,
       CAST(l.dose AS VARCHAR) AS dose, CAST(l.cautions AS VARCHAR) AS cautions, CAST(l.source AS VARCHAR) AS source, CAST(l.knowledge_status AS VARCHAR) AS knowledge_status
FROM knowledge.guideline_line AS l
JOIN assess.option_target AS g ON g.target = l.target AND g.whole
JOIN knowledge.treatment_role AS r ON r.treatment = g.treatment AND r.role = l.role
