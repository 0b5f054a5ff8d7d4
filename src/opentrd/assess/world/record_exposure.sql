-- An exposure keeps what is recorded; the cells that the world's question asks about take its answer.
INSERT INTO record.exposure
WITH placed AS (
  SELECT i.person_id, i.exposure_id, e.agent, e.era_no, i.sure_end, i.may_end, i.sure_start,
         row_number() OVER (PARTITION BY e.person_id, e.agent, e.era_no
                            ORDER BY i.start_latest DESC NULLS LAST, i.end_latest DESC NULLS LAST, i.exposure_id DESC) AS nth
  FROM @home.assess.era AS e
  JOIN @home.assess.issue AS i ON i.person_id = e.person_id AND i.agent = e.agent AND i.may_start BETWEEN e.may_start AND e.may_end
  WHERE e.gap_rule = 'trial'
)
SELECT x.exposure_id, k.world_id, x.agent, x.start_earliest, x.start_latest,
       CASE WHEN k.kind = 'end' AND p.era_no = k.era_no AND x.end_earliest IS NULL AND coalesce(NOT x.ongoing, TRUE)
            THEN CASE k.extreme WHEN 'low' THEN p.sure_end ELSE p.may_end END ELSE x.end_earliest END,
       CASE WHEN k.kind = 'end' AND p.era_no = k.era_no AND x.end_latest IS NULL AND coalesce(NOT x.ongoing, TRUE)
            THEN CASE k.extreme WHEN 'low' THEN p.sure_end ELSE p.may_end END ELSE x.end_latest END,
       x.days_taken, x.ongoing,
       CASE WHEN k.kind = 'dose' AND p.era_no = k.era_no AND x.daily_dose_mg IS NULL THEN k.value ELSE x.daily_dose_mg END,
       x.route, x.form, x.indication, x.status, x.stop_reason,
       CASE WHEN k.kind = 'improvement' AND p.era_no = k.era_no AND p.nth = 1 AND x.improvement_pct IS NULL THEN k.value ELSE x.improvement_pct END,
       x.improvement_basis, x.adherence
FROM @home.record.exposure AS x
JOIN @home.world.answer AS k ON k.person_id = x.person_id
LEFT JOIN placed AS p ON p.person_id = x.person_id AND p.exposure_id = x.exposure_id AND p.agent = k.agent
