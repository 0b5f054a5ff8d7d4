-- stratum: one row is one definition and one group of persons (or all persons) in the present part of the population.
--   definition, kind, level    kind: overall, sex, age, race, ethnicity, language; level: the group
--   persons                    persons of the group
--   eligible_low, eligible_high   who certainly, possibly belong to the denominator
--   met_low, met_high          who certainly, possibly meet the definition
--   denominator_high           who belong to the denominator if everybody who may meet the definition does
-- Ages are completed years on the index date, in bands of ten; from 90 on in one, so that the oldest are not told apart.
WITH aged AS (
  SELECT v.definition, v.eligible, v.met, p.sex, p.race, p.ethnicity, p.language, v.index_date, p.birth_earliest, p.birth_latest,
         year(v.index_date) * 10000 + month(v.index_date) * 100 + day(v.index_date) AS index_number,
         year(p.birth_latest) * 10000 + month(p.birth_latest) * 100 + day(p.birth_latest) AS youngest,
         year(p.birth_earliest) * 10000 + month(p.birth_earliest) * 100 + day(p.birth_earliest) AS oldest
  FROM compare.part_verdict AS v
  LEFT JOIN run.person AS p ON p.person_id = v.person_id
), decade AS (
  SELECT *, (index_number - youngest) // 10000 // 10 * 10 AS low_decade, (index_number - oldest) // 10000 // 10 * 10 AS high_decade FROM aged
), banded AS (
  SELECT *, CASE WHEN low_decade > 90 THEN 90 ELSE low_decade END AS low, CASE WHEN high_decade > 90 THEN 90 ELSE high_decade END AS high FROM decade
), named AS (
  SELECT definition, eligible, met,
         coalesce(sex, 'not recorded') AS sex, coalesce(race, 'not recorded') AS race,
         coalesce(ethnicity, 'not recorded') AS ethnicity, coalesce(language, 'not recorded') AS language,
         CASE WHEN index_date IS NULL THEN 'no index date'
              WHEN low IS NULL OR high IS NULL OR low <> high OR low < 0 THEN 'not known'
              WHEN low = 90 THEN '90 or more'
              ELSE CAST(low AS VARCHAR) || '–' || CAST(low + 9 AS VARCHAR) END AS age
  FROM banded
)
SELECT definition,
       CASE WHEN GROUPING(sex) = 0 THEN 'sex' WHEN GROUPING(age) = 0 THEN 'age' WHEN GROUPING(race) = 0 THEN 'race'
            WHEN GROUPING(ethnicity) = 0 THEN 'ethnicity' WHEN GROUPING(language) = 0 THEN 'language' ELSE 'overall' END AS kind,
       coalesce(sex, age, race, ethnicity, language, 'overall') AS level,
       count(*) AS persons,
       sum(CASE WHEN eligible THEN 1 ELSE 0 END) AS eligible_low,
       sum(CASE WHEN coalesce(eligible, TRUE) THEN 1 ELSE 0 END) AS eligible_high,
       sum(CASE WHEN met THEN 1 ELSE 0 END) AS met_low,
       sum(CASE WHEN coalesce(met, TRUE) THEN 1 ELSE 0 END) AS met_high,
       sum(CASE WHEN eligible OR coalesce(met, TRUE) THEN 1 ELSE 0 END) AS denominator_high
FROM named
GROUP BY GROUPING SETS ((definition), (definition, sex), (definition, age), (definition, race), (definition, ethnicity), (definition, language))
