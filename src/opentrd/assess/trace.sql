-- trace: one row is one edge of the argument: this row rests on that row, in this role. Lineage is the join that made the row.
--   person_id
--   table_name, row_key    a row of an output table (verdict: definition; stage: instrument/item; trial, episode: their id)
--   from_table, from_key   the row it rests on: an output row, a record row or a knowledge row
--   role                   in which role: a clause, a rule, a score, ...
--   truth                  true, false or not known, where the role is a clause
SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_verdict
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_stage
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_trial
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_finding
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_biology
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_sign
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_domain
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_option
UNION ALL SELECT person_id, table_name, row_key, from_table, from_key, role, truth FROM assess.trace_outcome
