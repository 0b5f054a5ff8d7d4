-- variant: one row is one choice of every parameter: one definition of treatment-resistant depression.
--   variant   number of the definition, in the order of the grid
--   max_gap_days           pause in supply that is bridged, days
--   min_weeks              shortest adequate trial, weeks; 'none': any length
--   dose_table             table of minimum doses; 'none': any dose
--   distinct_level         what counts once: agent, class or trial
--   failure                below so many percent of improvement, 'switch' (to another agent), 'switch_N' (within N days), 'stop' (for inefficacy), 'any'
--   window_days            days in which the failures lie; 'none': no window
--   augmentation           agent set whose augmentations count as trials; 'none'
--   episode_washout_days   days free of treatment and diagnosis between two episodes; 'ever': failures of the whole record count
--   needed                 failures that are needed
--   persons        persons of the record
--   eligible_low, eligible_high   persons the definition certainly and possibly speaks about
--   met_low, met_high   persons who certainly and possibly meet it
WITH met AS (
  SELECT h.gap_place, h.washout_place, h.added_place, h.dose_place, h.failure_place, h.distinct_place, h.window_place, h.weeks_place, n.place AS needed_place,
         sum(CASE WHEN h.bound = 'sure' THEN h.persons END) AS met_low, sum(CASE WHEN h.bound = 'may' THEN h.persons END) AS met_high
  FROM multiverse.histogram AS h JOIN multiverse.grid AS n ON n.parameter = 'needed' AND n.number <= h.failed
  GROUP BY h.gap_place, h.washout_place, h.added_place, h.dose_place, h.failure_place, h.distinct_place, h.window_place, h.weeks_place, n.place
), population AS (
  SELECT count(*) AS persons, sum(CASE WHEN eligible THEN 1 ELSE 0 END) AS eligible_low, sum(CASE WHEN coalesce(eligible, TRUE) THEN 1 ELSE 0 END) AS eligible_high,
         sum(CASE WHEN coalesce(eligible, TRUE) AND NOT exposures_kept THEN 1 ELSE 0 END) AS unknown  -- any number of failures is possible
  FROM multiverse.person
)
SELECT CAST(row_number() OVER (ORDER BY g.place, m.place, d.place, l.place, f.place, w.place, a.place, e.place, n.place) AS BIGINT) AS variant,
       CAST(g.value AS VARCHAR) AS max_gap_days, CAST(m.value AS VARCHAR) AS min_weeks, CAST(d.value AS VARCHAR) AS dose_table,
       CAST(l.value AS VARCHAR) AS distinct_level, CAST(f.value AS VARCHAR) AS failure, CAST(w.value AS VARCHAR) AS window_days,
       CAST(a.value AS VARCHAR) AS augmentation, CAST(e.value AS VARCHAR) AS episode_washout_days, CAST(n.number AS BIGINT) AS needed,
       CAST(p.persons AS BIGINT) AS persons, CAST(p.eligible_low AS BIGINT) AS eligible_low, CAST(p.eligible_high AS BIGINT) AS eligible_high,
       CAST(coalesce(x.met_low, 0) AS BIGINT) AS met_low, CAST(coalesce(x.met_high, 0) + p.unknown AS BIGINT) AS met_high
FROM multiverse.grid AS g
JOIN multiverse.grid AS m ON m.parameter = 'min_weeks'
JOIN multiverse.grid AS d ON d.parameter = 'dose_table'
JOIN multiverse.grid AS l ON l.parameter = 'distinct_level'
JOIN multiverse.grid AS f ON f.parameter = 'failure'
JOIN multiverse.grid AS w ON w.parameter = 'window_days'
JOIN multiverse.grid AS a ON a.parameter = 'augmentation'
JOIN multiverse.grid AS e ON e.parameter = 'episode_washout_days'
JOIN multiverse.grid AS n ON n.parameter = 'needed'
CROSS JOIN population AS p
LEFT JOIN met AS x ON x.gap_place = g.place AND x.weeks_place = m.place AND x.dose_place = d.place AND x.distinct_place = l.place
  AND x.failure_place = f.place AND x.window_place = w.place AND x.added_place = a.place AND x.washout_place = e.place AND x.needed_place = n.place
WHERE g.parameter = 'max_gap_days'
