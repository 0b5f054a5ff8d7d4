-- trial_key: one row is one trial and one range of the parameter `distinct_level`: what it counts as.
--   look_no          the trial (looked_at)
--   distinct_range   the levels (multiverse.place_range): all of them for a person whose trials are all different by each of them
--   key_no           number of the agent, class or trial
WITH keyed AS (
  SELECT t.look_no, t.person_no, t.gap_range, t.added_range, g.place,
         CASE g.value WHEN 'agent' THEN t.agent_no WHEN 'class' THEN t.class_no ELSE t.trial_no END AS key_no
  FROM multiverse.looked_at AS t JOIN multiverse.grid AS g ON g.parameter = 'distinct_level'
), sized AS (
  SELECT person_no, gap_range, added_range, place, count(*) AS trials, count(DISTINCT key_no) AS keys
  FROM keyed GROUP BY person_no, gap_range, added_range, place
), plain AS (
  SELECT person_no, gap_range, added_range, min(keys) = max(trials) AS all_differ, max(place) AS places
  FROM sized GROUP BY person_no, gap_range, added_range
)
SELECT k.look_no,
       CAST(CASE WHEN p.all_differ THEN 1000 + p.places ELSE k.place * 1001 END AS BIGINT) AS distinct_range,
       CAST(k.key_no AS BIGINT) AS key_no
FROM keyed AS k
JOIN plain AS p ON p.person_no = k.person_no AND p.gap_range = k.gap_range AND p.added_range = k.added_range
WHERE k.place = 1 OR NOT p.all_differ
