"""The tables of a comparison as files: Parquet and CSV, with hidden counts empty and named."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from opentrd.report.suppress import Cell

Row = Mapping[str, Any]
# Spreadsheets run a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
HIDDEN = "hidden"


def plain(row: Row) -> dict[str, Any]:
    """A row with counts as numbers, and ``hidden`` naming those that may not be shown, with their mark."""
    made: dict[str, Any] = {}
    hidden = []
    for name, value in row.items():
        if isinstance(value, Cell):
            made[name] = value.value
            if value.hidden:
                hidden.append(f"{name} {value.text}")
        elif isinstance(value, list):
            made[name] = "; ".join(str(part) for part in value)
        else:
            made[name] = value
    made[HIDDEN] = "; ".join(hidden)
    return made


def write_table(folder: Path, name: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write ``name.parquet`` and ``name.csv``; ``columns`` are those of a table without rows."""
    lines = [plain(row) for row in rows]
    header = list(lines[0]) if lines else [*columns, HIDDEN]
    fields = [pa.field(column, _kind([line[column] for line in lines])) for column in header]
    table = pa.Table.from_pylist(lines, schema=pa.schema(fields))
    pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([[_cell(line[column]) for column in header] for line in lines])


def _kind(values: Sequence[Any]) -> pa.DataType:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return pa.bool_()
    if known and all(isinstance(value, int) for value in known):
        return pa.int64()
    if not known or all(isinstance(value, int | float) for value in known):
        return pa.float64()
    return pa.string()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
