-- domain_reason: one row is one reason for which a domain of depression was thought of: what the record shows, and the process behind it.
--   person_id, domain
--   indicator     the indicator that is present
--   basis         what shows it: subject and value
--   table_name, basis_id   the row it rests on
--   marker        the marker of the mechanism graph, where the indicator rests on one
--   process       the process that shapes the domain, as the review has it: a hypothesis
--   source        of the edge from process to domain
--   knowledge_status   weakest of the indicator and the edge
SELECT i.person_id, i.domain, i.indicator, i.basis, i.table_name, i.basis_id, CAST(k.from_node AS VARCHAR) AS marker, CAST(m.from_node AS VARCHAR) AS process,
       CAST(m.source AS VARCHAR) AS source,
       CAST(CASE WHEN i.knowledge_status = 'recalled' OR m.knowledge_status = 'recalled' THEN 'recalled' ELSE 'transcribed' END AS VARCHAR) AS knowledge_status
FROM assess.indicator AS i
JOIN knowledge.mechanism AS m ON m.from_kind = 'process' AND m.to_kind = 'domain' AND m.to_node = i.domain
LEFT JOIN assess.sign AS s ON s.person_id = i.person_id AND s.row_id = i.basis_id AND s.sign = i.indicator
LEFT JOIN knowledge.mechanism AS k ON k.from_kind = 'marker' AND k.from_node = s.subject AND k.to_node = m.from_node
WHERE i.present
