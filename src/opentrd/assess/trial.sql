-- trial: one row is one attempt at treatment: a drug, a combination, an augmentation, a procedure course or a psychotherapy.
--   person_id, trial_id
--   episode_id     the episode it overlaps longest (certain days first, then possible ones, then the later episode); null: none
--   kind           drug, combination, augmentation, procedure, psychotherapy
--   agents, classes   what was given, base first, joined by ' + '
--   base_trial     for a combination or augmentation: the drug trial it was added to
--   start_date     first possible day; null when no day is certain;  certain_start  first certain day
--   supply_end     last certain day before the first gap in the supply
--   bridged_end    last certain day, gaps up to the gap rule bridged
--   last_issue     start of the last exposure
--   days_low, days_high   days covered: certain, possible (joint days for a combination or augmentation)
--   top_dose_mg    largest known daily dose, mg
--   adherence      share of days taken, 0 to 1
--   stop_reason, improvement_pct, improvement_basis   as recorded with the last exposure
--   dose_status    against the ATRQ minimum: adequate, below minimum, not known, no minimum known; null without a dose
--   days_at_dose_low, days_at_dose_high   days at or above the ATRQ minimum: certain, possible
--   sessions, laterality   of a procedure
--   agent, era_no  the agent or procedure that is counted, and the number of its era or course
--   part_no        the certain spell it overlaps;  episode_ok  does it certainly overlap its episode
--   may_start, may_end   first and last possible day
--   trial_no, episode_no   numbers of the trial and of its episode within the person
--   current_ok, last_ok   does it certainly overlap the certain piece of its episode that is current, or the last
--   sure_from, sure_to, reckoned_from, reckoned_to   certain and possible first and last day, also where a record has no dates
--   may_be         how many trials it may turn out to be once ends are known: the pieces of certain use in it (and in its base)
WITH several AS (
  SELECT person_id FROM assess.episode GROUP BY person_id HAVING count(*) > 1
), overlap AS (
  SELECT t.person_id, t.trial_no, t.kind, t.use_no, t.era_no, t.sure_start, t.bridged_end, t.may_start, t.may_end,
         e.episode_id, e.episode_no, e.is_current, e.is_last, e.reckoned_from, e.reckoned_to, v.person_id IS NOT NULL AS several,
         CASE WHEN t.sure_start IS NOT NULL
              THEN date_diff('day', CASE WHEN t.sure_start > e.reckoned_from THEN t.sure_start ELSE e.reckoned_from END,
                             CASE WHEN t.bridged_end < e.reckoned_to THEN t.bridged_end ELSE e.reckoned_to END) + 1 END AS sure_span,
         date_diff('day', CASE WHEN t.may_start > e.reckoned_from THEN t.may_start ELSE e.reckoned_from END,
                   CASE WHEN t.may_end < e.reckoned_to THEN t.may_end ELSE e.reckoned_to END) + 1 AS may_days
  FROM assess.attempt AS t
  LEFT JOIN several AS v ON v.person_id = t.person_id
  LEFT JOIN assess.episode AS e ON e.person_id = t.person_id AND t.may_start <= e.reckoned_to AND t.may_end >= e.reckoned_from
), measured AS (
  SELECT *, CASE WHEN sure_span > 0 THEN sure_span ELSE 0 END AS sure_days FROM overlap
), ranked AS (
  SELECT *, CAST(1 AS BIGINT) AS nth FROM measured WHERE NOT several
  UNION ALL
  SELECT *, row_number() OVER (PARTITION BY person_id, trial_no ORDER BY sure_days DESC, may_days DESC, episode_no DESC) FROM measured WHERE several
), elsewhere AS (  -- possible days in any other episode; an end that is not known may still move the attempt there
  SELECT person_id, trial_no, max(may_days) AS may_days FROM ranked WHERE nth > 1 GROUP BY person_id, trial_no
), certain AS (  -- stretches in which the attempt certainly ran, inside the possible reading of its episode
  SELECT p.person_id, p.trial_no, c.start_date, c.end_date, p.reckoned_from, p.reckoned_to
  FROM ranked AS p
  JOIN assess.piece AS c ON c.use_no = p.use_no AND c.era_no = p.era_no
    AND c.start_date <= p.reckoned_to AND c.end_date >= p.reckoned_from
  WHERE p.kind = 'drug' AND p.nth = 1
  UNION ALL
  SELECT person_id, trial_no, sure_start, bridged_end, reckoned_from, reckoned_to FROM ranked
  WHERE kind <> 'drug' AND nth = 1 AND sure_start <= bridged_end AND sure_start <= reckoned_to AND bridged_end >= reckoned_from
), parted AS (  -- the last certain spell that the attempt certainly overlaps
  SELECT c.person_id, c.trial_no, max(s.spell_no) AS part_no
  FROM certain AS c
  LEFT JOIN assess.spell AS s ON s.person_id = c.person_id AND s.bound = 'sure' AND c.start_date <= s.end_date AND c.end_date >= s.start_date
    AND s.start_date BETWEEN c.reckoned_from AND c.reckoned_to
  GROUP BY c.person_id, c.trial_no
), split AS (
  SELECT use_no, era_no, count(*) AS pieces FROM assess.piece GROUP BY use_no, era_no HAVING count(*) > 1
), split_base AS (
  SELECT b.trial_id, s.pieces FROM split AS s
  JOIN assess.attempt AS b ON b.kind = 'drug' AND b.use_no = s.use_no AND b.era_no = s.era_no
), settled AS (
  SELECT p.person_id, p.trial_no, p.episode_id, p.episode_no, p.is_current, p.is_last, q.part_no,
         coalesce(s.is_current, FALSE) AS part_is_current, coalesce(s.is_last, FALSE) AS part_is_last,
         CASE WHEN p.episode_id IS NULL THEN FALSE
              WHEN q.person_id IS NOT NULL AND (coalesce(p.sure_days > e.may_days, TRUE) OR (p.sure_start = p.may_start AND p.bridged_end = p.may_end))
              THEN TRUE END AS episode_ok
  FROM ranked AS p
  LEFT JOIN elsewhere AS e ON e.person_id = p.person_id AND e.trial_no = p.trial_no
  LEFT JOIN parted AS q ON q.person_id = p.person_id AND q.trial_no = p.trial_no
  LEFT JOIN assess.spell AS s ON s.person_id = p.person_id AND s.bound = 'sure' AND s.spell_no = q.part_no
  WHERE p.nth = 1
)
SELECT p.person_id, p.trial_id, CAST(q.episode_id AS VARCHAR) AS episode_id, p.kind, p.agents, p.classes, p.base_trial,
       CAST(CASE WHEN a.as_of IS NOT NULL AND p.sure_start IS NOT NULL THEN p.may_start END AS DATE) AS start_date,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.supply_end END AS DATE) AS supply_end,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.bridged_end END AS DATE) AS bridged_end,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.last_issue END AS DATE) AS last_issue,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.sure_start END AS DATE) AS certain_start,
       p.days_low, CAST(CASE WHEN a.as_of IS NOT NULL OR p.days_high < 36500 THEN p.days_high END AS BIGINT) AS days_high, p.top_dose_mg,
       CAST(o.adherence AS DOUBLE) AS adherence,
       CAST(CASE WHEN p.kind IN ('procedure', 'psychotherapy') THEN c.stop_reason ELSE o.stop_reason END AS VARCHAR) AS stop_reason,
       CAST(CASE WHEN p.kind IN ('procedure', 'psychotherapy') THEN c.improvement_pct ELSE o.improvement_pct END AS DOUBLE) AS improvement_pct,
       CAST(CASE WHEN p.kind IN ('procedure', 'psychotherapy') THEN c.improvement_basis ELSE o.improvement_basis END AS VARCHAR) AS improvement_basis,
       CAST(CASE WHEN d.person_id IS NULL THEN NULL
                 WHEN NOT d.has_minimum THEN 'no minimum known'
                 WHEN CASE WHEN p.kind = 'drug' THEN d.days_low ELSE coalesce(j.days_low, 0) END > 0 THEN 'adequate'
                 WHEN d.days_high = 0 THEN 'below minimum'
                 ELSE 'not known' END AS VARCHAR) AS dose_status,
       CAST(CASE WHEN d.person_id IS NULL OR p.kind = 'drug' THEN d.days_low ELSE coalesce(j.days_low, 0) END AS BIGINT) AS days_at_dose_low,
       CAST(CASE WHEN d.days_high > p.days_high THEN p.days_high ELSE d.days_high END AS BIGINT) AS days_at_dose_high,
       p.sessions, p.laterality, p.agent, p.era_no,
       CAST(q.part_no AS BIGINT) AS part_no,
       CAST(q.episode_ok AS BOOLEAN) AS episode_ok,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.may_start END AS DATE) AS may_start,
       CAST(CASE WHEN a.as_of IS NOT NULL THEN p.may_end END AS DATE) AS may_end,
       p.trial_no, CAST(q.episode_no AS BIGINT) AS episode_no,
       CAST(q.episode_ok AND coalesce(q.is_current, FALSE) AND CASE WHEN q.part_is_current THEN TRUE END AS BOOLEAN) AS current_ok,
       CAST(q.episode_ok AND coalesce(q.is_last, FALSE) AND CASE WHEN q.part_is_last THEN TRUE END AS BOOLEAN) AS last_ok,
       CAST(p.sure_start AS DATE) AS sure_from, CAST(p.bridged_end AS DATE) AS sure_to,
       CAST(p.may_start AS DATE) AS reckoned_from, CAST(p.may_end AS DATE) AS reckoned_to,
       CAST(coalesce(x.pieces, 1) + coalesce(y.pieces - 1, 0) AS BIGINT) AS may_be
FROM assess.attempt AS p
JOIN settled AS q ON q.person_id = p.person_id AND q.trial_no = p.trial_no
JOIN assess.as_of AS a ON a.person_id = p.person_id
LEFT JOIN assess.era_outcome AS o ON o.use_no = p.use_no AND o.era_no = p.era_no
LEFT JOIN assess.course AS c ON c.person_id = p.person_id AND c.procedure = p.agent AND c.course_no = p.era_no
  AND p.kind IN ('procedure', 'psychotherapy')
LEFT JOIN assess.era_dose AS d ON d.use_no = p.use_no AND d.era_no = p.era_no AND d.dose_table = 'atrq'
LEFT JOIN assess.joint_dose AS j ON j.trial_id = p.trial_id AND j.dose_table = 'atrq'
LEFT JOIN split AS x ON x.use_no = p.use_no AND x.era_no = p.era_no
LEFT JOIN split_base AS y ON y.trial_id = p.base_trial
