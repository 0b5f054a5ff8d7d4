-- definition: one row is one definition of the run.
--   definition, place    its name, and its place in a pattern, from 1
--   persons              persons with a verdict by it
--   needed               failures (switches, days of entry) that it needs; null: it does not say
--   knowledge_status     weakest status of the facts behind its verdicts
SELECT definition,
       CAST(row_number() OVER (ORDER BY definition) AS INTEGER) AS place,
       count(*) AS persons,
       max(needed) AS needed,
       CASE max(CASE knowledge_status WHEN 'verified' THEN 0 WHEN 'transcribed' THEN 1 ELSE 2 END)
         WHEN 0 THEN 'verified' WHEN 1 THEN 'transcribed' ELSE 'recalled' END AS knowledge_status
FROM run.verdict
GROUP BY definition
