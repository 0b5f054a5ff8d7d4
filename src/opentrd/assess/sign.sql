-- sign: one row is one person and one sign of which the record says anything: a symptom, a finding, a diagnosis, a value.
--   person_id, sign
--   present       true: shown; false: ruled out; null: something is recorded that does not decide, or it was ruled out on a day that does not cover the time since
--   subject       the condition or measure that decides (the first shown sign, where a sign is made of others)
--   value         its value (lower bound; the upper where there is no lower); null: a condition
--   basis         what decides in words: subject and value
--   shown         all that shows it, joined by '; '
--   day           day of what decides, the latest possible; null: not known
--   table_name, row_id   the row that decides
--   knowledge_status     of the rule by which it decides
WITH ranked AS (
  SELECT *, coalesce(low, high) AS value,
         row_number() OVER (PARTITION BY person_id, sign
                            ORDER BY CASE WHEN truth THEN 0 WHEN past THEN 3 WHEN truth IS NULL THEN 1 ELSE 2 END, day_high DESC NULLS LAST,
                                     CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END, subject, table_name, row_id, coalesce(low, high)) AS nth
  FROM assess.sign_evidence
), named AS (
  SELECT DISTINCT person_id, sign, subject FROM assess.sign_evidence WHERE truth
), listed AS (
  SELECT person_id, sign, string_agg(subject, '; ' ORDER BY subject) AS shown FROM named GROUP BY person_id, sign
), rounded AS (
  SELECT *, CAST(value * 100 AS BIGINT) AS hundredths FROM ranked WHERE nth = 1
), counted AS (  -- hundredths and their whole part: numbers become text in one way on every engine
  SELECT *, CAST(hundredths / nullif(100, 0) - 0.495 AS BIGINT) AS whole FROM rounded
), direct AS (
  SELECT c.person_id, c.sign, c.truth AS present, c.subject, c.value, l.shown, c.day_high AS day, c.table_name, c.row_id, c.knowledge_status,
         CASE WHEN c.value IS NULL THEN CASE WHEN c.truth THEN c.subject WHEN NOT c.truth OR c.past THEN c.subject || ' ruled out' WHEN c.table_name = 'condition' THEN c.subject || ', day not known'
                                           ELSE c.subject || ', value not known' END
              ELSE c.subject || CASE WHEN c.low = c.high THEN ' = ' WHEN c.low IS NULL THEN ' up to ' ELSE ' from ' END || CAST(c.whole AS VARCHAR)
                   || CASE WHEN c.hundredths = c.whole * 100 THEN '' WHEN c.hundredths < c.whole * 100 + 10 THEN '.0' || CAST(c.hundredths - c.whole * 100 AS VARCHAR)
                           ELSE '.' || CAST(c.hundredths - c.whole * 100 AS VARCHAR) END END AS basis
  FROM counted AS c
  LEFT JOIN listed AS l ON l.person_id = c.person_id AND l.sign = c.sign
), touched AS (  -- signs made of others, where anything is recorded of one of these
  SELECT DISTINCT d.person_id, p.sign FROM direct AS d JOIN knowledge.sign_part AS p ON p.part = d.sign
), part AS (
  SELECT t.person_id, t.sign, p.role, p.needed, d.basis, d.day, d.subject, d.value, d.table_name, d.row_id, p.part, p.knowledge_status,
         CASE WHEN d.person_id IS NOT NULL THEN d.present WHEN g.silence = 'absent' AND k.kept THEN FALSE END AS present
  FROM touched AS t
  JOIN knowledge.sign_part AS p ON p.sign = t.sign
  JOIN knowledge.sign AS g ON g.sign = p.part
  JOIN assess.kept AS k ON k.person_id = t.person_id AND k.table_name = 'condition'
  LEFT JOIN direct AS d ON d.person_id = t.person_id AND d.sign = p.part
), tally AS (
  SELECT person_id, sign, max(needed) AS needed,
         sum(CASE WHEN role = 'gate' AND NOT present THEN 1 ELSE 0 END) AS refused, sum(CASE WHEN role = 'gate' AND present IS NULL THEN 1 ELSE 0 END) AS open,
         sum(CASE WHEN role = 'counted' AND present THEN 1 ELSE 0 END) AS low, sum(CASE WHEN role = 'counted' AND coalesce(present, TRUE) THEN 1 ELSE 0 END) AS high,
         max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest, max(day) AS day,
         string_agg(CASE WHEN present THEN basis END, '; ' ORDER BY CASE WHEN present THEN basis END) AS basis
  FROM part GROUP BY person_id, sign
), first_part AS (
  SELECT person_id, sign, subject, value, table_name, row_id,
         row_number() OVER (PARTITION BY person_id, sign ORDER BY CASE WHEN present THEN 0 WHEN present IS NULL THEN 2 ELSE 1 END, role DESC, part) AS nth
  FROM part WHERE table_name IS NOT NULL
)
SELECT person_id, CAST(sign AS VARCHAR) AS sign, CAST(present AS BOOLEAN) AS present, CAST(subject AS VARCHAR) AS subject, CAST(value AS DOUBLE) AS value,
       CAST(basis AS VARCHAR) AS basis, CAST(shown AS VARCHAR) AS shown, CAST(day AS DATE) AS day, CAST(table_name AS VARCHAR) AS table_name,
       CAST(row_id AS VARCHAR) AS row_id, CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM direct
UNION ALL
SELECT t.person_id, t.sign, CASE WHEN t.refused > 0 OR t.high < t.needed THEN FALSE WHEN t.open = 0 AND t.low >= t.needed THEN TRUE END,
       f.subject, f.value, t.basis, t.basis, t.day, f.table_name, f.row_id,
       CASE t.weakest WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END
FROM tally AS t
JOIN first_part AS f ON f.person_id = t.person_id AND f.sign = t.sign AND f.nth = 1
