"""The grid of a multiverse: the values of the parameters of one count-based definition of TRD, read and checked."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from opentrd import knowledge
from opentrd.record.raw import InputError

# The definition that the grid varies: whom it speaks about and which drugs it looks at stay its own.
BASE = "two_adequate_trials"
DAYS_A_WEEK = 7
MOST_VALUES = 100
MOST_VARIANTS = 200_000

Grid = dict[str, list[str]]

_GRID_COLUMNS = pa.schema(
    {
        "parameter": pa.string(),
        "place": pa.int64(),
        "value": pa.string(),
        "number": pa.float64(),
        "basis": pa.string(),
    }
)
_WHOLE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_FAILURE = re.compile(r"switch(_[0-9]{1,6})?|stop|any")

# parameter -> what stands there, for messages; the order is that of the columns of the result.
EXPECTED: dict[str, str] = {
    "max_gap_days": "whole days, 0 or more",
    "min_weeks": "weeks, more than 0, or none",
    "dose_table": "a dose table of the knowledge, or none",
    "distinct_level": "agent, class or trial",
    "failure": "percent of improvement (more than 0, at most 100), switch, switch_N (N days), stop or any",
    "window_days": "whole days, 1 or more, or none",
    "augmentation": "a set of augmenting agents of the knowledge, or none",
    "episode_washout_days": "whole days, 0 or more, or ever",
    "needed": "a whole number, 1 or more",
}


def default_grid() -> Grid:
    """The shipped grid (``opentrd knowledge multiverse_default``): parameter -> values."""
    return _collected((row["parameter"], row["setting"]) for row in _default_rows())


def base_values() -> dict[str, str]:
    """The value of each parameter that a grid without this parameter uses."""
    return {row["parameter"]: row["setting"] for row in _default_rows() if row["is_base"]}


def read_grid(path: Path | str) -> Grid:
    """A grid from a CSV file (comma, semicolon or tab) with the columns ``parameter`` and ``value``, one row a value.

    A parameter that the file does not name keeps its one value of ``base_values``. Raises InputError, with file, row, field,
    value and what was expected, for a name or a value that is not known, a value given twice, and a grid that is too large.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            rows = list(csv.DictReader(stream, delimiter=max(",;\t", key=first.count), strict=True))
            header = rows[0].keys() if rows else next(csv.reader([first]), [])
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(
            f"{path}: the grid cannot be read ({problem}); expected a CSV file in UTF-8."
        ) from None
    if not {"parameter", "value"} <= {str(name) for name in header}:
        raise InputError(
            f"{path}, row 1: the header is {', '.join(str(name) for name in header) or '(empty)'}; "
            "expected the columns parameter and value."
        )
    given: list[tuple[str, str]] = []
    for number, row in enumerate(rows, 2):
        if None in row:
            raise InputError(
                f"{path}, row {number}: more cells than the header has; expected parameter,value."
            )
        cells = ((row["parameter"] or "").strip(), (row["value"] or "").strip())
        if cells == ("", ""):
            continue
        _check(*cells, where=f"{path}, row {number}")
        if (cells[0], _plain(cells[1])) in [(name, _plain(value)) for name, value in given]:
            raise InputError(
                f"{path}, row {number}, field value: {cells[1]!r} is given twice for {cells[0]}; expected each value once."
            )
        given.append(cells)
    if not given:
        raise InputError(f"{path}: the grid has no row; expected rows of parameter,value.")
    return complete(_collected(given), where=str(path))


def complete(grid: Mapping[str, Sequence[str]], where: str = "grid") -> Grid:
    """The grid with every parameter in it, values checked and in order. Raises InputError as ``read_grid`` does."""
    for name, values in grid.items():
        for value in values:
            _check(name, value, where=where)
        if len(set(values)) < len(values):
            raise InputError(
                f"{where}, field value: {name} has a value that is given twice; expected each once."
            )
        if not values:
            raise InputError(f"{where}, field parameter: {name} has no value; expected {EXPECTED[name]}.")
        if len(values) > MOST_VALUES:
            raise InputError(f"{where}: {name} has {len(values)} values; expected at most {MOST_VALUES}.")
    full = {
        name: sorted(grid.get(name, [base_values()[name]]), key=lambda value: _rank(name, value))
        for name in EXPECTED
    }
    longest = max(int(value) for value in full["max_gap_days"])
    for value in full["episode_washout_days"]:
        if value != "ever" and int(value) < longest:
            raise InputError(
                f"{where}, field value: {value} of episode_washout_days is shorter than {longest} of max_gap_days, so that a "
                f"pause inside a trial would end the episode; expected at least {longest}."
            )
    if "trial" in full["distinct_level"] and any(value.startswith("switch") for value in full["failure"]):
        raise InputError(
            f"{where}, field value: trial of distinct_level does not go with a switch as failure, because one trial may follow "
            "two of the same agent and is one switch; expected agent or class, or two grids."
        )
    if size(full) > MOST_VARIANTS:
        raise InputError(
            f"{where}: the grid has {size(full):,} variants; expected at most {MOST_VARIANTS:,}. Give fewer values, or two grids."
        )
    return full


def size(grid: Mapping[str, Sequence[str]]) -> int:
    """The number of variants."""
    return math.prod(len(values) for values in grid.values())


def inputs(grid: Mapping[str, Sequence[str]]) -> dict[str, pa.Table]:
    """The small tables of the schema ``multiverse`` that the SQL reads beside the chain's own: name -> rows."""
    rows = [
        {"parameter": name, "place": place, "value": value, **_reading(name, value)}
        for name, values in grid.items()
        for place, value in enumerate(values, 1)
    ]
    base = next(row for row in knowledge.table("definition").to_pylist() if row["definition"] == BASE)
    rules = knowledge.table("failure_rule").to_pylist()
    failing = next(row for row in rules if row["failure_rule"] == base["failure_rule"])
    exclusions = knowledge.table("definition_exclusion").to_pylist()
    sets = [row["condition_set"] for row in exclusions if row["definition"] == BASE]
    return {
        "grid": pa.Table.from_pylist(rows, _GRID_COLUMNS),
        "base": pa.table(
            {
                "agent_set": [base["agent_set"]],
                "min_depression_rows": pa.array([base["min_depression_rows"]], pa.int64()),
                # A stop for inefficacy says that the improvement stayed below this, percent.
                "inefficacy_below": pa.array([failing["max_improvement_pct"]], pa.float64()),
            }
        ),
        "exclusion": pa.table({"condition_set": pa.array(sets, pa.string())}),
    }


def _default_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = knowledge.table("multiverse_default").to_pylist()
    return rows


def _collected(pairs: Iterable[tuple[str, str]]) -> Grid:
    grid: Grid = {}
    for name, value in pairs:
        grid.setdefault(name, []).append(_plain(value))
    return grid


def _plain(value: str) -> str:
    """The value without leading zeros and the like, so that 6 and 06 are one value."""
    if not _NUMBER.fullmatch(value):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() else str(number)


def _reading(name: str, value: str) -> dict[str, float | str | None]:
    """How the SQL reads a value: its number (days, percent; null: no limit) and, of ``failure``, its basis."""
    number = float(value) if _NUMBER.fullmatch(value) else None
    if name == "min_weeks":
        return {"number": 0.0 if number is None else number * DAYS_A_WEEK, "basis": None}
    if name == "failure" and number is None:
        basis, _, within = value.partition("_")
        return {"number": float(within) if within else None, "basis": basis}
    return {"number": number, "basis": "improvement" if name == "failure" else None}


def _rank(name: str, value: str) -> tuple[float, str]:
    """The order of the values of a parameter: by number; no minimum comes first, no limit last."""
    number = _reading(name, value)["number"]
    if name in ("dose_table", "augmentation"):
        return (-math.inf if value == "none" else math.inf, value)
    if name == "failure":
        return (float(value), "") if _NUMBER.fullmatch(value) else (math.inf, value)
    return (number, "") if isinstance(number, float) else (math.inf, value)


def _check(name: str, value: str, where: str) -> None:
    if name not in EXPECTED:
        raise InputError(
            f"{where}, field parameter: {name or '(empty)'} is not known; expected one of {', '.join(EXPECTED)}."
        )
    if not _admitted(name, value):
        names = _known(name)
        listed = f" ({', '.join(names)})" if names else ""
        raise InputError(
            f"{where}, field value: {value or '(empty)'} is no value of {name}; expected {EXPECTED[name]}{listed}."
        )


def _admitted(name: str, value: str) -> bool:
    whole = int(value) if _WHOLE.fullmatch(value) else None
    percent = float(value) if _NUMBER.fullmatch(value) else None
    match name:
        case "max_gap_days":
            return whole is not None
        case "episode_washout_days":
            return whole is not None or value == "ever"
        case "needed":
            return whole is not None and whole >= 1
        case "window_days":
            return value == "none" or (whole is not None and whole >= 1)
        case "min_weeks":
            return value == "none" or (percent is not None and percent > 0)
        case "failure":
            return (percent is not None and 0 < percent <= 100) or bool(_FAILURE.fullmatch(value))
        case "distinct_level":
            return value in ("agent", "class", "trial")
        case _:
            return value == "none" or value in _known(name)


def _known(name: str) -> list[str]:
    if name == "dose_table":
        return sorted(knowledge.table("dose_table")["dose_table"].to_pylist())
    if name == "augmentation":
        roles = {row["agent"]: row["role"] for row in knowledge.table("agent").to_pylist()}
        members = knowledge.table("agent_set").to_pylist()
        return sorted({row["agent_set"] for row in members if roles.get(row["agent"]) == "augmenting"})
    return []
