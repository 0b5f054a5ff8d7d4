-- piece: one row is one piece of continuous use that is certain, in one world of gaps.
--   person_no, gap_range, agent_no, era_no, piece_no
--   start_date, end_date   first and last certain day;  days  certainly covered days
SELECT person_no, gap_range, agent_no, era_no, piece_no, CAST(min(start_date) AS DATE) AS start_date, CAST(max(end_date) AS DATE) AS end_date,
       CAST(sum(days) AS BIGINT) AS days
FROM multiverse.member WHERE bound = 'sure'
GROUP BY person_no, gap_range, agent_no, era_no, piece_no
