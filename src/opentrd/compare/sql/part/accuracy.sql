-- accuracy: one row is one definition and one true number of failed adequate trials, in the present part of the population.
--   definition
--   failures      true number in one episode (see true_failures)
--   persons, met, undetermined, not_met   all persons with it, and what the definition says of them
SELECT v.definition, t.failures, count(*) AS persons,
       sum(CASE WHEN v.met THEN 1 ELSE 0 END) AS met,
       sum(CASE WHEN v.met IS NULL THEN 1 ELSE 0 END) AS undetermined,
       sum(CASE WHEN NOT v.met THEN 1 ELSE 0 END) AS not_met
FROM compare.part_verdict AS v
JOIN compare.true_failures AS t ON t.person_id = v.person_id
GROUP BY v.definition, t.failures
