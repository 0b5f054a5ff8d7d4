"""Section 10 of the rules: the stretches of days inside which failures have to lie together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from reference import facts
from reference.days import Span
from reference.following import start_of
from reference.judgements import Judgement
from reference.reading import Reading
from reference.trials import Trial

Row = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """A stretch that begins in ``first`` and ends in ``last`` (each an earliest and a latest day)."""

    first: Span
    last: Span

    def certainly_holds(self, item: Judgement) -> bool:
        """Whether the day the trial counts on lies in it, whatever day that is."""
        return self.first[1] <= item.day.low and item.day.high <= self.last[0]

    def may_hold(self, item: Judgement) -> bool:
        """Whether that day may lie in it."""
        return self.first[0] <= item.day.high and item.day.low <= self.last[1]


EVERYTHING = Window((-(10**9),) * 2, (10**9,) * 2)


def windows(
    definition: Row, reading: Reading, items: list[Judgement], inside: list[Judgement]
) -> list[Window]:
    """The windows in which these trials may be counted together.

    ``inside``: all trials that the definition looks at in the same episode, also those that did not fail.
    """
    if definition["window_days"] == "none":
        return [EVERYTHING]
    width = facts.number(definition["window_days"])
    if width is None:
        return []
    days = int(width)
    kind = definition["window_from"]
    if kind == "each":
        starts = [(item.day.low, item.day.high) for item in items]
        return [_of(day, day, days) for start in starts for day in start]
    if kind == "index":
        anchor = first_start(inside, definition["agent_set"])
        return [] if anchor is None else [_of(*anchor, days)]
    if kind == "diagnosis":
        anchor = first_diagnosis(reading)
        return [] if anchor is None else [_of(*anchor, days)]
    if kind == "calendar_year":
        bounds = [day for item in items for day in (item.day.low, item.day.high)]
        years = range(
            date.fromordinal(min(bounds, default=1)).year, date.fromordinal(max(bounds, default=1)).year + 1
        )
        return [
            Window((date(year, 1, 1).toordinal(),) * 2, (date(year, 12, 31).toordinal(),) * 2)
            for year in years
        ]
    if kind == "before_ect":
        return [Window((low - days, high - days), (low, high)) for low, high in first_sessions(reading)]
    raise ValueError(f"no such window: {kind}")


def unknown(definition: Row, reading: Reading, inside: list[Judgement]) -> bool:
    """Whether nothing says where the window lies or how long it is: any of the failures may lie in it."""
    kind = definition["window_from"]
    if definition["window_days"] == "none":
        return False
    return (
        facts.number(definition["window_days"]) is None
        or (kind == "index" and first_start(inside, definition["agent_set"]) is None)
        or (kind == "diagnosis" and not reading.history.complete("condition"))
        or (kind == "before_ect" and not reading.history.complete("procedure"))
    )


def _of(low: int, high: int, days: int) -> Window:
    return Window((low, high), (low + days, high + days))


def first_start(items: list[Judgement], agent_set: str) -> Span | None:
    """The earliest and the latest day on which the first drug of the set was begun."""
    return first_begun([item.trial for item in items], agent_set)


def first_begun(trials: list[Trial], agent_set: str) -> Span | None:
    """The same among these trials."""
    drugs = facts.members("agent_set", agent_set)
    starts = [start_of(trial) for trial in trials if trial.kind == "drug" and trial.agent in drugs]
    return (min(low for low, _ in starts), min(high for _, high in starts)) if starts else None


def first_diagnosis(reading: Reading) -> Span | None:
    """The earliest and the latest day of the first depression row."""
    depression = facts.members("condition_set", "depression")
    history = reading.history
    starts = [
        (
            history.first if event.start_earliest is None else event.start_earliest,
            history.as_of if event.start_latest is None else event.start_latest,
        )
        for event in history.conditions
        if event.row["condition"] in depression
    ]
    return (min(low for low, _ in starts), min(high for _, high in starts)) if starts else None


def first_sessions(reading: Reading) -> list[Span]:
    """The earliest and the latest day of the first session of each course of ECT."""
    wanted = facts.members("procedure_set", "ect")
    courses: list[Trial] = [
        trial for trial in reading.trials if trial.kind == "procedure" and trial.agent in wanted
    ]
    return [start_of(trial) for trial in courses]
