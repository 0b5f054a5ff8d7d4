"""Sections 2 and 4 of the rules: eras of drugs, joint use, courses of procedures; each one trial."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from reference import facts
from reference.days import Span, chain, covered, extent, joint, length, pieces, touches
from reference.history import Event, History

Row = dict[str, Any]
OUTCOME = ("stop_reason", "improvement_pct", "improvement_basis", "adherence")


@dataclass
class Trial:
    """One attempt at treatment. Days are day numbers; ``days_high`` None: no bound is known.

    ``agents``: what was given, for joint use the base first. ``certain_parts``: the stretches in which it certainly
    ran, pauses inside them bridged.
    """

    kind: str
    agents: tuple[str, ...]
    certain_days: set[int]
    possible_days: set[int]
    certain_parts: list[Span]
    outcome: Row
    last_issue: int | None = None
    unbounded: bool = False
    certain_at_dose: dict[str, set[int]] = field(default_factory=dict)
    possible_at_dose: dict[str, set[int]] = field(default_factory=dict)
    base: Trial | None = None
    added: Trial | None = None
    counted_days: tuple[int, int] | None = None
    undated: int = 0  # days taken of a row without a start: certain, but their place is not known
    undated_at_dose: dict[str, int] = field(default_factory=dict)
    top_dose: float | None = None
    statuses: frozenset[str | None] = frozenset()  # how its rows came to be known
    sessions: int | None = None
    laterality: frozenset[str | None] = frozenset()

    @property
    def agent(self) -> str:
        """What the trial is about: the drug, the added agent, the procedure."""
        return self.agents[-1]

    @property
    def name(self) -> str:
        """Tells the eras of one agent apart."""
        return f"{self.agent}/{min(self.possible_days)}"

    def certainly_touches(self, span: Span) -> bool:
        """Whether it certainly ran on one of these days."""
        return any(touches(part, span) for part in self.certain_parts)

    @property
    def possible_part(self) -> Span | None:
        """From the first to the last possible day."""
        return extent(self.possible_days)

    @property
    def start(self) -> int | None:
        """The first day on which it may have been given; None when no day is certain."""
        return min(self.possible_days) if self.certain_parts else None

    @property
    def certain_start(self) -> int | None:
        """The first day on which it was given for certain."""
        return min((first for first, _ in self.certain_parts), default=None)

    @property
    def supply_end(self) -> int | None:
        """The last certainly supplied day before the first gap; in joint use a gap of either agent."""
        if self.base is not None and self.added is not None:
            return self._joint_supply_end(self.base, self.added)
        return max(pieces(self.certain_days, 0)[0]) if self.certain_days else None

    def _joint_supply_end(self, base: Trial, added: Trial) -> int | None:
        if self.certain_start is None or self.bridged_end is None:
            return None
        for day in range(self.certain_start, self.bridged_end):
            if any(day in t.certain_days and day + 1 not in t.certain_days for t in (base, added)):
                return day
        return self.bridged_end

    @property
    def bridged_end(self) -> int | None:
        """The last certainly supplied day of all."""
        return max((last for _, last in self.certain_parts), default=None)

    def certain_pieces(self) -> list[set[int]]:
        """The certain chain inside this trial."""
        return pieces(self.certain_days, facts.max_gap("trial"))

    @property
    def may_be(self) -> int:
        """How many trials it may turn out to be, once ends are known: its certain pieces, and those of its base."""
        drugs = [self] if self.added is None or self.base is None else [self.added, self.base]
        return 1 + sum(max(len(drug.certain_pieces()) - 1, 0) for drug in drugs if drug.kind == "drug")

    def days(self) -> tuple[int, int | None]:
        """``days_low`` and ``days_high``."""
        if self.counted_days is not None:
            return self.counted_days
        low = max([len(piece) for piece in self.certain_pieces()] + [self.undated])
        return low, None if self.unbounded else len(self.possible_days)

    def days_at_dose(self, dose_table: str) -> tuple[int, int | None]:
        """The same two numbers for the days at or above the minimum dose."""
        if self.base is not None and self.added is not None:
            at_dose, (_, days_high) = self.added.certain_at_dose[dose_table], self.days()
            low = max(
                (
                    len(covered(joint(part, piece)) & at_dose)
                    for part in self.base.certain_parts
                    for piece in self.added.certain_parts
                ),
                default=0,
            )
            _, high = self.added.days_at_dose(dose_table)
            return low, high if days_high is None or high is None else min(high, days_high)
        certain, possible = self.certain_at_dose[dose_table], self.possible_at_dose[dose_table]
        at_dose = [len(piece & certain) for piece in self.certain_pieces()]
        low = max([*at_dose, self.undated_at_dose[dose_table]])
        return low, None if self.unbounded and possible else len(possible)


def trials(history: History) -> list[Trial]:
    """All trials of a person, of every kind."""
    drugs = [
        trial
        for name in ("antidepressant", "augmenting", "rapid_acting")
        for agent in sorted(facts.members("agent_set", name))
        for trial in eras(history, agent)
    ]
    return [*drugs, *_joint_trials(drugs), *_courses(history)]


def eras(history: History, agent: str) -> list[Trial]:
    """The eras of one agent: its possible days, cut where the gap exceeds that of the gap rule ``trial``."""
    events = [event for event in history.exposures if event.row["agent"] == agent and event.possible]
    possible = _union(event.possible for event in events)
    found = []
    for days in pieces(possible, facts.max_gap("trial")):
        inside = [event for event in events if event.possible and event.possible[0] in days]
        certain_days = _union(event.certain for event in inside)
        trial = Trial(
            kind="drug",
            agents=(agent,),
            certain_days=certain_days,
            possible_days=days,
            certain_parts=[
                (min(piece), max(piece)) for piece in pieces(certain_days, facts.max_gap("trial"))
            ],
            outcome=last_outcome(inside),
            last_issue=_last_start(inside),
            unbounded=any(event.unbounded for event in inside),
            undated=max(map(undated_days, inside)),
            top_dose=_top_dose(inside),
            statuses=frozenset(event.row["status"] for event in inside),
        )
        for dose_table in facts.dose_tables():
            certain, possible_at = _at_dose(inside, dose_table)
            trial.certain_at_dose[dose_table], trial.possible_at_dose[dose_table] = certain, possible_at
            trial.undated_at_dose[dose_table] = max(
                undated_days(event) if reaches_minimum(event, dose_table) else 0 for event in inside
            )
        found.append(trial)
    return found


def undated_days(event: Event) -> int:
    """The days taken of a row without a start."""
    return int(event.row["days_taken"] or 0) if event.start_latest is None else 0


def reaches_minimum(event: Event, dose_table: str) -> bool:
    """Whether the dose of this row is known and reaches the minimum."""
    form = facts.told_apart(event.row["agent"], event.row["form"])
    minimum, dose = facts.minimum_dose(dose_table, event.row["agent"], form), event.row["daily_dose_mg"]
    return minimum is not None and dose is not None and float(dose) >= minimum


def last_outcome(events: list[Event]) -> Row:
    """The outcome fields of the last row: latest start, then latest end; a known date speaks before none.

    Several rows of these dates that contradict each other leave the field unknown.
    """

    def order(event: Event) -> tuple[int, int]:
        end = event.row["end_latest"]
        start = -1 if event.start_latest is None else event.start_latest
        return start, -1 if end is None else end.toordinal()

    last = max(map(order, events))
    outcome: Row = {}
    for name in OUTCOME:
        said = {event.row.get(name) for event in events if order(event) == last} - {None}
        outcome[name] = said.pop() if len(said) == 1 else None
    improvements = {event.row.get("improvement_pct") for event in events if order(event) == last} - {None}
    if len(improvements) > 1 and outcome["stop_reason"] in ("inefficacy", "remission"):
        outcome["stop_reason"] = None
    return outcome


def sessions(events: list[Event]) -> int | None:
    """The recorded sessions of a course, a row without a number counting one.

    None where the record does not count: a single row, or a row over several days, without a number is a course.
    """
    counted: dict[tuple[Any, ...], list[int]] = {}
    for event in events:
        row, number = event.row, event.row["sessions"]
        dates = tuple(row[name] for name in ("start_earliest", "start_latest", "end_earliest", "end_latest"))
        if number is None and row["end_latest"] not in (None, row["start_latest"]):
            return None
        counted.setdefault(dates, []).append(-1 if number is None else int(number))
    # The same dates twice are one row.
    numbers = [max(of_dates) for of_dates in counted.values()]
    if numbers == [-1]:
        return None
    return sum(1 if number == -1 else number for number in numbers)


def _last_start(events: list[Event]) -> int | None:
    """The latest start of a row with a certain day."""
    return max((event.certain[0] for event in events if event.certain), default=None)


def _union(spans: Iterable[Span | None]) -> set[int]:
    days: set[int] = set()
    for span in spans:
        days |= covered(span)
    return days


def _at_dose(events: list[Event], dose_table: str) -> tuple[set[int], set[int]]:
    """Days certainly and possibly at or above the minimum dose.

    Rows of one form and one start day: on a day that several cover, their different doses add. Only a form with a
    minimum of its own is told apart.
    """

    def group(event: Event) -> tuple[str, int, int]:
        early, late = event.start_earliest, event.start_latest
        return (
            facts.told_apart(event.row["agent"], event.row["form"]),
            -1 if early is None else early,
            -1 if late is None else late,
        )

    certain: set[int] = set()
    possible: set[int] = set()
    for (form, *_), members in groupby(sorted(events, key=group), key=group):
        together = list(members)
        minimum = facts.minimum_dose(dose_table, together[0].row["agent"], form)
        if minimum is None:
            possible |= _union(event.possible for event in together)
            continue
        for day in _union(event.certain for event in together):
            rows = [event.row for event in together if event.certain and _within(day, event.certain)]
            if _known_sum(rows) >= minimum:
                certain.add(day)
        for day in _union(event.possible for event in together):
            rows = [event.row for event in together if event.possible and _within(day, event.possible)]
            if any(row["daily_dose_mg"] is None for row in rows) or _known_sum(rows) >= minimum:
                possible.add(day)
    return certain, possible | certain


def _top_dose(events: list[Event]) -> float | None:
    """The largest known daily dose of the certain days, and of days that are certain but not their place.

    Different strengths of one start day add on the days that both cover.
    """
    found = [float(event.row["daily_dose_mg"] or 0) for event in events if undated_days(event)]
    for event in events:
        for day in covered(event.certain):
            together = [
                other.row
                for other in events
                if (other.start_earliest, other.start_latest) == (event.start_earliest, event.start_latest)
                and facts.told_apart(other.row["agent"], other.row["form"])
                == facts.told_apart(event.row["agent"], event.row["form"])
                and other.certain is not None
                and _within(day, other.certain)
            ]
            found.append(_known_sum(together))
    return max((dose for dose in found if dose > 0), default=None)


def _within(day: int, span: Span) -> bool:
    return span[0] <= day <= span[1]


def _known_sum(rows: list[Row]) -> float:
    return sum({float(row["daily_dose_mg"]) for row in rows if row["daily_dose_mg"] is not None})


def _joint_trials(drugs: list[Trial]) -> list[Trial]:
    antidepressants = facts.members("agent_set", "antidepressant")
    augmenting = facts.members("agent_set", "augmenting")
    first = [trial for trial in drugs if trial.agents[0] in antidepressants]
    found = []
    for index, one in enumerate(first):
        for other in first[index + 1 :]:
            if one.agents != other.agents:
                base, added = sorted((one, other), key=lambda trial: (min(trial.possible_days), trial.agents))
                found += _joint("combination", base, added)
    for added in drugs:
        if added.agents[0] in augmenting:
            for base in first:
                found += _joint("augmentation", base, added)
    return found


def _joint(kind: str, base: Trial, added: Trial) -> list[Trial]:
    """The joint use of two eras as a trial of its own, if it may have lasted long enough."""
    overlaps = [joint(one, other) for one in base.certain_parts for other in added.certain_parts]
    parts = sorted(part for part in overlaps if part is not None)
    possible = joint(base.possible_part, added.possible_part)
    if length(possible) < facts.parameter("min_joint_days"):
        return []
    certain_days, possible_days = base.certain_days & added.certain_days, covered(possible)
    return [
        Trial(
            kind=kind,
            agents=base.agents + added.agents,
            certain_days=certain_days,
            possible_days=possible_days,
            certain_parts=parts,
            outcome=added.outcome,
            last_issue=added.last_issue,
            unbounded=base.unbounded and added.unbounded,
            base=base,
            added=added,
            counted_days=(max(map(length, parts), default=0), len(possible_days)),
            top_dose=added.top_dose,
        )
    ]


def _courses(history: History) -> list[Trial]:
    """Sessions of one procedure no more than ``course_gap_days`` apart are one course."""
    found = []
    for set_name in ("neurostimulation", "infusion", "psychotherapy"):
        kind = "psychotherapy" if set_name == "psychotherapy" else "procedure"
        for procedure in sorted(facts.members("procedure_set", set_name)):
            events = [event for event in history.procedures if event.row["procedure"] == procedure]
            spans = [event.possible for event in events if event.possible]
            for group in chain(spans, facts.parameter("course_gap_days")):
                inside = [events[index] for index in group]
                certain = _union(event.certain for event in inside)
                possible = _union(event.possible for event in inside)
                # A course lasts from its first to its last session.
                lasts = extent(certain)
                found.append(
                    Trial(
                        kind=kind,
                        agents=(procedure,),
                        certain_days=certain,
                        possible_days=possible,
                        certain_parts=[] if lasts is None else [lasts],
                        counted_days=(len(certain), len(possible)),
                        outcome=last_outcome(inside),
                        last_issue=_last_start(inside),
                        laterality=frozenset(event.row["laterality"] for event in inside),
                        sessions=sessions(inside),
                    )
                )
    return found
