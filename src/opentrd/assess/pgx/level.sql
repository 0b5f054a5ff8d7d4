-- pgx_level: one row is one plasma level of a drug, held against one range or alert of one scheme.
--   person_id, measurement_id
--   agent, scheme      the drug, and whose range it is
--   kind               range, or alert (the level from which toxicity is feared)
--   from_age           age from which this row of the scheme speaks; null: any
--   date_low, date_high   first and last possible day of the level
--   low, high          bounds of the level, with the metabolite where the range is that of a sum; high null: the metabolite is not known
--   unit               of low and high
--   below, above       below or above the range (alert: at or above); null: the bounds leave it open
--   shown, note        the range in words, and what to know about it
--   last               is it among the latest values of this drug
--   knowledge_status   weakest of the range, the measure and its unit
WITH metabolite AS (  -- several values of one day: their bounds
  SELECT person_id, measure, unit, date_low, date_high, min(low) AS low, CASE WHEN count(high) = count(*) THEN max(high) END AS high,
         CASE WHEN max(CASE WHEN knowledge_status = 'recalled' THEN 1 ELSE 0 END) = 1 THEN 'recalled' WHEN min(knowledge_status) = max(knowledge_status) THEN min(knowledge_status)
              ELSE 'transcribed' END AS knowledge_status
  FROM assess.lab WHERE usable AND measure LIKE '% level' GROUP BY person_id, measure, unit, date_low, date_high
), measured AS (
  SELECT l.person_id, l.measurement_id, r.agent, r.scheme, r.kind, r.from_age, l.date_low, l.date_high, l.low + CASE WHEN r.is_sum THEN coalesce(m.low, 0) ELSE 0 END AS low,
         CASE WHEN r.is_sum THEN l.high + m.high ELSE l.high END AS high, l.unit, r.value_low, r.value_high, r.shown, r.note, l.last,
         CASE WHEN 'recalled' IN (r.knowledge_status, l.knowledge_status, coalesce(m.knowledge_status, 'verified')) THEN 'recalled'
              WHEN r.knowledge_status = 'verified' AND l.knowledge_status = 'verified' AND coalesce(m.knowledge_status, 'verified') = 'verified' THEN 'verified'
              ELSE 'transcribed' END AS knowledge_status
  FROM knowledge.level_range AS r
  JOIN assess.lab AS l ON l.measure = r.measure AND l.unit = r.unit AND l.usable
  JOIN assess.as_of AS a ON a.person_id = l.person_id AND coalesce(a.age_low >= r.from_age, r.from_age IS NULL)
  LEFT JOIN metabolite AS m ON m.person_id = l.person_id AND m.measure = r.metabolite AND m.unit = r.unit AND m.date_low = l.date_low AND m.date_high = l.date_high
), placed AS (
  SELECT *, CASE WHEN kind = 'alert' OR value_low IS NULL THEN FALSE WHEN high < value_low THEN TRUE WHEN low >= value_low THEN FALSE END AS below,
         CASE WHEN kind = 'alert' THEN CASE WHEN low >= value_high THEN TRUE WHEN high < value_high THEN FALSE END
              WHEN low > value_high THEN TRUE WHEN high <= value_high THEN FALSE END AS above
  FROM measured
)
SELECT person_id, measurement_id, CAST(agent AS VARCHAR) AS agent, CAST(scheme AS VARCHAR) AS scheme, CAST(kind AS VARCHAR) AS kind, CAST(from_age AS DOUBLE) AS from_age,
       date_low, date_high, CAST(low AS DOUBLE) AS low, CAST(high AS DOUBLE) AS high, unit, CAST(below AS BOOLEAN) AS below, CAST(above AS BOOLEAN) AS above,
       CAST(shown AS VARCHAR) AS shown, CAST(note AS VARCHAR) AS note, last, CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM placed
