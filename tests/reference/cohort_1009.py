"""Sections 8 and 10 of the rules: cohorts that are entered on a day, by what lies in the days before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import facts
from reference.days import Span
from reference.eligibility import exclusions, says
from reference.history import Event, History
from reference.reading import Reading
from reference.trials import Trial, eras
from reference.truth import Truth, and3, not3, or3, reaches
from reference.verdicts import Count, conclude
from reference.windows import first_begun

Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A day (None: not known) on which a path may be entered, and what speaks for it."""

    day: int | None
    window: Truth
    diagnosis: Truth
    free: bool  # of an exclusion up to that day

    @property
    def counts(self) -> Truth:
        """Whether it is a qualified day; the exclusions are asked of the first such day."""
        return and3([self.window, self.diagnosis])


def starts(era: Trial) -> dict[int, bool]:
    """The days on which the era may start (or start again), and whether it certainly does."""
    first = min(era.possible_days)
    again = {start: False for start, _ in era.certain_parts}
    return again | {first: bool(era.certain_parts) and era.certain_parts[0][0] == first}


def entries(rule: Row, history: History) -> list[Entry]:
    """All days that may enter by one path."""
    prior, entering = (
        [era for agent in sorted(facts.members("agent_set", rule[name])) for era in eras(history, agent)]
        for name in ("prior_set", "entry_set")
    )
    ordered = all(starts(era)[min(era.possible_days)] for era in [*prior, *entering])
    found = []
    if (
        not ordered
        and entering
        and len({era.agent for era in prior}) >= max(rule["min_agents"], rule["min_before"])
    ):
        depressed = recorded(rule["diagnosis_set"], history) or not history.complete("condition")
        found.append(Entry(None, None, None if depressed else False, free=True))
    for era in entering:
        for day, certain in starts(era).items():
            for period in history.periods():
                if period[0] + rule["prior_observation_days"] <= day <= period[1]:
                    window = enough(prior, day, period, rule, history, ordered)
                    if not certain and window:
                        window = None
                    diagnosis = diagnosed(history, day, rule)
                    free = not excluded(rule["definition"], history, day, period)
                    found.append(Entry(day, window, diagnosis, free))
    return found


def enough(prior: list[Trial], day: int, period: Span, rule: Row, history: History, ordered: bool) -> Truth:
    """Whether enough different agents ran in the days before, and enough of them had begun before the day.

    Not ``ordered``: an era started on a day that is not known, so that any agent may have lain in the window.
    """
    since = day - rule["lookback_days"]

    def certain(before: int) -> int:
        return len(
            {
                era.agent
                for era in prior
                for start, end in stretches(era, rule, history)
                if period[0] <= start <= before and end >= since
            }
        )

    def possible(before: int) -> int:
        if not ordered:
            return len({era.agent for era in prior})
        agents = set()
        for era in prior:
            first = min(era.possible_days)
            observed = first >= period[0] or not starts(era)[first]
            pieces = [start for start, end in stretches(era, rule, history) if end >= since]
            if first <= before and max(era.possible_days) >= since and observed:
                agents.add(era.agent)
            if any(period[0] <= start <= before for start in pieces):
                agents.add(era.agent)
        return len(agents)

    return and3(
        [
            reaches(certain(day), possible(day), rule["min_agents"]),
            reaches(certain(day - 1), possible(day - 1), rule["min_before"]),
        ]
    )


def stretches(era: Trial, rule: Row, history: History) -> list[Span]:
    """The certain pieces of an era; for dose eras, what certainly ran at a known dose."""
    if not rule["uses_dose_eras"]:
        return era.certain_parts
    found = []
    rows = [event for event in history.exposures if event.row["agent"] == era.agent and event.certain]
    for event in rows:
        first, last = event.certain or (0, 0)
        # Strengths that start together add: while one of them is not known, the dose is not.
        unknown = [
            other.certain[1]
            for other in rows
            if other.row["daily_dose_mg"] is None and other.certain and together(other, event)
        ]
        first = max([first, *(day + 1 for day in unknown)])
        if event.row["daily_dose_mg"] is not None and first <= last and first in era.possible_days:
            found.append((first, last))
    return found


def together(one: Event, other: Event) -> bool:
    """Whether two rows of one agent start together in one form."""
    return (one.start_earliest, one.start_latest, facts.told_apart(one.row["agent"], one.row["form"])) == (
        other.start_earliest,
        other.start_latest,
        facts.told_apart(other.row["agent"], other.row["form"]),
    )


def diagnosed(history: History, day: int, rule: Row) -> Truth:
    """Whether a depressive-disorder row starts in the days up to the day."""
    wanted = facts.members("condition_set", rule["diagnosis_set"])
    first = day - rule["diagnosis_days"]
    found: list[Truth] = [] if history.complete("condition") else [None]
    for event in history.conditions:
        if event.row["condition"] in wanted:
            early, late = event.start_earliest, event.start_latest
            if early is None or late is None or (early <= day and late >= first):
                found.append(True if early is not None and early == late else None)
    return or3(found)


def excluded(definition: str, history: History, day: int, period: Span) -> bool:
    """Whether an exclusion is recorded up to the day, in its observation period."""
    return any(
        (event.start_earliest is None or event.start_earliest <= day)
        and (event.start_latest is None or event.start_latest >= period[0])
        for name in exclusions(definition)
        for event in recorded(name, history)
    )


def recorded(condition_set: str, history: History) -> list[Event]:
    """The rows of a set of conditions."""
    wanted = facts.members("condition_set", condition_set)
    return [event for event in history.conditions if event.row["condition"] in wanted]


def verdict(definition: Row, reading: Reading) -> Row:
    """The verdict of the cohort: met when the first certain entry day is free of exclusions."""
    history = reading.history
    name = definition["definition"]
    rules = [rule for rule in facts.rows("window_rule") if rule["definition"] == name]
    by_path = {rule["path"]: entries(rule, history) for rule in rules}
    entered = [entry for found in by_path.values() for entry in found]
    first = min((entry.day for entry in entered if entry.counts and entry.day is not None), default=None)
    possible = [entry for entry in entered if entry.counts is not False]
    low = int(first is not None)
    complete = history.complete("exposure")
    high = int(bool(possible)) if complete else None
    diagnosis = history.diagnosed("depression", definition["min_depression_rows"])
    barriers = sorted(says(name, item) for item in exclusions(name) if recorded(item, history))
    out = barred(entered, first, complete, int(bool(possible))) if barriers else False
    undiagnosed = any(entry.window and entry.diagnosis is None for entry in entered)
    found = Count(
        low,
        high,
        reaches(low, high, int(definition["needed"])),
        closed=_deciding_clause(by_path, rules, history),
        open="diagnosis" if undiagnosed else "date" if complete else "exposure",
        met_on=first,
        possible_on=min((e.day for e in possible if e.day is not None), default=None),
        index_date=first_certain_day(history, definition["agent_set"]),
        index=first_begun(reading.trials, definition["agent_set"]),
    )
    found.rated_from = found.possible_on
    barrier = barriers[0] if out and diagnosis is not False else "diagnosis"
    return conclude(definition, reading, found, (and3([diagnosis, not3(out)]), barrier))


def barred(found: list[Entry], first: int | None, complete: bool, high: int) -> Truth:
    """Whether an exclusion came before every day on which the person may have entered, up to the first certain one."""
    until = [
        entry
        for entry in found
        if entry.counts is not False and (first is None or entry.day is None or entry.day <= first)
    ]
    if not until:
        return complete and high == 0
    if not any(entry.free for entry in until):
        return True
    return (
        None if first is not None and not any(e.free for e in until if e.counts and e.day == first) else False
    )


def _deciding_clause(found: dict[str, list[Entry]], rules: list[Row], history: History) -> str:
    if any(entry.window is not False for entries_of in found.values() for entry in entries_of):
        return "diagnosis"
    for rule in rules:
        if enough_ever(rule, history) and any(e.diagnosis is not False for e in found[rule["path"]]):
            return "window"
    return "number"


def enough_ever(rule: Row, history: History) -> bool:
    """Whether enough different agents were taken at any time, and one to enter by."""
    taken = {event.row["agent"] for event in history.exposures if event.possible}
    entering, prior = (facts.members("agent_set", rule[name]) for name in ("entry_set", "prior_set"))
    needed = max(rule["min_agents"], rule["min_before"])
    return bool(taken & entering) and len(taken & prior) >= needed


def first_certain_day(history: History, agent_set: str) -> int | None:
    """The first certain day of any agent of the set."""
    drugs = facts.members("agent_set", agent_set)
    return min(
        (e.certain[0] for e in history.exposures if e.row["agent"] in drugs and e.certain), default=None
    )
