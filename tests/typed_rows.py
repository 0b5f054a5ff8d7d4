"""A tiny reader: raw record rows (text) as the typed rows of the record, for the plain-Python reference.

Made for valid input only: it shares nothing with the normaliser, so that a mistake there does not repeat itself here.
"""

from __future__ import annotations

import calendar
from datetime import date
from functools import cache
from typing import Any

from opentrd import knowledge
from opentrd.record.schema import RAW_COLUMNS, RECORD_COLUMNS

Raw = dict[str, list[dict[str, str]]]
Row = dict[str, Any]


def interval(text: str) -> tuple[date | None, date | None]:
    """An ISO date to the day, the month or the year as [earliest, latest]."""
    if not text:
        return None, None
    parts = [int(part) for part in text.split("-")]
    year, month, day = [*parts, 0, 0][:3]
    first = date(year, month or 1, day or 1)
    last_month = month or 12
    last = date(year, last_month, day or calendar.monthrange(year, last_month)[1])
    return first, last


@cache
def _names(table: str, what: str) -> dict[str, str]:
    """Every written name or code, in lower case, and what it stands for."""
    found = {row[what]: row[what] for row in knowledge.table(table.replace("_code", _KIND[what])).to_pylist()}
    for row in knowledge.table(table).to_pylist():
        prefix = "" if row["system"] == "name" else f"{row['system']}:"
        found[prefix + row["code"]] = row[what]
    return {name.lower(): meaning for name, meaning in found.items()}


_KIND = {"agent": "", "procedure": "_kind", "condition": "_kind", "measure": ""}


def meaning(what: str, text: str) -> str:
    """The canonical name of an agent, procedure, condition or measure. Raises ``KeyError`` if unknown."""
    return _names(f"{what}_code", what)[text.strip().lower()]


def typed(raw: Raw) -> dict[str, list[Row]]:
    """The typed record rows of valid raw tables, with ``kept``."""
    found: dict[str, list[Row]] = {name: [] for name in RECORD_COLUMNS}
    found["kept"] = [{"table_name": table} for table in sorted(raw)]
    for table, rows in raw.items():
        seen: set[tuple[tuple[str, str], ...]] = set()
        for row in rows:
            cells = {name: row.get(name, "") for name in RAW_COLUMNS[table]}
            key = tuple(cells.items())
            if key not in seen:
                seen.add(key)
                found[table].append(_typed_row(table, cells))
    return found


def _typed_row(table: str, cells: dict[str, str]) -> Row:
    plain = table in ("observation_period", "coverage")
    row: Row = {}
    for name, text in cells.items():
        target = "table_name" if name == "table" else name
        if name in ("agent", "procedure", "condition", "measure"):
            row[name] = meaning(name, text)
        elif name.endswith("date"):
            early, late = interval(text)
            if plain:
                row[name] = early
            else:
                stem = {"birth_date": "birth", "end_date": "end", "start_date": "start"}.get(name)
                stem = stem or ("date" if table == "measurement" else "start")
                row[f"{stem}_earliest"], row[f"{stem}_latest"] = early, late
        elif target in RECORD_COLUMNS[table]:
            row[target] = _value(text, RECORD_COLUMNS[table][target])
    if table == "condition":
        row["course"] = _course(cells)
    if table in ("condition", "procedure") and row["present"] is None:
        row["present"] = True
    if table == "measurement" and row["sign"] is None:
        row["sign"] = "="
    if table == "exposure" and cells["end_date"]:
        row["ongoing"] = None
    return row


def _course(cells: dict[str, str]) -> str:
    if not cells["end_date"]:
        return "open"
    return "point" if cells["end_date"] == cells["start_date"] else "span"


def _value(text: str, kind: str) -> Any:
    if not text:
        return None
    if kind == "BOOLEAN":
        return text.lower() in ("true", "yes", "1")
    if kind == "BIGINT":
        return int(text)
    return float(text) if kind == "DOUBLE" else text
