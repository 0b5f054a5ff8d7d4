-- resolved: one row is one way in which the source writes a $kind, with the canonical name that the knowledge gives it.
--   text   as written: a name in any case, or SYSTEM:code
--   name   canonical name; a text that the knowledge does not know has no row
-- Order: a name as it stands; an exact code; the longest prefix of a code; a name without its salt words.
CREATE OR REPLACE TEMP TABLE resolved AS
WITH asked AS (
  SELECT DISTINCT ${kind}_text AS text FROM row_text WHERE ${kind}_text IS NOT NULL
), parts AS (
  SELECT text, name_key(text) AS name_asked, lower(trim(split_part(text, ':', 1))) AS system_asked,
         CASE WHEN contains(text, ':') THEN code_key(substr(text, strpos(text, ':') + 1)) END AS code_asked,
         array_to_string(list_filter(string_split(name_key(text), ' '),
                                     lambda word: NOT list_contains(salt_words, word)), ' ') AS name_bare
  FROM asked CROSS JOIN (SELECT coalesce($salt_words, CAST([] AS VARCHAR[])) AS salt_words)
), named AS (
  SELECT $kind AS name, name_key($kind) AS known FROM knowledge.$names
  UNION
  SELECT $kind, name_key(code) FROM knowledge.${kind}_code WHERE lower(system) = 'name'
), coded AS (
  SELECT $kind AS name, lower(system) AS system, code_key(rtrim(code, '*')) AS code, $match AS match
  FROM knowledge.${kind}_code WHERE lower(system) <> 'name'
), found AS (
  SELECT p.text, n.name, 1 AS way, 0 AS code_length FROM parts AS p JOIN named AS n ON n.known = p.name_asked
  UNION ALL
  SELECT p.text, c.name, 2, 0
  FROM parts AS p JOIN coded AS c ON c.system = p.system_asked AND c.code = p.code_asked AND c.match = 'exact'
  UNION ALL
  SELECT p.text, c.name, 3, length(c.code)
  FROM parts AS p JOIN coded AS c
    ON c.system = p.system_asked AND starts_with(p.code_asked, c.code) AND c.match = 'prefix'
  UNION ALL
  SELECT p.text, n.name, 4, 0 FROM parts AS p JOIN named AS n ON n.known = p.name_bare
), ranked AS (
  SELECT text, name, row_number() OVER (PARTITION BY text ORDER BY way, code_length DESC, name) AS place FROM found
)
SELECT text, name FROM ranked WHERE place = 1;
