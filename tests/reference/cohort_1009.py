"""Section 8 of the rules: OHDSI PhenotypeLibrary cohort 1009, as its JSON says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference import facts
from reference.days import Span, covered, pieces
from reference.failures import exclusions, says
from reference.history import Event, History
from reference.switches import first_start
from reference.truth import and3, not3, or3, reaches

Row = dict[str, Any]
ERA_GAP = "trial"


@dataclass(frozen=True)
class World:
    """One reading of what is uncertain: every stretch at its shortest, or every stretch at its longest."""

    longest: bool

    def stretch(self, event: Event) -> Span | None:
        """The stretch of days of an exposure in this world."""
        return event.possible if self.longest else event.certain


def drug_eras(
    history: History, agents: frozenset[str], world: World, by_dose: bool
) -> list[tuple[str, Span]]:
    """Eras (agent, first and last day); by dose: of one agent at one known dose."""
    days: dict[tuple[str, float | None], set[int]] = {}
    for event in history.exposures:
        agent, dose = event.row["agent"], event.row["daily_dose_mg"]
        if agent in agents and not (by_dose and dose is None):
            days.setdefault((agent, dose if by_dose else None), set()).update(covered(world.stretch(event)))
    return [
        (agent, (min(piece), max(piece)))
        for (agent, _), found in days.items()
        for piece in pieces(found, facts.max_gap(ERA_GAP))
    ]


def entry_day(definition: str, history: History, world: World) -> int | None:
    """The first day that satisfies an entry path and the diagnosis around it."""
    found = []
    for rule in facts.rows("window_rule"):
        if rule["definition"] != definition:
            continue
        entries = drug_eras(history, facts.members("agent_set", rule["entry_set"]), world, by_dose=False)
        prior = drug_eras(
            history, facts.members("agent_set", rule["prior_set"]), world, by_dose=rule["uses_dose_eras"]
        )
        for period in history.periods():
            inside = [era for era in prior if _inside(era[1], period)]
            for _, (day, last) in entries:
                if (
                    _inside((day, last), period)
                    and _enough(inside, day, rule)
                    and _diagnosed(history, day, rule, world)
                ):
                    found.append(day)
    return min(found, default=None)


def unknown_start_may_enter(definition: str, history: History) -> bool:
    """Whether a start on an unknown day, of agents that could make up an entry, leaves the answer open."""
    for rule in facts.rows("window_rule"):
        if rule["definition"] != definition:
            continue
        entry, prior = (facts.members("agent_set", rule[name]) for name in ("entry_set", "prior_set"))
        relevant = [event for event in history.exposures if event.row["agent"] in entry | prior]
        agents = {event.row["agent"] for event in relevant}
        enough = len(agents & prior) >= rule["min_agents"] and bool(agents & entry)
        if enough and any(e.start_earliest is None or e.start_earliest != e.start_latest for e in relevant):
            return True
    return False


def _inside(era: Span, period: Span) -> bool:
    return period[0] <= era[0] and era[1] <= period[1]


def _enough(prior: list[tuple[str, Span]], day: int, rule: Row) -> bool:
    recent = [(agent, first) for agent, (first, last) in prior if last >= day - rule["lookback_days"]]
    at_or_before = {agent for agent, first in recent if first <= day}
    before = {agent for agent, first in recent if first < day}
    return bool(len(at_or_before) >= rule["min_agents"] and len(before) >= rule["min_before"])


def _diagnosed(history: History, day: int, rule: Row, world: World) -> bool:
    """A depressive-disorder row that starts in the window; in the longest world one that may start there."""
    wanted = facts.members("condition_set", rule["diagnosis_set"])
    window = (day - rule["diagnosis_days"], day)
    if world.longest and not history.complete("condition"):
        return True
    for event in history.conditions:
        if event.row["condition"] not in wanted:
            continue
        start = (event.start_earliest, event.start_latest)
        if start[0] is None or start[1] is None:
            if world.longest:
                return True
        elif world.longest:
            if start[0] <= window[1] and start[1] >= window[0]:
                return True
        elif window[0] <= start[0] and start[1] <= window[1]:
            return True
    return False


def _excluded(definition: str, history: History, day: int | None) -> str | None:
    """The exclusion recorded up to the entry day in its observation period (no entry: up to ``as_of``)."""
    for name in exclusions(definition):
        wanted = facts.members("condition_set", name)
        for event in history.conditions:
            if event.row["condition"] in wanted and _before(event, day, history):
                return name
    return None


def _before(event: Event, day: int | None, history: History) -> bool:
    if day is None:
        return True
    start = event.start_earliest
    if start is None:
        return True
    return any(first <= start <= day <= last for first, last in history.periods())


def verdict(definition: Row, history: History) -> Row:
    """The verdict of the cohort: met when both the shortest and the longest reading enter it."""
    name = definition["definition"]
    shortest = entry_day(name, history, World(longest=False))
    longest = entry_day(name, history, World(longest=True))
    kept = history.complete("exposure")
    low = 1 if shortest is not None else 0
    may_enter = longest is not None or shortest is not None or unknown_start_may_enter(name, history)
    high = None if not kept else int(may_enter)
    entry = longest if shortest is None else shortest
    exclusion = _excluded(name, history, entry)
    # Without an entry day it is not known whether what excludes came before or after it.
    open_entry = entry is None and (may_enter or not kept)
    barred = None if exclusion and open_entry else exclusion is not None
    diagnosis_sets = {row["diagnosis_set"] for row in facts.rows("window_rule") if row["definition"] == name}
    diagnosis = or3(history.diagnosed(found, definition["min_depression_rows"]) for found in diagnosis_sets)
    eligible = and3([diagnosis, not3(barred)])
    reached = reaches(low, high, int(definition["needed"]))
    met = and3([eligible, reached])
    clause = None
    if eligible is False:
        clause = "diagnosis" if diagnosis is False else says(name, exclusion or "")
    elif met is False:
        clause = "window"
    elif met is None:
        clause = "diagnosis" if not history.complete("condition") else "date" if kept else "exposure"
    return {
        "definition": name,
        "eligible": eligible,
        "met": met,
        "failed_low": low,
        "failed_high": high,
        "met_on": history.day(shortest) if met else None,
        "possible_on": None if met is False else history.day(entry),
        "index_date": history.day(first_start(history, definition["agent_set"])),
        "clause": clause,
    }
