-- gap_world: one row is one person and one range of gaps under which their use of every agent is parted in the same way.
--   person_no
--   gap_range   the gaps (multiverse.place_range)
--   gap_from    place of the first of them
WITH breaks AS (
  SELECT person_no, 1 AS gap_from FROM multiverse.segment
  UNION
  SELECT s.person_no, s.pause_no + 1 FROM multiverse.segment AS s WHERE s.pause_no IS NOT NULL
), size AS (
  SELECT max(place) AS places FROM multiverse.grid WHERE parameter = 'max_gap_days'
)
SELECT b.person_no,
       CAST(b.gap_from * 1000 + coalesce(lead(b.gap_from) OVER (PARTITION BY b.person_no ORDER BY b.gap_from) - 1, z.places) AS BIGINT) AS gap_range,
       CAST(b.gap_from AS BIGINT) AS gap_from
FROM breaks AS b CROSS JOIN size AS z
WHERE b.gap_from <= z.places
