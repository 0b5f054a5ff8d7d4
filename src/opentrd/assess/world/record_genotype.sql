-- Genotypes as recorded.
INSERT INTO record.genotype
SELECT k.world_id, g.gene, g.diplotype, g.phenotype, g.activity_score
FROM @home.record.genotype AS g JOIN @home.world.answer AS k ON k.person_id = g.person_id
