-- domain: one row is one person and one domain of depression: how much of it is recorded, and where it may stand among the others.
--   person_id, domain
--   title, classical_form   its name, and the form of classical psychopathology that resembles it
--   present, absent, not_measured   how many of its indicators are so
--   measurable    how many of them a record can show at all
--   rank_best, rank_worst   first and last place by the share of measurable indicators present that it can take, whatever those not
--                 measured turn out to be; equal shares share a place; null: it stands outside the ranking
--   shown_by      its indicators that are present, joined by '; '
--   knowledge_status   weakest status of the facts behind it: verified, transcribed, recalled
WITH size AS (
  SELECT i.domain, count(*) AS named, count(i.sign) AS indicators, sum(CASE WHEN g.silence = 'absent' THEN 1 ELSE 0 END) AS silent
  FROM knowledge.domain_indicator AS i
  LEFT JOIN knowledge.sign AS g ON g.sign = i.sign
  GROUP BY i.domain
), hit AS (
  SELECT s.person_id, i.domain, sum(CASE WHEN s.present THEN 1 ELSE 0 END) AS present, sum(CASE WHEN NOT s.present THEN 1 ELSE 0 END) AS absent,
         sum(CASE WHEN g.silence = 'absent' THEN 1 ELSE 0 END) AS spoken, string_agg(CASE WHEN s.present THEN i.indicator END, '; ' ORDER BY i.indicator) AS shown_by,
         max(CASE s.knowledge_status WHEN 'recalled' THEN 2 ELSE 1 END) AS weakest
  FROM assess.sign AS s
  JOIN knowledge.domain_indicator AS i ON i.sign = s.sign
  JOIN knowledge.sign AS g ON g.sign = s.sign
  GROUP BY s.person_id, i.domain
), tally AS (
  SELECT a.person_id, d.domain, d.title, d.classical_form, d.ranked, z.named, z.indicators, coalesce(h.present, 0) AS present,
         coalesce(h.absent, 0) + CASE WHEN k.kept THEN z.silent - coalesce(h.spoken, 0) ELSE 0 END AS absent, h.shown_by, coalesce(h.weakest, 1) AS weakest
  FROM assess.as_of AS a
  CROSS JOIN knowledge.domain AS d
  JOIN size AS z ON z.domain = d.domain
  JOIN assess.kept AS k ON k.person_id = a.person_id AND k.table_name = 'condition'
  LEFT JOIN hit AS h ON h.person_id = a.person_id AND h.domain = d.domain
), place AS (  -- ahead for certain, and perhaps ahead: shares are compared crosswise in whole numbers
  SELECT x.person_id, x.domain,
         sum(CASE WHEN y.present * x.indicators > (x.indicators - x.absent) * y.indicators THEN 1 ELSE 0 END) AS surely_ahead,
         sum(CASE WHEN y.domain <> x.domain AND (y.indicators - y.absent) * x.indicators > x.present * y.indicators THEN 1 ELSE 0 END) AS perhaps_ahead
  FROM tally AS x
  JOIN tally AS y ON y.person_id = x.person_id AND y.ranked
  WHERE x.ranked
  GROUP BY x.person_id, x.domain
)
SELECT t.person_id, CAST(t.domain AS VARCHAR) AS domain, CAST(t.title AS VARCHAR) AS title, CAST(t.classical_form AS VARCHAR) AS classical_form,
       CAST(t.present AS BIGINT) AS present, CAST(t.absent AS BIGINT) AS absent, CAST(t.named - t.present - t.absent AS BIGINT) AS not_measured, CAST(t.indicators AS BIGINT) AS measurable,
       CAST(1 + p.surely_ahead AS BIGINT) AS rank_best, CAST(1 + p.perhaps_ahead AS BIGINT) AS rank_worst, CAST(t.shown_by AS VARCHAR) AS shown_by,
       CAST(CASE t.weakest WHEN 2 THEN 'recalled' ELSE 'transcribed' END AS VARCHAR) AS knowledge_status
FROM tally AS t
LEFT JOIN place AS p ON p.person_id = t.person_id AND p.domain = t.domain
