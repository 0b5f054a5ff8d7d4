"""docs/fit-findings.md, section 1: what a record shows or rules out, and by which row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from reference import facts
from reference.days import ordinal
from reference.history import History
from reference.truth import Truth

Row = dict[str, Any]
STATUS = {"verified": 0, "computed": 0, "transcribed": 1, "recalled": 2}
OPEN = "open"  # a row that perhaps shows the sign
PAST = "past"  # a row that ruled it out on a day too long ago


@dataclass
class Evidence:
    """A row of the record: its value as an interval (a condition has none), and the day on which it was last so."""

    kind: str
    subject: str
    row_id: str
    low: float | None = None
    high: float | None = None
    valued: bool = False
    present: bool | None = None
    first: int | None = None
    last: int | None = None


@dataclass
class Sign:
    """What the record says of a sign. ``basis``: the row that decides; ``shown_by``: all that shows it."""

    present: Truth
    basis: Evidence | None
    status: str
    shown_by: frozenset[str] = frozenset()


def evidence(history: History, conditions: list[Row], tables: dict[str, list[Row]]) -> list[Evidence]:
    """Rules 1 and 2: the rows that may speak. ``conditions``: those ruled out as well."""
    found = [_condition(row, history) for row in conditions]
    for name, key in (("rating", "rating_id"), ("rating_item", "measurement_id"), ("lab", "measurement_id")):
        for row in tables[name]:
            if row.get("origin") == "converted":
                continue
            low, high = (row["value"], row["value"]) if name == "rating_item" else (row["low"], row["high"])
            usable = row["usable"] if name == "lab" else low is not None or high is not None
            found.append(
                Evidence(
                    "measure", row.get("subject", row["measure"]), row[key], low, high, usable,
                    first=row["date_low"], last=row["date_high"],
                )
            )  # fmt: skip
    return found


def _condition(row: Row, history: History) -> Evidence:
    now = history.as_of
    goes_on = row["course"] == "open" or (row["course"] == "span" and row["end_latest"] is None)
    if goes_on and row["present"] is False:  # ruled out on that day, and not ever after
        first, last = (ordinal(row[f"start_{end}"]) for end in ("earliest", "latest"))
        last = None if last is None else min(last, now)
    elif goes_on:
        first = last = now
    else:
        stem = "start" if row["course"] == "point" else "end"
        first, last = (ordinal(row[f"{stem}_{end}"]) for end in ("earliest", "latest"))
    if row["course"] == "span":
        first, last = (None if day is None else min(day, now) for day in (first, last))
    return Evidence(
        "condition", row["condition"], row["condition_id"], present=row["present"], first=first, last=last
    )


@cache
def rules() -> list[Row]:
    """The rows of ``sign_rule``, a set of conditions spelt out."""
    found = []
    for rule in facts.rows("sign_rule"):
        if rule["kind"] == "condition_set":
            names = sorted(facts.members("condition_set", rule["subject"]))
            found += [rule | {"kind": "condition", "subject": name} for name in names]
        else:
            found.append(rule)
    return found


def holds(rule: Row, row: Evidence) -> Truth:
    """Rule 3."""
    if row.kind == "condition":
        return row.present
    if not row.valued:
        return None
    low = float("-inf") if row.low is None else row.low
    high = float("inf") if row.high is None else row.high
    tests = []
    if rule["at_least"] is not None:
        tests.append(True if low >= rule["at_least"] else False if high < rule["at_least"] else None)
    if rule["above"] is not None:
        tests.append(True if low > rule["above"] else False if high <= rule["above"] else None)
    if rule["up_to"] is not None:
        tests.append(True if high <= rule["up_to"] else False if low > rule["up_to"] else None)
    if rule["below"] is not None:
        tests.append(True if high < rule["below"] else False if low >= rule["below"] else None)
    return False if False in tests else None if None in tests else True


def in_time(rule: Row, row: Evidence, now: int) -> Truth:
    """Rule 4."""
    if rule["within_days"] is None:
        return True
    if row.first is not None and now - row.first <= rule["within_days"]:
        return True
    return False if row.last is not None and now - row.last > rule["within_days"] else None


def speaks(rule: Row, mine: list[Evidence], now: int) -> list[tuple[Any, Evidence]]:
    """Rules 4 to 6: the rows that say something by this rule (true, false or open)."""
    rows = [row for row in mine if (row.kind, row.subject) == (rule["kind"], rule["subject"])]
    states = {id(row): holds(rule, row) for row in rows}
    if rule["kind"] == "measure" and rule["occasion"] == "last":
        rows = [
            row
            for row in rows
            if row.last is None
            or not any(other.first is not None and other.first > row.last for other in rows)
        ]
        rows = [row for row in rows if in_time(rule, row, now) is not False]
        if len({states[id(row)] for row in rows}) > 1:
            states = dict.fromkeys(states)
    found: list[tuple[Any, Evidence]] = []
    for row in rows:
        timely, state = in_time(rule, row, now), states[id(row)]
        if timely is False:
            continue
        if rule["speaks"] == "against":
            if state is True and timely:
                found.append((_denial(rule, row, now), row))
        elif state is True:
            found.append((True if timely else OPEN, row))
        elif state is None:
            found.append((OPEN, row))
        elif (rule["speaks"] == "both" or rule["kind"] == "condition") and timely:
            found.append((_denial(rule, row, now), row))
    return found


def _denial(rule: Row, row: Evidence, now: int) -> Any:
    """Rule 6: what rules a sign out speaks of the time up to its day."""
    days = rule["denied_within_days"]
    return False if days is None or (row.first is not None and now - row.first <= days) else PAST


def signs(history: History, rows: list[Evidence]) -> dict[str, Sign]:
    """Rules 7 to 9: the signs of which the record says anything."""
    said: dict[str, list[tuple[Any, Evidence, str]]] = {}
    for rule in rules():
        for truth, row in speaks(rule, rows, history.as_of):
            said.setdefault(rule["sign"], []).append((truth, row, rule["knowledge_status"]))
    found = {}
    for name, votes in said.items():
        truth, row, status = min(votes, key=_order)
        shown_by = frozenset(vote[1].subject for vote in votes if vote[0] is True)
        found[name] = Sign(None if truth in (OPEN, PAST) else truth, row, status, shown_by)
    parts: dict[str, list[Row]] = {}
    for part in facts.rows("sign_part"):
        parts.setdefault(part["sign"], []).append(part)
    for name, members in parts.items():
        if any(member["part"] in found for member in members):
            found[name] = _of_parts(members, found, history)
    return found


def _order(vote: tuple[Any, Evidence, str]) -> tuple[Any, ...]:
    """Rule 8: which row decides."""
    truth, row, status = vote
    late = float("-inf") if row.last is None else row.last
    return [True, OPEN, False, PAST].index(truth), -late, STATUS[status], row.subject, row.row_id


def read(name: str, found: dict[str, Sign], history: History) -> Truth:
    """Rule 7: the truth of a sign where it is used, its silence included."""
    if name in found:
        return found[name].present
    absent = facts.one("sign", sign=name)["silence"] == "absent" and history.complete("condition")
    return False if absent else None


def _of_parts(members: list[Row], found: dict[str, Sign], history: History) -> Sign:
    """Rule 9."""
    gates = [read(member["part"], found, history) for member in members if member["role"] == "gate"]
    counted = [read(member["part"], found, history) for member in members if member["role"] == "counted"]
    needed = max(member["needed"] for member in members)
    low, high = counted.count(True), len(counted) - counted.count(False)
    present: Truth = None
    if False in gates or high < needed:
        present = False
    elif all(gates) and low >= needed:
        present = True
    return Sign(present, None, "")
