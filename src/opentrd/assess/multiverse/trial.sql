-- trial: one row is one trial that a variant may look at, in one world of gaps: a drug, or an augmentation of one.
--   person_no, gap_range
--   trial_no     number of the trial in this world
--   is_added     0: drug trial; 1: augmentation (it is looked at where the variant's agent set holds its agent)
--   agent_no, era_no             the agent (the added one) and its era
--   base_agent_no, base_era_no   of an augmentation: what it was added to
--   class_no     the class; of an augmentation that of the added agent
--   sure_start, sure_end, may_start, may_end, days_low, days_high   as in era; of an augmentation the joint days
--   stop_reason, improvement_pct   of the agent's last exposure
WITH trial AS (  -- nullif: always null. Spark 4 fails to plan literal nulls in this union
  SELECT e.person_no, e.gap_range, e.agent_no, e.era_no, nullif(e.agent_no, e.agent_no) AS base_agent_no, nullif(e.era_no, e.era_no) AS base_era_no, a.class_no,
         e.sure_start, e.sure_end, e.may_start, e.may_end, e.days_low, e.days_high, e.stop_reason, e.improvement_pct
  FROM multiverse.era AS e JOIN multiverse.agent AS a ON a.agent_no = e.agent_no AND a.is_counted = 1
  UNION ALL
  SELECT person_no, gap_range, agent_no, era_no, base_agent_no, base_era_no, class_no,
         sure_start, sure_end, may_start, may_end, days_low, days_high, stop_reason, improvement_pct
  FROM multiverse.joint
)
SELECT person_no, gap_range,
       CAST(row_number() OVER (PARTITION BY person_no, gap_range ORDER BY base_agent_no NULLS FIRST, base_era_no NULLS FIRST, agent_no, era_no) AS BIGINT) AS trial_no,
       CAST(CASE WHEN base_agent_no IS NULL THEN 0 ELSE 1 END AS BIGINT) AS is_added, agent_no, era_no, base_agent_no, base_era_no, CAST(class_no AS BIGINT) AS class_no,
       CAST(sure_start AS DATE) AS sure_start, CAST(sure_end AS DATE) AS sure_end, CAST(may_start AS DATE) AS may_start, CAST(may_end AS DATE) AS may_end,
       CAST(days_low AS BIGINT) AS days_low, CAST(days_high AS BIGINT) AS days_high,
       CAST(stop_reason AS VARCHAR) AS stop_reason, CAST(improvement_pct AS DOUBLE) AS improvement_pct
FROM trial
