-- typed: one row is one gene of one person, its cells as text and as values.
--   gene             its symbol, in capitals
--   diplotype        star alleles as `*1/*2x2`, without the gene's name and spaces; other texts as they are
--   activity_score   number, 0 or more
CREATE OR REPLACE TEMP TABLE typed AS
SELECT *, person_id_text AS person_id, upper(gene_text) AS gene, phenotype_text AS phenotype,
       CASE WHEN diplotype_text LIKE '%*%/%*%'
            THEN regexp_replace(replace(replace(regexp_replace(upper(diplotype_text), 'CYP[0-9A-Z]+\s*\*', '*', 'g'), 'X', 'x'), '×', 'x'), '\s+', '', 'g')
            ELSE diplotype_text END AS diplotype,
       CASE WHEN number_of(activity_score_text) >= 0 THEN number_of(activity_score_text) END AS activity_score
FROM row_text;

INSERT INTO record.unread
SELECT source, source_row, 'gene', '', 'no gene; expected its symbol, as CYP2D6; row not used'
FROM typed WHERE gene IS NULL;
