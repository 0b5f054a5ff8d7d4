-- person: one row is one synthetic person of the chunk.
--   number, person_id      running number, and the id made from it
--   onset                  first day of the first depressive episode (of nothing, for a person without episodes)
--   observed_from, _to     first and last day that the record covers
--   resistant, specialist  does this person respond rarely; is this person rated by a specialist
--   episodes               number of depressive episodes
CREATE OR REPLACE TEMP TABLE person AS
WITH drawn AS (
    SELECT
        number,
        bits(number, 'person') AS who,
        bits(number, 'onset') AS life,
        bits(number, 'observation') AS seen,
        bits(number, 'habit') AS habit
    FROM range(CAST(getvariable('first_person') AS BIGINT), CAST(getvariable('last_person') AS BIGINT) + 1)
        AS chunk(number)
), dated AS (
    SELECT
        d.*,
        make_date(CAST(p.onset_first_year AS INTEGER), 1, 1) + spread(life, 0, p.onset_years * 365) AS onset,
        CAST(p.onset_age_lowest * 365.25 AS INTEGER) + spread(life, 1, p.onset_age_range * 365.25) AS onset_age_days,
        share(seen, 0) < p.truncated_share AS truncated,
        share(seen, 1) < p.leaving_share AS leaves
    FROM drawn AS d CROSS JOIN setting.p AS p
)
SELECT
    d.number,
    format('P{:07d}', d.number) AS person_id,
    d.onset,
    d.onset - d.onset_age_days AS birth_date,
    sex.value AS sex, sex.omop_concept_id AS sex_concept_id,
    race.value AS race, race.omop_concept_id AS race_concept_id,
    ethnicity.value AS ethnicity, ethnicity.omop_concept_id AS ethnicity_concept_id,
    language.value AS language,
    CAST(episodes.value AS INTEGER) AS episodes,
    CAST(supply.value AS INTEGER) AS supply_days,
    CASE WHEN d.truncated THEN d.onset + p.truncated_after_days + spread(seen, 2, p.truncated_range)
         ELSE d.onset - p.lead_in_days - spread(seen, 3, p.lead_in_range) END AS observed_from,
    CASE WHEN d.leaves
         THEN least(make_date(CAST(p.data_end_year AS INTEGER), 12, 31),
                    d.onset + p.leaving_after_days + spread(seen, 4, p.leaving_range))
         ELSE make_date(CAST(p.data_end_year AS INTEGER), 12, 31) END AS observed_to,
    d.truncated,
    share(life, 2) < p.resistant_share AS resistant,
    share(life, 3) < p.specialist_share AS specialist,
    share(life, 4) < p.diagnosed_share AS diagnosed,
    share(life, 5) < p.stated_course_share AS stated_course,
    share(habit, 1) < p.dispensed_share AS dispensed
FROM dated AS d
CROSS JOIN setting.p AS p
JOIN setting.choice_slot AS sex ON sex.choice = 'sex' AND sex.slot = part(d.who, 0)
JOIN setting.choice_slot AS race ON race.choice = 'race' AND race.slot = part(d.who, 1)
JOIN setting.choice_slot AS ethnicity ON ethnicity.choice = 'ethnicity' AND ethnicity.slot = part(d.who, 2)
JOIN setting.choice_slot AS language ON language.choice = 'language' AND language.slot = part(d.who, 3)
JOIN setting.choice_slot AS episodes ON episodes.choice = 'episodes' AND episodes.slot = part(d.who, 4)
JOIN setting.choice_slot AS supply ON supply.choice = 'supply_days' AND supply.slot = part(d.habit, 0);
