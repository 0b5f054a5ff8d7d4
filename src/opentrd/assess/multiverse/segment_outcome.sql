-- segment_outcome: one row is one segment of the possible reading: what its last exposure says, and its undated days.
--   person_no, agent_no, segment_no
--   start_latest, end_latest   of the last exposure, which order the segments of a trial
--   stop_first, stop_last, improvement_first, improvement_last   smallest and largest entry among the last rows (they may contradict)
--   undated_days   days taken, of an exposure without a start
WITH placed AS (
  SELECT s.person_no, s.agent_no, s.segment_no, i.stop_reason, i.improvement_pct, i.undated_days, i.start_latest, i.end_latest,
         rank() OVER (PARTITION BY s.person_no, s.agent_no, s.segment_no ORDER BY i.start_latest DESC NULLS LAST, i.end_latest DESC NULLS LAST) AS from_end
  FROM assess.issue AS i
  JOIN multiverse.person AS p ON p.person_id = i.person_id
  JOIN multiverse.agent AS a ON a.agent = i.agent
  JOIN multiverse.segment AS s ON s.person_no = p.person_no AND s.agent_no = a.agent_no AND s.bound = 'may'
    AND i.may_start >= s.start_date AND i.may_start <= s.end_date
)
SELECT person_no, agent_no, segment_no,
       CAST(max(CASE WHEN from_end = 1 THEN start_latest END) AS DATE) AS start_latest,
       CAST(max(CASE WHEN from_end = 1 THEN end_latest END) AS DATE) AS end_latest,
       CAST(min(CASE WHEN from_end = 1 THEN stop_reason END) AS VARCHAR) AS stop_first,
       CAST(max(CASE WHEN from_end = 1 THEN stop_reason END) AS VARCHAR) AS stop_last,
       CAST(min(CASE WHEN from_end = 1 THEN improvement_pct END) AS DOUBLE) AS improvement_first,
       CAST(max(CASE WHEN from_end = 1 THEN improvement_pct END) AS DOUBLE) AS improvement_last,
       CAST(max(undated_days) AS BIGINT) AS undated_days
FROM placed
GROUP BY person_no, agent_no, segment_no
