"""Sections 9 and 11 of the rules: the Maudsley Staging Method and its variants."""

from __future__ import annotations

from datetime import date

from reference import facts
from reference.days import Span
from reference.episodes import TREATMENT, Episode
from reference.history import History
from reference.severity import severity
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
from reference.truth import Truth, and3, or3


def maudsley(staging: Staging) -> dict[str, Interval]:
    """The five items and the total; no lower bound when perhaps, nothing when certainly no drug failed."""
    name = staging.instrument
    count_high = len(failed_agents(staging.possibly_failed))
    scale = facts.scale(name, "failures")
    count_low = len(failed_agents(staging.failed))
    # Without a certain failure the instrument perhaps does not apply: no lower bound.
    low = facts.level(name, "failures", count_low) if count_low else None
    high = scale[1]
    if staging.exposures_complete:
        high = facts.level(name, "failures", count_high) if count_high else None
    rated = facts.scale(name, "severity")
    if staging.rule["severity_from"] == "rating":
        rated = severity(name, staging.episode, staging.history)
    items: dict[str, Interval] = {
        "duration": duration(name, staging.episode, staging.history),
        "severity": rated,
        "failures": (low, high),
        "augmentation": points(augmented(staging), facts.level(name, "augmentation", 1)),
        "ect": points(stimulation_failed(staging, failed=staging.asks_failure), facts.level(name, "ect", 1)),
    }
    if count_high == 0 and staging.exposures_complete:
        return items | {"failures": (None, None), "total": (None, None)}
    return items | {"total": total(items)}


def months_begun(first: date, last: date) -> int:
    """Completed calendar months, and one more for any further day."""
    whole = (last.year - first.year) * 12 + last.month - first.month
    return whole + (1 if last.day > first.day else 0)


def duration(name: str, episode: Episode | None, history: History) -> Interval:
    """From the certain extent of the episode to the possible one."""
    bounds = facts.scale(name, "duration")
    if episode is None or history.undated or not episode.start_known:
        return bounds
    last = episode.possible[1]
    # A row that may lie after the last day that is used says nothing of the time up to it.
    pieces = [piece for piece in episode.pieces if piece[0] <= last]
    shortest: Span = pieces[-1] if pieces else (last, last)
    scores = [
        facts.level(
            name,
            "duration",
            months_begun(date.fromordinal(span[0]), date.fromordinal(span[1])),
        )
        for span in (shortest, episode.possible)
    ]
    # The untreated time before the first treatment counts, too; treatment alone does not show it.
    return scores[0], bounds[1] if episode.basis == TREATMENT else scores[1]


def augmented(staging: Staging) -> Truth:
    """Whether an augmentation was used (and failed)."""
    found: list[Truth] = [
        and3([staging.used(trial, staging.asks_failure), long_enough(trial), against_depression(trial)])
        for trial in staging.trials
        if trial.kind == "augmentation"
    ]
    return or3(found if staging.exposures_complete else [*found, None])
