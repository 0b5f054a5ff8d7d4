WITH gene AS (
    SELECT DISTINCT gene FROM setting.genotype
), drawn AS (
    SELECT person.number, person.person_id, gene.gene, part(bits(person.number, concat('genotype/', gene.gene)), 0) AS slot
    FROM person CROSS JOIN gene CROSS JOIN setting.p AS p
    WHERE share(bits(person.number, 'genotyped'), 0) < p.genotype_share
)
SELECT d.person_id, d.gene, g.diplotype, g.phenotype, g.activity_score
FROM drawn AS d
JOIN setting.genotype_slot AS g ON g.gene = d.gene AND g.slot = d.slot
ORDER BY d.number, d.gene
