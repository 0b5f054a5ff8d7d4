-- Every world has the person it belongs to.
INSERT INTO record.person
SELECT k.world_id, p.birth_earliest, p.birth_latest, p.sex, p.race, p.ethnicity, p.language, p.socioeconomic
FROM @home.record.person AS p JOIN @home.world.answer AS k ON k.person_id = p.person_id
