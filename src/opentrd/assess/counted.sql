-- counted: one row is one person and one definition that had something to count. A view.
--   person_id, definition_no
--   low, high     what certainly and possibly counts (failures, switches, entry days, a reached cut-off); high null: no upper bound known
--   met_on, possible_on, index_date, episode_no   as in the count of the family
--   blocked_by    the clause to blame when it is too few;  unknown_by  the clause that is not known
--   excluded      true: an exclusion keeps the person out; null: perhaps
SELECT person_id, definition_no, low, high, met_on, possible_on, index_date, episode_no, blocked_by, unknown_by, CAST(FALSE AS BOOLEAN) AS excluded
FROM assess.count_failures
UNION ALL
SELECT person_id, definition_no, low, high, met_on, possible_on, index_date, NULL, blocked_by, unknown_by, FALSE FROM assess.count_switches
UNION ALL
SELECT person_id, definition_no, low, high, met_on, possible_on, index_date, NULL, blocked_by, unknown_by, excluded FROM assess.count_window
UNION ALL
SELECT person_id, definition_no, low, high, NULL, NULL, index_date, episode_no, 'score', 'score', FALSE FROM assess.count_scores
