-- typed: one row is one gene of one person, its cells as text and as values.
--   activity_score   number, 0 or more
CREATE OR REPLACE TEMP TABLE typed AS
SELECT *, person_id_text AS person_id, gene_text AS gene, diplotype_text AS diplotype, phenotype_text AS phenotype,
       CASE WHEN number_of(activity_score_text) >= 0 THEN number_of(activity_score_text) END AS activity_score
FROM row_text;

INSERT INTO record.unread
SELECT source, source_row, 'gene', '', 'no gene; expected its symbol, as CYP2D6; row not used'
FROM typed WHERE gene IS NULL;
