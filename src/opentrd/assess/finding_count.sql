-- finding_count: one row is one check, one answer to it and one standing of persons: how many there are. For a population.
--   finding, grp   as in finding
--   apparent       resistant by at least one algorithm that reads dispensing alone (families switches and window): true, false; null: not known
--   present        the check found it about anything of the person: true; not known about something, and nothing found: null; else false
--   persons        how many
WITH seen AS (
  SELECT v.person_id, max(CASE WHEN v.met THEN 2 WHEN v.met IS NULL THEN 1 ELSE 0 END) AS standing
  FROM assess.verdict AS v JOIN assess.rule AS r ON r.definition = v.definition AND r.family IN ('switches', 'window')
  GROUP BY v.person_id
), answered AS (
  SELECT person_id, finding, grp, max(CASE WHEN present THEN 2 WHEN present IS NULL THEN 1 ELSE 0 END) AS answer
  FROM assess.finding GROUP BY person_id, finding, grp
)
SELECT CAST(a.finding AS VARCHAR) AS finding, CAST(a.grp AS VARCHAR) AS grp,
       CAST(CASE s.standing WHEN 2 THEN TRUE WHEN 0 THEN FALSE END AS BOOLEAN) AS apparent,
       CAST(CASE a.answer WHEN 2 THEN TRUE WHEN 0 THEN FALSE END AS BOOLEAN) AS present, CAST(count(*) AS BIGINT) AS persons
FROM answered AS a LEFT JOIN seen AS s ON s.person_id = a.person_id
GROUP BY a.finding, a.grp, CASE s.standing WHEN 2 THEN TRUE WHEN 0 THEN FALSE END, CASE a.answer WHEN 2 THEN TRUE WHEN 0 THEN FALSE END
