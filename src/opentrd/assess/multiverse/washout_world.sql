-- washout_world: one row is one person and one range of episode washouts under which their episodes are the same.
--   person_no
--   washout_range   the washouts (multiverse.place_range); `ever` is no washout and is placed by itself
--   washout_from    place of the first of them
WITH breaks AS (
  SELECT person_no, 1 AS washout_from FROM multiverse.spell_segment
  UNION
  SELECT s.person_no, s.pause_no + 1 FROM multiverse.spell_segment AS s WHERE s.pause_no IS NOT NULL
), size AS (
  SELECT max(place) AS places FROM multiverse.grid WHERE parameter = 'episode_washout_days' AND number IS NOT NULL
)
SELECT b.person_no,
       CAST(b.washout_from * 1000 + coalesce(lead(b.washout_from) OVER (PARTITION BY b.person_no ORDER BY b.washout_from) - 1, z.places) AS BIGINT) AS washout_range,
       CAST(b.washout_from AS BIGINT) AS washout_from
FROM breaks AS b CROSS JOIN size AS z
WHERE b.washout_from <= z.places
