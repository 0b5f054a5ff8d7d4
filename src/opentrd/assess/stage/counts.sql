-- stage_counts: one row is one person and one instrument that counts failed adequate trials: European staging, ATR, ATHF-style count.
--   person_id, instrument, item
--   low, high   European staging: 0 none, 1 non-responder, 2 to 6 TRD1 to TRD5, 7 chronic; else the number; high null: no bound known
--   remark      what the total alone does not say; null: nothing
WITH counted AS (
  SELECT a.person_id, i.instrument, i.method, k.kept, s.scale_max,
         coalesce(f.low, 0) + CASE WHEN i.method = 'european_staging' THEN coalesce(t.ect_low, 0) ELSE 0 END AS low,
         coalesce(f.high, 0) + CASE WHEN i.method = 'european_staging' THEN CASE WHEN p.kept THEN coalesce(t.ect_high, 0) ELSE 1 END ELSE 0 END AS high,
         coalesce(f.low, 0) AS drugs, CASE WHEN p.kept THEN coalesce(t.ect_high, 0) ELSE 1 END AS ect,
         coalesce(f.days_low, 0) AS days_low, coalesce(f.days_high, 0) AS days_high, coalesce(f.classes_low, 0) AS classes, g.value AS chronic_days, n.value AS chronic_trials
  FROM assess.as_of AS a
  CROSS JOIN knowledge.instrument_rule AS i
  JOIN assess.rule AS r ON r.definition = i.instrument
  JOIN knowledge.instrument AS s ON s.instrument = i.instrument AND s.item = 'total'
  JOIN knowledge.parameter AS g ON g.parameter = 'chronic_resistance_days'
  JOIN knowledge.parameter AS n ON n.parameter = 'chronic_resistance_trials'
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'exposure'
  JOIN assess.kept AS p ON p.person_id = a.person_id AND p.table_name = 'procedure'
  LEFT JOIN assess.failure_count AS f ON f.person_id = a.person_id AND f.definition_no = r.judged_as
  LEFT JOIN assess.tried AS t ON t.person_id = a.person_id AND t.definition = i.instrument
  WHERE i.method IN ('european_staging', 'count')
), levelled AS (
  SELECT *, CASE WHEN method = 'count' THEN low
                 WHEN low >= chronic_trials AND days_low >= chronic_days THEN scale_max
                 WHEN low > scale_max - 1 THEN scale_max - 1 ELSE low END AS low_level,
         CASE WHEN method = 'count' THEN CASE WHEN kept THEN high END
              WHEN NOT kept THEN scale_max
              WHEN high >= chronic_trials AND days_high >= chronic_days THEN scale_max
              WHEN high > scale_max - 1 THEN scale_max - 1 ELSE high END AS high_level
  FROM counted
)
SELECT person_id, CAST(instrument AS VARCHAR) AS instrument, CAST('total' AS VARCHAR) AS item, CAST(low_level AS DOUBLE) AS low, CAST(high_level AS DOUBLE) AS high,
       CAST(CASE WHEN method = 'european_staging' AND drugs > 1 AND ect = 0 AND low_level = high_level AND classes = 1 THEN 'one class' END AS VARCHAR) AS remark
FROM levelled
