-- everyone: one row is one person that any table names; nothing is known of those whom the person table does not have.
CREATE OR REPLACE TEMP TABLE everyone AS
SELECT s.person_id, p.* EXCLUDE (person_id, source, source_row)
FROM seen_person AS s LEFT JOIN one_person AS p ON p.person_id = s.person_id;

INSERT INTO record.unread
SELECT s.source, s.source_row, 'person_id', s.person_id,
       'in this table but not in the person table; expected a row there; used, with nothing else known of the person'
FROM seen_person AS s
WHERE s.person_id NOT IN (SELECT person_id FROM one_person)
  AND EXISTS (SELECT 1 FROM record.kept WHERE table_name = 'person');

-- A birth after everything else that is known of a person is a slip in one of the two; which one is not known.
INSERT INTO record.unread
WITH dated AS (
  SELECT person_id, greatest(start_latest, end_latest) AS day FROM record.exposure
  UNION ALL SELECT person_id, greatest(start_latest, end_latest) FROM record.procedure
  UNION ALL SELECT person_id, greatest(start_latest, end_latest) FROM record.condition
  UNION ALL SELECT person_id, date_latest FROM record.measurement
  UNION ALL SELECT person_id, greatest(start_date, end_date) FROM record.observation_period
), last_dated AS (
  SELECT person_id, max(day) AS last_day FROM dated GROUP BY person_id
)
SELECT p.source, p.source_row, 'birth_date', CAST(p.birth_earliest AS VARCHAR),
       'the birth lies after the last date of the person (' || d.last_day || '); expected an earlier date; used as given'
FROM one_person AS p JOIN last_dated AS d ON d.person_id = p.person_id
WHERE p.birth_earliest > d.last_day;
