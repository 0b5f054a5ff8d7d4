-- option: one row is one adult and one treatment in one role: what stands for and against it. A list with reasons for a professional, no order to follow.
--   person_id
--   treatment     a row of the knowledge table treatment
--   role          switch (instead of the antidepressant), add (to it), combine (two begun together), optimise (raise what is taken), course, stop
--   standing      no recorded obstacle, caution, blocked, not known, outside guideline lines, investigational, already tried: the strongest of them
--   safety        what the safety rules alone make of it: blocked, not known, caution, no recorded obstacle
--   reasons       why it stands so, by the safety rules and the person's own history, sorted and joined by '; ' (each begins with blocked, for, not known or tried)
--   cautions      safety rules of the level caution that act, pharmacogenetic advice to avoid it, and trials that ended for intolerance, likewise
--   guidance      what speaks for and against it by guidelines, likewise (against, for, not known)
--   unchecked     safety rules that the record does not decide, by name: each may act and does not block here
--   changes       what would change the standing
--   monitoring    what the rules ask to be watched
--   line          the guideline lines that count for the order, each under its guideline's name
--   place         the best of them: 1 first or recommended, 2 second, suggested or an option, 3 third or for specialists, 4 investigational; null: none
--   suicide_path  is it one of the treatments that go first when suicidality is recorded
--   fit           match, mismatch, match and mismatch, weak strategy, experimental: a hypothesis of a review, tested by no trial, that only breaks
--                 ties inside one guideline place; null: no domain that may stand first says anything
--   hypothesis    what it rests on: domain by domain, sorted and joined by '; '
--   evidence      rows of option_evidence, by name
--   rank_best, rank_worst   order: safety and what was tried, suicide path, guideline place, switch or add, fit; ties share both
--   knowledge_status   weakest of what it rests on: verified, transcribed, recalled
WITH own AS (
  SELECT person_id, treatment, role, max(weight) AS weight, max(safety) AS safety, max(weakest) AS weakest,
         string_agg(CASE WHEN slot = 'reason' THEN note END, '; ' ORDER BY CASE WHEN slot = 'reason' THEN note END) AS reasons,
         string_agg(CASE WHEN slot = 'caution' THEN note END, '; ' ORDER BY CASE WHEN slot = 'caution' THEN note END) AS cautions
  FROM assess.option_note GROUP BY person_id, treatment, role
), backed AS (
  SELECT target AS treatment, role, string_agg(evidence, '; ' ORDER BY evidence) AS evidence FROM knowledge.option_evidence GROUP BY target, role
), path AS (
  SELECT DISTINCT g.treatment FROM knowledge.domain_match AS m JOIN assess.option_target AS g ON g.target = m.target AND g.whole WHERE m.domain = 'suicidal' AND m.relation = 'match'
), foremost AS (  -- domains with something present that may stand first; several may
  SELECT person_id, domain, title FROM assess.domain WHERE present > 0 AND rank_best = 1
), meant AS (
  SELECT DISTINCT m.domain, g.treatment, m.role, m.relation, m.measure_set, m.above, m.up_to, m.says
  FROM knowledge.domain_match AS m JOIN assess.option_target AS g ON g.target = m.target AND g.whole
), backing AS (
  SELECT treatment, max(CASE WHEN relation = 'match' THEN 1 ELSE 0 END) AS matches FROM meant GROUP BY treatment
), valued AS (
  SELECT v.person_id, s.safety_set AS measure_set, min(v.low) AS low, CASE WHEN count(v.high) = count(*) THEN max(v.high) END AS high
  FROM knowledge.safety_set AS s JOIN assess.lab AS v ON v.measure = s.member AND v.last AND v.usable
  WHERE s.kind = 'measure' GROUP BY v.person_id, s.safety_set
), supposed AS (
  SELECT l.person_id, l.treatment, l.role, m.relation, m.relation || ', ' || d.title || ': ' || m.says AS says, CAST(NULL AS BIGINT) AS weak
  FROM assess.option_listed AS l
  JOIN foremost AS d ON d.person_id = l.person_id
  JOIN meant AS m ON m.domain = d.domain AND m.treatment = l.treatment AND m.measure_set IS NULL AND m.relation <> 'weak' AND (m.role = l.role OR (m.role IS NULL AND l.role <> 'stop'))
  UNION ALL  -- what depends on a value asks for no domain
  SELECT l.person_id, l.treatment, l.role, m.relation, m.relation || ', ' || k.title || ': ' || m.says, NULL
  FROM assess.option_listed AS l
  JOIN meant AS m ON m.treatment = l.treatment AND l.role <> 'stop'
  JOIN valued AS v ON v.person_id = l.person_id AND v.measure_set = m.measure_set AND (v.low > m.above OR v.high <= m.up_to)
  JOIN knowledge.domain AS k ON k.domain = m.domain
  UNION ALL  -- a weak strategy is one in every form
  SELECT l.person_id, l.treatment, l.role, m.relation, 'weak strategy: ' || m.says, CASE WHEN b.matches = 0 OR m.treatment = 'prolonged benzodiazepine' THEN 1 END
  FROM assess.option_listed AS l
  JOIN meant AS m ON m.treatment = l.treatment AND m.relation = 'weak'
  JOIN backing AS b ON b.treatment = m.treatment
  WHERE l.role <> 'stop'
), fitted AS (
  SELECT person_id, treatment, role, string_agg(says, '; ' ORDER BY says) AS hypothesis,
         CASE WHEN max(weak) = 1 THEN 'weak strategy'
              WHEN max(CASE WHEN relation = 'match' THEN 1 ELSE 0 END) = 1 AND max(CASE WHEN relation = 'mismatch' THEN 1 ELSE 0 END) = 1 THEN 'match and mismatch'
              WHEN max(CASE WHEN relation = 'match' THEN 1 ELSE 0 END) = 1 THEN 'match' WHEN max(CASE WHEN relation = 'mismatch' THEN 1 ELSE 0 END) = 1 THEN 'mismatch'
              WHEN max(CASE WHEN relation = 'experimental' THEN 1 ELSE 0 END) = 1 THEN 'experimental' END AS fit
  FROM (SELECT DISTINCT person_id, treatment, role, relation, says, weak FROM supposed) AS once
  GROUP BY person_id, treatment, role
), joined AS (
  SELECT l.person_id, l.treatment, l.role, k.status, e.evidence, n.reasons AS own_reasons, n.cautions AS own_cautions, g.guidance, g.line, g.place, coalesce(g.stance, 0) AS stance,
         coalesce(n.weight, 0) AS own_weight, coalesce(n.safety, 0) AS own_safety, coalesce(r.weight, 0) AS rule_weight, r.reasons, r.cautions, r.changes,
         CASE WHEN t.pattern IS NULL THEN u.unchecked ELSE r.unchecked END AS unchecked, CASE WHEN t.pattern IS NULL THEN u.monitoring ELSE r.monitoring END AS monitoring,
         coalesce(s.holds, FALSE) AND p.treatment IS NOT NULL AND l.role <> 'stop' AS suicide_path, f.fit, f.hypothesis,
         CASE WHEN coalesce(n.weakest, 0) = 2 OR coalesce(r.weakest, u.weakest, 0) = 2 OR coalesce(g.weakest, 0) = 2 OR k.knowledge_status = 'recalled' THEN 'recalled'
              WHEN n.weakest = 1 OR coalesce(r.weakest, u.weakest) = 1 OR g.weakest = 1 OR k.knowledge_status = 'transcribed' THEN 'transcribed' ELSE 'verified' END AS knowledge_status
  FROM assess.option_listed AS l
  JOIN knowledge.treatment AS k ON k.treatment = l.treatment
  JOIN assess.option_situation AS c ON c.person_id = l.person_id
  LEFT JOIN assess.option_unruled AS u ON u.treatment = l.treatment AND l.role <> 'stop'
  LEFT JOIN assess.option_pattern AS t ON t.person_id = l.person_id AND t.treatment = l.treatment AND l.role <> 'stop'
  LEFT JOIN assess.option_ruling AS r ON r.treatment = l.treatment AND r.pattern = t.pattern
  LEFT JOIN assess.option_line AS g ON g.situation = c.situation AND g.treatment = l.treatment AND g.role = l.role
  LEFT JOIN own AS n ON n.person_id = l.person_id AND n.treatment = l.treatment AND n.role = l.role
  LEFT JOIN fitted AS f ON f.person_id = l.person_id AND f.treatment = l.treatment AND f.role = l.role
  LEFT JOIN backed AS e ON e.treatment = l.treatment AND e.role = l.role
  LEFT JOIN path AS p ON p.treatment = l.treatment
  LEFT JOIN assess.option_state AS s ON s.person_id = l.person_id AND s.state = 'suicidal'
), judged AS (
  SELECT person_id, treatment, role, status, evidence, guidance, line, place, stance, suicide_path, fit, hypothesis, knowledge_status, unchecked, changes, monitoring,
         CASE WHEN rule_weight > own_weight THEN rule_weight ELSE own_weight END AS weight, CASE WHEN rule_weight > own_safety THEN rule_weight ELSE own_safety END AS safety,
         CASE WHEN reasons IS NULL THEN own_reasons WHEN own_reasons IS NULL THEN reasons ELSE reasons || '; ' || own_reasons END AS reasons,
         CASE WHEN own_cautions IS NULL THEN cautions WHEN cautions IS NULL THEN own_cautions ELSE own_cautions || '; ' || cautions END AS cautions
  FROM joined
), keyed AS (  -- the order as one number: weight, suicide path, place, switch or add, fit
  SELECT *, weight * 10000 + CASE WHEN suicide_path THEN 0 ELSE 1 END * 1000 + CASE WHEN status = 'investigational' AND coalesce(place, 8) < 4 THEN 4 ELSE coalesce(place, 8) END * 100
         + CASE WHEN stance > 0 THEN 0 WHEN stance < 0 THEN 2 ELSE 1 END * 10 + CASE fit WHEN 'match' THEN 0 WHEN 'mismatch' THEN 2 WHEN 'weak strategy' THEN 3 ELSE 1 END AS order_key
  FROM judged
), tied AS (
  SELECT person_id, order_key, count(*) AS ties FROM keyed GROUP BY person_id, order_key
), placed AS (
  SELECT person_id, order_key, ties, 1 + coalesce(sum(ties) OVER (PARTITION BY person_id ORDER BY order_key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS rank_best FROM tied
), ranked AS (
  SELECT k.*, p.rank_best, p.ties FROM keyed AS k JOIN placed AS p ON p.person_id = k.person_id AND p.order_key = k.order_key
)
SELECT person_id, treatment, role,
       CAST(CASE WHEN weight = 4 THEN 'blocked' WHEN weight = 3 THEN 'not known' WHEN weight = 2 THEN 'already tried' WHEN weight = 1 THEN 'caution'
                 WHEN status = 'investigational' THEN 'investigational' WHEN place IS NULL AND role <> 'stop' THEN 'outside guideline lines'
                 ELSE 'no recorded obstacle' END AS VARCHAR) AS standing,
       CAST(CASE safety WHEN 4 THEN 'blocked' WHEN 3 THEN 'not known' WHEN 1 THEN 'caution' ELSE 'no recorded obstacle' END AS VARCHAR) AS safety,
       CAST(reasons AS VARCHAR) AS reasons, CAST(cautions AS VARCHAR) AS cautions, CAST(CASE WHEN guidance IS NOT NULL OR role = 'stop' THEN guidance
                 WHEN status = 'investigational' THEN 'against: investigational, offered in trials only'
                 WHEN place IS NULL THEN 'against: no guideline line that was read speaks of it' END AS VARCHAR) AS guidance,
       CAST(unchecked AS VARCHAR) AS unchecked, CAST(changes AS VARCHAR) AS changes,
       CAST(monitoring AS VARCHAR) AS monitoring, CAST(line AS VARCHAR) AS line, CAST(place AS BIGINT) AS place, CAST(suicide_path AS BOOLEAN) AS suicide_path,
       CAST(fit AS VARCHAR) AS fit, CAST(hypothesis AS VARCHAR) AS hypothesis, CAST(evidence AS VARCHAR) AS evidence, CAST(rank_best AS BIGINT) AS rank_best, CAST(rank_best + ties - 1 AS BIGINT) AS rank_worst,
       CAST(knowledge_status AS VARCHAR) AS knowledge_status
FROM ranked
