-- fate: one row is one definition and one reason why persons are followed or not, in the present part of the population.
--   definition, fate    see part_follow_up
--   persons             how many
--   undated             how many of them are undetermined without a day (followed, and read as not resistant)
SELECT definition, fate, count(*) AS persons, sum(CASE WHEN undated THEN 1 ELSE 0 END) AS undated
FROM compare.part_follow_up
GROUP BY definition, fate
