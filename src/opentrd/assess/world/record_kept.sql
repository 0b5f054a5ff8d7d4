-- All tables are kept here; record_coverage.sql takes them back for the worlds whose real record does not keep them.
SELECT 'person' UNION ALL SELECT 'exposure' UNION ALL SELECT 'procedure' UNION ALL SELECT 'condition' UNION ALL SELECT 'measurement'
