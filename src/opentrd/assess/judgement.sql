-- judgement: one row is one definition (or instrument) and one trial that it looks at. A view: written on request.
--   person_id, definition, trial_id
--   dose_ok        the dose reached the definition's minimum
--   duration_ok    long enough: days at the minimum dose where it was reached, else all days
--   adherence_ok   taken as prescribed
--   stop_ok        not stopped for intolerance or nonadherence before it was long enough
--   response_ok    did not respond (or what stands for it: another treatment followed, it was stopped for inefficacy)
--   episode_ok     lies in a depressive episode (the current or the last one, where the definition says so)
--   counts         all of them: a failed adequate trial
--   counted_as     what can count once: agent, class or trial
--   may_be         how many it may count for: 1, but what counts by the trial may turn out to be several
--   episode_id, part_no, on_date   where and when it counts
--   on_low, on_high   the day it counts on, at the earliest and at the latest
--   ready_low, ready_high   the day it was long enough, counted from its start, at the earliest and at the latest
--   kind, agent, improvement_basis   of the trial
--   definition_no, episode_no, family, windowed   keys of the counts (episode_no 0: the whole record)
SELECT person_id, definition, trial_id, dose_ok, duration_ok, adherence_ok, stop_ok, response_ok, episode_ok, counts, counted_as, may_be, episode_id, part_no, on_date,
       on_low, on_high, ready_low, ready_high, kind, agent, improvement_basis, definition_no, episode_no, family, windowed
FROM assess.judged
