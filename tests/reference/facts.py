"""The knowledge tables as lists of dicts, and the few questions the rules ask of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from opentrd import knowledge

Row = dict[str, Any]


@cache
def rows(table: str) -> list[Row]:
    """All rows of a knowledge table."""
    found: list[Row] = knowledge.table(table).to_pylist()
    return found


def one(table: str, **key: str) -> Row:
    """The single row with this key. Raises ``ValueError`` when there is not exactly one."""
    (row,) = [row for row in rows(table) if all(row[name] == value for name, value in key.items())]
    return row


@cache
def members(table: str, name: str) -> frozenset[str]:
    """The members of a named set: ``members("agent_set", "antidepressant")``."""
    member = table.removesuffix("_set")
    return frozenset(row[member] for row in rows(table) if row[table] == name)


@cache
def parameter(name: str) -> int:
    """The value of a shared parameter (days)."""
    return int(one("parameter", parameter=name)["value"])


@cache
def max_gap(rule: str) -> int:
    """The longest pause (days) that does not end a continuous use."""
    return int(one("gap_rule", gap_rule=rule)["max_gap_days"])


@cache
def minimum_doses(dose_table: str, agent: str) -> dict[str, float]:
    """The minimum daily doses (mg) of an agent by form (none: ``""``)."""
    return {
        (row["form"] or "").lower(): float(row["min_dose_mg"])
        for row in rows("dose_minimum")
        if row["dose_table"] == dose_table and row["agent"] == agent
    }


def minimum_dose(dose_table: str, agent: str, form: str | None) -> float | None:
    """The minimum daily dose (mg) of an agent in this form; None: the table has none for it."""
    found = minimum_doses(dose_table, agent)
    wanted = (form or "").strip().lower()
    return found.get(wanted, found.get(""))


def told_apart(agent: str, form: str | None) -> str:
    """The form of a row, if some dose table has a minimum for that form of the agent; else none."""
    wanted = (form or "").strip().lower()
    known = {(row["form"] or "").lower() for row in rows("dose_minimum") if row["agent"] == agent}
    return wanted if wanted in known else ""


def dose_tables() -> list[str]:
    """The names of all dose tables."""
    return sorted(row["dose_table"] for row in rows("dose_table"))


def number(value: Any) -> float | None:
    """A cell of a rule: None for ``none`` and for empty."""
    return None if value in (None, "", "none") else float(value)


def stated(value: Any) -> bool:
    """Whether the paper gives this parameter at all (``none`` means: not part of the definition)."""
    return value not in (None, "")


def level(instrument: str, item: str, value: float) -> float:
    """The score of an item for a counted or measured value, from the table ``level``."""
    for row in rows("level"):
        if row["instrument"] == instrument and row["item"] == item and row["from_value"] <= value:
            upper = row["to_value"]
            if upper is None or value <= upper:
                return float(row["score"])
    raise ValueError(f"{instrument} {item}: no level for {value}")


def scored(instrument: str, item: str) -> bool:
    """Whether the item is part of this variant of the instrument."""
    return any(row["instrument"] == instrument and row["item"] == item for row in rows("level"))


def scale(instrument: str, item: str) -> tuple[float, float | None]:
    """The lowest and highest possible score of an item."""
    row = one("instrument", instrument=instrument, item=item)
    low, high = row["scale_min"], row["scale_max"]
    return float(low), None if high is None else float(high)


def band(instrument: str, score: float | None) -> str | None:
    """The name of the band a total lies in."""
    for row in rows("band"):
        if score is not None and row["instrument"] == instrument and row["from_score"] <= score:
            upper = row["to_score"]
            if upper is None or score <= upper:
                return str(row["band"])
    return None
