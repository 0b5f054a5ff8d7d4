"""Read the knowledge CSVs into Arrow tables and load them into the schema ``knowledge`` of a DuckDB connection."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from opentrd.knowledge.schema import MODELS, Fact

TABLES = Path(__file__).parent / "tables"

_WHOLE = r"^-?[0-9]+$"
_NUMBER = r"^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_TRUTH = r"^(true|false)$"
_ARROW = {float: pa.float64(), int: pa.int64(), bool: pa.bool_()}


def tables(folder: Path = TABLES) -> list[str]:
    """The names of all knowledge tables, sorted."""
    return sorted(path.stem for path in folder.glob("*.csv"))


def table(name: str) -> pa.Table:
    """One knowledge table with typed columns; an empty cell is null (``''`` where the schema says text is never null).

    Raises ``KeyError`` with the known names when there is no such table.
    """
    return _read(name, TABLES)


def load_into(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the schema ``knowledge`` with every table in it, replacing what an earlier load left there."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS knowledge")
    for name in tables():
        connection.register("knowledge_rows", table(name))
        connection.execute(f'CREATE OR REPLACE TABLE knowledge."{name}" AS FROM knowledge_rows')
        connection.unregister("knowledge_rows")


def search(text: str, table: str | None = None) -> list[dict[str, Any]]:
    """Rows with a cell that contains ``text`` (case does not matter), each with its table under ``table``.

    With ``table`` given only that table is searched. Raises ``KeyError`` when there is no such table.
    """
    wanted = text.strip().lower()
    found: list[dict[str, Any]] = []
    for name in tables() if table is None else [table]:
        for row in _read(name, TABLES).to_pylist():
            if any(wanted in str(value).lower() for value in row.values() if value is not None):
                found.append({"table": name, **row})
    return found


def digest() -> str:
    """The SHA-256 over the names and bytes of all tables: two runs with the same digest knew the same facts."""
    sum_ = hashlib.sha256()
    for name in tables():
        content = (TABLES / f"{name}.csv").read_bytes()
        sum_.update(f"{name}\0{len(content)}\0".encode() + content)
    return sum_.hexdigest()


@cache
def _read(name: str, folder: Path) -> pa.Table:
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise KeyError(f"no knowledge table {name!r}; there are: {', '.join(tables(folder))}")
    text = read_text_columns(path)
    model = MODELS.get(name)
    columns = {
        column: _by_schema(values, model, column) if model else _by_content(values)
        for column, values in zip(text.column_names, text.columns, strict=True)
    }
    return pa.table(columns)


def read_text_columns(path: Path) -> pa.Table:
    """All cells of a CSV as text, an empty cell as null."""
    with path.open(encoding="utf-8", newline="") as file:
        names = file.readline().rstrip("\r\n").split(",")
    return csv.read_csv(
        path,
        convert_options=csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True),
    )


def column_kind(model: type[Fact], column: str) -> tuple[type, bool]:
    """The Python type of a column and whether an empty cell is null, by the annotation in the schema."""
    for field_name, field in model.model_fields.items():
        if column in (field_name, field.alias):
            kinds = get_args(field.annotation) or (field.annotation,)
            nullable = NoneType in kinds
            first = next(kind for kind in kinds if kind is not NoneType)
            return (first if first in _ARROW and get_origin(field.annotation) is None or nullable else str), nullable
    return str, True


def _by_schema(values: pa.ChunkedArray, model: type[Fact], column: str) -> pa.ChunkedArray:
    kind, nullable = column_kind(model, column)
    if kind in _ARROW:
        return values.cast(_ARROW[kind])
    return values if nullable else values.fill_null("")


def _by_content(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Type a column of a table without a schema by what all its filled cells look like."""
    filled = values.drop_null()
    if len(filled) == 0:
        return values
    for pattern, kind in ((_WHOLE, pa.int64()), (_NUMBER, pa.float64()), (_TRUTH, pa.bool_())):
        if pc.all(pc.match_substring_regex(filled, pattern)).as_py():
            return values.cast(kind)
    return values
