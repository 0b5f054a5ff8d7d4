-- one row: one kind of trial and one truth of its adequacy
-- adequate: dose and days by the rule that the page states; NULL: not known
-- $min_days: least days at the minimum dose; NULL leaves adequacy not known
SELECT
    kind,
    CASE
        WHEN dose_status = 'below minimum' THEN FALSE
        WHEN days_at_dose_high < $min_days THEN FALSE
        WHEN days_at_dose_low >= $min_days THEN TRUE
    END AS adequate,
    count(*) AS trials
FROM trial
GROUP BY ALL
ORDER BY kind, adequate
