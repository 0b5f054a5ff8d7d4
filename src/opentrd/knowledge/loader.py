"""Read the knowledge CSVs into Arrow tables and load them into the schema ``knowledge`` of DuckDB."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from opentrd.knowledge.arrays import text_array

TABLES = Path(__file__).parent / "tables"

# Columns whose type must not depend on the values that happen to stand in them. ``check`` holds both sets
# against the annotations of the schema; all other columns are typed by what their filled cells look like.
DOUBLE_COLUMNS = frozenset(
    {
        "min_dose_mg", "factor", "min_value", "max_value", "max_improvement_pct", "at_least", "value",
        "estimate", "ci_low", "ci_high", "ci_level", "p_value", "i2", "value_low", "value_high", "duration_weeks",
        "response_threshold_pct", "response_pct", "remission_pct", "baseline_mean", "baseline_sd", "change_mean", "change_sd",
        "difference_low", "difference_high",
        "above", "up_to", "below", "sensitivity", "specificity", "score_from", "score_to", "score_factor", "above_mg", "from_age",
        "divisor", "plus", "max_dose_mg", "open_from",
    }
)  # fmt: skip
# Whole numbers and truths, also of a table that has no row yet.
WHOLE_COLUMNS = frozenset({"needed", "min_depression_rows", "failed_trials_required"})
TRUTH_COLUMNS = frozenset(
    {"strictly", "strict_order", "uses_dose_eras", "includes_threshold", "arms_complete", "printed_inconsistent", "significant",
     "ranked", "is_sum", "avoid", "consider_alternative", "slower_titration", "measure_level", "actionable", "low_open", "high_open"}
)  # fmt: skip
# Numbers of a definition that may also be ``none`` (not part of it), and numbers that are names: always text.
TEXT_COLUMNS = frozenset(
    {
        "min_days", "min_adherence", "at_most", "window_days", "min_improvement_pct", "max_next_days",
        "max_issues_before", "max_issues_after", "max_issues_total", "pmid", "number_in_text",
    }
)  # fmt: skip
# Text columns in which an empty cell says "none" and not "not known": it stays the empty text.
EMPTY_TEXT_COLUMNS = frozenset({"form", "thase_rush_class", "read_in"})

# What is known of studies and of the tools that judge them: the evidence wing reads it, no assessment does, so a
# database or a script of an assessment does not carry it.
EVIDENCE_TABLES = frozenset(
    {
        "study", "arm", "effect", "claim", "citation", "notice", "bias_judgement", "pool_question", "pool_member",
        "tool", "tool_item", "tool_rule", "unmasking", "important_difference",
    }
)  # fmt: skip

_WHOLE = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTH = re.compile(r"true|false")


def tables(folder: Path = TABLES) -> list[str]:
    """The names of all knowledge tables, sorted."""
    return sorted(path.stem for path in folder.glob("*.csv"))


def assessment_tables(folder: Path = TABLES) -> list[str]:
    """The names of the tables that an assessment asks, sorted: all but ``EVIDENCE_TABLES``."""
    return [name for name in tables(folder) if name not in EVIDENCE_TABLES]


def table(name: str) -> pa.Table:
    """One knowledge table with typed columns; an empty cell is null, except in ``EMPTY_TEXT_COLUMNS``.

    Raises ``KeyError`` with the known names when there is no such table.
    """
    return _typed(name, TABLES)


def load_into(connection: duckdb.DuckDBPyConnection, facts: Mapping[str, pa.Table] | None = None) -> None:
    """Create the schema ``knowledge`` with every table of an assessment, replacing what an earlier load left there.

    ``facts``: the tables by name (default: the shipped ones; ``opentrd.knowledge.own`` adds to them).
    """
    rows = {name: table(name) for name in assessment_tables()} if facts is None else facts
    names = list(rows)
    for name in names:
        connection.register(f"knowledge_rows_{name}", rows[name])
    statements = [f"CREATE OR REPLACE TABLE knowledge.{name} AS FROM knowledge_rows_{name}" for name in names]
    connection.execute("; ".join(["CREATE SCHEMA IF NOT EXISTS knowledge", *statements]))
    for name in names:
        connection.unregister(f"knowledge_rows_{name}")


def search(text: str, table: str | None = None) -> list[dict[str, Any]]:
    """Rows with a cell that contains ``text`` (case does not matter), each with its table under ``table``.

    With ``table`` given only that table is searched. Raises ``KeyError`` when there is no such table.
    """
    wanted = text.strip().lower()
    found: list[dict[str, Any]] = []
    for name in tables() if table is None else [table]:
        for row in _typed(name, TABLES).to_pylist():
            if any(wanted in str(value).lower() for value in row.values() if value is not None):
                found.append({"table": name, **row})
    return found


def digest() -> str:
    """The SHA-256 over the names and bytes of all tables: runs with the same digest knew the same facts."""
    total = hashlib.sha256()
    for name in tables():
        content = (TABLES / f"{name}.csv").read_bytes()
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def read_cells(name: str, folder: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of one CSV, as text.

    Raises ``KeyError`` when there is no such table and ``ValueError`` when the number of cells in a row is
    not that of the header.
    """
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise KeyError(f"there is no knowledge table {name!r}; the tables are: {', '.join(tables(folder))}")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        rows = [row for row in reader if row]
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"{name}.csv, row {number}: {len(row)} cells, but the header has {len(header)}")
    return header, rows


@cache
def _typed(name: str, folder: Path) -> pa.Table:
    header, rows = read_cells(name, folder)
    cells = zip(*rows, strict=True) if rows else [()] * len(header)
    columns = [_column(column, values) for column, values in zip(header, cells, strict=True)]
    return pa.Table.from_arrays(columns, names=header)


def _column(column: str, cells: Sequence[str]) -> pa.Array:
    if column in EMPTY_TEXT_COLUMNS:
        return text_array(cells)
    text = text_array([cell or None for cell in cells])
    kind = _kind(column, [cell for cell in cells if cell])
    return text if kind == pa.string() else text.cast(kind)


def _kind(column: str, filled: Sequence[str]) -> pa.DataType:
    if column in TEXT_COLUMNS:
        return pa.string()
    if column in WHOLE_COLUMNS:
        return pa.int64()
    if column in TRUTH_COLUMNS:
        return pa.bool_()
    if column in DOUBLE_COLUMNS:
        return pa.float64()
    if filled and _all(_NUMBER, filled):
        return pa.int64() if _all(_WHOLE, filled) else pa.float64()
    return pa.bool_() if filled and _all(_TRUTH, filled) else pa.string()


def _all(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return all(pattern.fullmatch(cell) for cell in cells)
