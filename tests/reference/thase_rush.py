"""Sections 9 and 11 of the rules: Thase-Rush staging, as a set or in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, permutations

from reference import facts
from reference.days import Span
from reference.following import start_of
from reference.judgements import Judgement
from reference.staging import Interval, Staging, stimulation_failed
from reference.trials import Trial

# A failed course whose trial the record does not show.
ANY_TIME: Span = (0, 10**9)


def thase_rush(staging: Staging) -> dict[str, Interval]:
    """Stage 0 to V: each stage needs all those below it."""
    ect = stimulation_failed(staging, bilateral=True)
    if not staging.exposures_complete:
        every = {row["thase_rush_class"] for row in facts.rows("agent") if row["thase_rush_class"]}
        high = stage(every, ect is not False)
    elif staging.rule["strict_order"]:
        high = ordered(staging, staging.possibly_failed, certain=False)
    else:
        high = stage(classes(staging.possibly_failed), ect is not False)
    if staging.rule["strict_order"]:
        return {"total": (ordered(staging, staging.failed, certain=True), high)}
    return {"total": (stage(classes(staging.failed), ect is True), high)}


def class_of(item: Judgement) -> str:
    """The class of the failed drug, as this staging tells them apart."""
    return str(facts.one("agent", agent=item.trial.agent)["thase_rush_class"])


def classes(items: Iterable[Judgement]) -> set[str]:
    """The different classes that failed."""
    return {class_of(item) for item in items}


def stage(found: set[str], bilateral_ect: bool) -> int:
    """The stage by what failed, whatever the order."""
    steps = [len(found) >= 1, len(found) >= 2, "TCA" in found, "MAOI" in found, bilateral_ect]
    return steps.index(False) if False in steps else len(steps)


def ordered(staging: Staging, items: list[Judgement], certain: bool) -> int:
    """The stage in the order of time: a TCA with or after another class, then a MAOI, then bilateral ECT."""
    in_order = _certainly_in_order if certain else _possibly_in_order
    reached = min(len(classes(items)), 2)
    courses = _courses(staging, certain)
    for other, tca in permutations(items, 2):
        if class_of(tca) != "TCA" or class_of(other) == "TCA":
            continue
        if in_order([start_of(other.trial), start_of(tca.trial)]):
            reached = max(reached, 3)
        for maoi in items:
            if class_of(maoi) != "MAOI":
                continue
            three = [start_of(item.trial) for item in (other, tca, maoi)]
            if in_order(three):
                reached = max(reached, 4)
            if any(in_order([*three, course]) for course in courses):
                reached = max(reached, 5)
    return reached


def _courses(staging: Staging, certain: bool) -> list[Span]:
    """The starts of the failed courses of bilateral ECT."""
    found = []
    for trial in staging.trials:
        if trial.kind == "procedure":
            truth = stimulation_failed(_only(staging, trial), bilateral=True)
            if truth is True or (truth is None and not certain):
                found.append(start_of(trial))
    if not certain and not staging.history.complete("procedure"):
        found.append(ANY_TIME)
    return found


def _only(staging: Staging, course: Trial) -> Staging:
    """The same instrument before this one course."""
    single = object.__new__(Staging)
    single.__dict__.update(staging.__dict__)
    single.trials = [course]
    return single


def _certainly_in_order(starts: list[Span]) -> bool:
    return all(one[1] < other[0] for one, other in pairwise(starts))


def _possibly_in_order(starts: list[Span]) -> bool:
    """Whether there are days, one after the other or the same, at which they may have started in this order."""
    day = 0
    for first, last in starts:
        day = max(day, first)
        if day > last:
            return False
    return True


def broken(staging: Staging) -> str:
    """Certain failures above a step that is not reached for certain, in words."""
    reached = thase_rush(staging)["total"][0] or 0
    failed = {
        "TCA": (3, "TCA" in classes(staging.failed)),
        "MAOI": (4, "MAOI" in classes(staging.failed)),
        "ECT": (5, stimulation_failed(staging, bilateral=True) is True),
    }
    names = [name for name, (step, certain) in failed.items() if certain and reached < step]
    return f" (non-hierarchical: {', '.join(names)} failed)" if names else ""
