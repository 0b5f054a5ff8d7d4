"""Section 1 of the rules: what is known of one person, up to ``as_of``, in days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reference import facts
from reference.days import Span, ordinal
from reference.truth import Truth

Row = dict[str, Any]
Tables = dict[str, list[Row]]

# Without any date nothing is known but "now"; a made-up day stands for it and never leaves this package.
NOW = date(2000, 1, 1).toordinal()
# An undated row of such a record may reach back any time; more than a lifetime is as good as without bound.
LIFETIME = 50_000

DATED = ("exposure", "procedure", "condition", "measurement")


@dataclass
class Event:
    """A row (outcomes blanked when not known yet) with its certain and its possible stretch of days."""

    row: Row
    certain: Span | None
    possible: Span | None
    start_earliest: int | None = None
    start_latest: int | None = None
    unbounded: bool = False


@dataclass
class History:
    """All that was known of one person at ``as_of`` (a day number; ``undated``: it stands for "now")."""

    person_id: str
    as_of: int
    undated: bool
    first: int
    kept: set[str]
    coverage: dict[str, list[Span]]
    observation: list[Span]
    person: Row | None = None
    exposures: list[Event] = field(default_factory=list)
    procedures: list[Event] = field(default_factory=list)
    conditions: list[Event] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)

    def day(self, number: int | None) -> date | None:
        """A day number as a date; None in a record without dates."""
        return None if number is None or self.undated else date.fromordinal(number)

    def complete(self, table: str) -> bool:
        """Whether the record would show every row of this table over the whole observed time."""
        if table not in self.kept:
            return False
        if table not in self.coverage or self.undated:
            return True
        shown = {day for first, last in self.coverage[table] for day in range(first, last + 1)}
        return all(day in shown for first, last in self.periods() for day in range(first, last + 1))

    def periods(self) -> list[Span]:
        """The observed time: observation periods, else the record's own dates."""
        return self.observation or [(self.first, self.as_of)]

    def recorded(self, condition_set: str) -> bool:
        """Whether a condition of the set is recorded as present."""
        wanted = facts.members("condition_set", condition_set)
        return any(event.row["condition"] in wanted for event in self.conditions)

    def diagnosed(self, condition_set: str, rows_needed: int) -> Truth:
        """The required clause: enough rows of the set. A stated course counts as enough by itself."""
        wanted = facts.members("condition_set", condition_set)
        found = [event for event in self.conditions if event.row["condition"] in wanted]
        if len(found) >= rows_needed or any(event.row["course"] in ("span", "open") for event in found):
            return True
        return False if self.complete("condition") else None


def read(tables: Tables, person_id: str, as_of: date | None) -> History:
    """The history of one person."""
    mine = {
        name: [row for row in rows if row.get("person_id") == person_id]
        for name, rows in tables.items()
        if name != "kept"
    }
    dates = sorted(
        row[column].toordinal()
        for table in DATED
        for row in mine.get(table, [])
        for column in row
        if column.endswith(("_earliest", "_latest")) and row[column] is not None
    )
    observed = [row for row in mine.get("observation_period", []) if row["start_date"] or row["end_date"]]
    ends = [row["end_date"].toordinal() for row in observed if row["end_date"]]
    last = max(ends) if ends else max(dates, default=NOW)
    now = last if as_of is None else as_of.toordinal()
    starts = [row["start_date"].toordinal() for row in observed if row["start_date"]]
    known = [day for day in _first_days(mine) + starts if day <= now]
    undated = as_of is None and not ends and not dates
    first = min(known, default=now - LIFETIME)
    history = History(
        person_id=person_id,
        as_of=now,
        undated=undated,
        first=first,
        kept={row["table_name"] for row in tables.get("kept", [])},
        coverage=_coverage(mine.get("coverage", []), now),
        observation=_observation(observed, first, now),
        person=next(iter(mine.get("person", [])), None),
    )
    history.exposures = _exposures(mine.get("exposure", []), history, has_first=bool(known))
    history.procedures = [
        _dated(row, history)
        for row in mine.get("procedure", [])
        if _used(row, now) and row["present"] is not False
    ]
    history.conditions = [
        _dated(row, history)
        for row in mine.get("condition", [])
        if _used(row, now) and row["present"] is not False
    ]
    history.measurements = [
        row
        for row in mine.get("measurement", [])
        if row["date_earliest"] is None or row["date_earliest"].toordinal() <= now
    ]
    return history


def _first_days(mine: Tables) -> list[int]:
    """The first day that each dated row speaks of: its earliest start, without a start its earliest end."""
    rows = [row for table in DATED for row in mine.get(table, [])]
    days = [row.get("date_earliest") or row.get("start_earliest") or row.get("end_earliest") for row in rows]
    return [day.toordinal() for day in days if day is not None]


def _coverage(rows: list[Row], now: int) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for row in rows:
        first = row["start_date"].toordinal() if row["start_date"] else now - LIFETIME
        last = row["end_date"].toordinal() if row["end_date"] else now
        found.setdefault(row["table_name"], []).append((first, min(last, now)))
    return found


def _observation(rows: list[Row], first: int, now: int) -> list[Span]:
    spans = [
        (
            row["start_date"].toordinal() if row["start_date"] else first,
            min(row["end_date"].toordinal() if row["end_date"] else now, now),
        )
        for row in rows
    ]
    return sorted(span for span in spans if span[0] <= span[1])


def _used(row: Row, now: int) -> bool:
    return row["start_earliest"] is None or row["start_earliest"].toordinal() <= now


def _outcome_known(row: Row, now: int) -> Row:
    """A row that ends after ``as_of`` has no outcome yet."""
    if row["end_latest"] is None or row["end_latest"].toordinal() <= now:
        return row
    return row | {"stop_reason": None, "improvement_pct": None, "improvement_basis": None}


def _dated(row: Row, history: History) -> Event:
    """A procedure or condition: certain from latest start to earliest end, possible the other way round."""
    now = history.as_of
    begin, begin_late = ordinal(row["start_earliest"]), ordinal(row["start_latest"])
    end, end_late = ordinal(row["end_earliest"]), ordinal(row["end_latest"])
    if row.get("course") == "open" or (row.get("course") == "span" and end_late is None):
        end = end_late = now
    if row.get("course") == "point":
        end, end_late = begin_late, begin_late
    certain_end = begin_late if end is None else end
    possible_end = begin_late if end_late is None else end_late
    first = history.first if begin is None else begin
    last = min(now, now if possible_end is None else possible_end)
    certain: Span | None = None
    if begin_late is not None and certain_end is not None and begin_late <= min(certain_end, now):
        certain = (begin_late, min(certain_end, now))
    return Event(
        row=_outcome_known(row, now) if "stop_reason" in row else row,
        certain=certain,
        possible=(first, max(first, last)),
        start_earliest=begin,
        start_latest=begin_late,
    )


def _exposures(rows: list[Row], history: History, has_first: bool) -> list[Event]:
    now = history.as_of
    antidepressants = facts.members("agent_set", "antidepressant")
    events = []
    for row in rows:
        if not _used(row, now):
            continue
        begin, begin_late = ordinal(row["start_earliest"]), ordinal(row["start_latest"])
        if begin_late is None and row["days_taken"] and row["ongoing"]:
            begin = begin_late = now - row["days_taken"] + 1
        events.append(
            Event(
                row=_outcome_known(row, now),
                certain=None,
                possible=None,
                start_earliest=begin,
                start_latest=begin_late,
            )
        )
    for event in events:
        end, end_late = ordinal(event.row["end_earliest"]), ordinal(event.row["end_latest"])
        days_taken, ongoing = event.row["days_taken"], event.row["ongoing"]
        certain_end = None
        if event.start_latest is not None:
            counted = event.start_latest + days_taken - 1 if days_taken else None
            if end is not None or ongoing:
                certain_end = now if end is None else end
                certain_end = certain_end if counted is None else min(certain_end, counted)
            else:
                certain_end = event.start_latest if counted is None else counted
            if event.start_latest <= min(certain_end, now):
                event.certain = (event.start_latest, min(certain_end, now))
        if end_late is not None:
            possible_end = end_late
        elif ongoing or event.row["agent"] not in antidepressants:
            possible_end = now
        else:
            possible_end = _day_before_next_switch(event, events, antidepressants, now)
        if certain_end is not None:
            possible_end = max(possible_end, certain_end)
        possible_start = history.first if event.start_earliest is None else event.start_earliest
        if possible_start <= min(possible_end, now):
            event.possible = (possible_start, min(possible_end, now))
        event.unbounded = event.start_earliest is None and not has_first
    return events


def _day_before_next_switch(
    event: Event, events: list[Event], antidepressants: frozenset[str], now: int
) -> int:
    if event.start_latest is None:
        return now
    switches = [
        other.start_latest
        for other in events
        if other.row["agent"] in antidepressants
        and other.row["agent"] != event.row["agent"]
        and other.start_earliest is not None
        and other.start_latest is not None
        and other.start_earliest > event.start_latest
    ]
    return min(switches) - 1 if switches else now
