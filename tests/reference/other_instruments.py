"""Sections 9 and 11 of the rules: European staging, MGH-S, and plain counts of failed adequate trials."""

from __future__ import annotations

from reference import facts
from reference.days import Span, ordinal
from reference.judgements import Judgement
from reference.staging import (
    Interval,
    Staging,
    against_depression,
    failed_agents,
    long_enough,
    points,
    stimulation_failed,
    total,
)
from reference.thase_rush import classes
from reference.trials import Trial
from reference.truth import Truth, and3


def count(staging: Staging) -> dict[str, Interval]:
    """The number of failed adequate trials of the episode, one per drug."""
    high = len(failed_agents(staging.possibly_failed))
    end = facts.scale(staging.instrument, "total")[1]
    return {"total": (len(failed_agents(staging.failed)), high if staging.exposures_complete else end)}


def european(staging: Staging) -> dict[str, Interval]:
    """From no failed trial (0) over non-responder (1) and TRD (2 to 6) to chronic resistance (7)."""
    ect = stimulation_failed(staging)
    spans_low = [
        (item.trial.certain_start, item.trial.bridged_end)
        for item in staging.failed
        if item.trial.certain_start is not None and item.trial.bridged_end is not None
    ]
    spans_high = [
        (min(item.trial.possible_days), max(item.trial.possible_days)) for item in staging.possibly_failed
    ]
    end = facts.scale(staging.instrument, "total")[1]
    low = len(failed_agents(staging.failed)) + (ect is True)
    high = len(failed_agents(staging.possibly_failed)) + (ect is not False)
    return {
        "total": (
            _european_score(staging, low, spans_low),
            _european_score(staging, high, spans_high) if staging.exposures_complete else end,
        )
    }


def _european_score(staging: Staging, failures: int, spans: list[Span]) -> float:
    highest = facts.scale(staging.instrument, "total")[1] or 0
    days = max(last for _, last in spans) - min(first for first, _ in spans) + 1 if spans else 0
    chronic = days >= facts.parameter("chronic_resistance_days")
    if chronic and failures >= facts.parameter("chronic_resistance_trials"):
        return highest
    return min(failures, highest - 1)


def one_class(staging: Staging) -> bool:
    """Whether all certain failures, at least two drugs, are of one class and the score is settled."""
    low, high = european(staging)["total"]
    drugs_only = stimulation_failed(staging) is False
    several = len(failed_agents(staging.failed)) > 1
    return low == high and several and drugs_only and len(classes(staging.failed)) == 1


def mgh_s(staging: Staging) -> dict[str, Interval]:
    """The sum score of failed adequate trials and of what was done to make each of them work."""
    low, high = staging.failed, staging.possibly_failed
    bounded = staging.exposures_complete

    def interval(item: str, count_low: int, count_high: int) -> Interval:
        score = facts.level(staging.instrument, item, 1)
        return count_low * score, count_high * score if bounded else None

    items = {"trials": interval("trials", len(failed_agents(low)), len(failed_agents(high)))}
    for item, measure in (("optimised_dose", "dose_optimised"), ("optimised_duration", "duration_optimised")):
        if not facts.scored(staging.instrument, item):
            continue
        ratings = optimised(staging, measure)
        items[item] = interval(
            item,
            len({j.counted_as for j in low if ratings[j.trial.name] is True}),
            len({j.counted_as for j in high if ratings[j.trial.name] is not False}),
        )
    items["augmentation"] = interval(
        "augmentation", _most_added(low, staging, certain=True), _most_added(high, staging, certain=False)
    )
    ect = stimulation_failed(staging, failed=staging.asks_failure)
    items["ect"] = points(ect, facts.level(staging.instrument, "ect", 1))
    return items | {"total": total(items)}


def optimised(staging: Staging, measure: str) -> dict[str, Truth]:
    """By trial of the episode: whether it was rated as optimised; a rating that may speak for several is not certain."""
    silent = False if staging.history.complete("measurement") else None
    certain: dict[str, list[bool]] = {}
    possible: dict[str, list[bool]] = {}
    for row in staging.history.measurements:
        day = ordinal(row["date_latest"])
        if row["measure"] == measure and row["value"] is not None and day is not None:
            spoken_for = rated_trials(staging, day)
            for trial in spoken_for:
                possible.setdefault(trial.name, []).append(row["value"] >= 1)
                if len(spoken_for) == 1:
                    certain.setdefault(trial.name, []).append(row["value"] >= 1)
    found: dict[str, Truth] = {}
    for name in (item.trial.name for item in staging.judgements):
        if any(certain.get(name, [])):
            found[name] = True
        elif any(possible.get(name, [])):
            found[name] = None
        else:
            found[name] = False if name in certain else silent
    return found


def rated_trials(staging: Staging, day: int) -> list[Trial]:
    """The trials for which a rating of this day may speak.

    It speaks for the trial it is dated in (of several the one begun last), else for the last one begun before it.
    """
    begun = {
        item.trial.name: (item.trial.start, item.trial)
        for item in staging.judgements
        if item.trial.start is not None and item.trial.start <= day
    }.values()
    inside = [start for start, trial in begun if trial.certainly_touches((day, day))]
    after = max(inside, default=None)
    if after is None:
        last = max((start for start, _ in begun), default=None)
        return [trial for start, trial in begun if max(trial.possible_days) >= day or start == last]
    return [
        trial
        for start, trial in begun
        if (start == after and trial.certainly_touches((day, day)))
        or (start > after and max(trial.possible_days) >= day)
    ]


def _most_added(items: list[Judgement], staging: Staging, certain: bool) -> int:
    """How many different agents were added to a drug; of several trials of one drug the one with the most."""
    most: dict[str, int] = {}
    for item in items:
        agents = {
            trial.agent
            for trial in staging.all_trials
            if trial.base is item.trial
            and (added := and3([long_enough(trial), against_depression(trial)])) is not False
            and (added or not certain)
        }
        most[item.counted_as] = max(len(agents), most.get(item.counted_as, 0))
    return sum(most.values())
