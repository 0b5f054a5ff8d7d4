"""Where readers put what they read: text tables in one DuckDB connection, and the list of what was unread."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from opentrd.knowledge.arrays import text_table
from opentrd.record.schema import ORIGIN_COLUMNS, RAW_COLUMNS, READER_COLUMNS, RECORD_COLUMNS

_opened = itertools.count(1)


class InputError(Exception):
    """The input cannot be read at all. The message names what, where, what was expected and what to do."""


def connect(path: str = ":memory:", *, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open an embedded DuckDB that fetches nothing at run time, with empty ``raw`` and ``record`` schemas."""
    # What does not fit into memory must not be left in the folder that somebody happens to work in.
    spill = Path(tempfile.gettempdir()) / f"opentrd-{os.getpid()}-{next(_opened)}"
    connection = duckdb.connect(
        path,
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(spill),
        },
    )
    if memory_limit:
        connection.execute(f"SET memory_limit = '{memory_limit}'")
    # Progress is shown by the command, not by the database in the middle of its output.
    connection.execute("SET enable_progress_bar = false")
    create_raw_tables(connection)
    return connection


def raw_columns(table: str) -> tuple[str, ...]:
    """All columns of ``raw.<table>``: the contract's, the reader's own, and where the row came from."""
    return RAW_COLUMNS[table] + READER_COLUMNS.get(table, ()) + ORIGIN_COLUMNS


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty raw tables, ``raw.kept``, ``raw.row_name`` and ``record.unread``."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw; CREATE SCHEMA IF NOT EXISTS record")
    for table in RAW_COLUMNS:
        columns = ", ".join(f'"{name}" VARCHAR' for name in raw_columns(table))
        connection.execute(f"CREATE TABLE IF NOT EXISTS raw.{table} ({columns})")
    connection.execute("CREATE TABLE IF NOT EXISTS raw.kept (table_name VARCHAR)")
    # Rows of which the record's id is not the one that the source gives: where they stand.
    connection.execute(
        "CREATE TABLE IF NOT EXISTS raw.row_name (table_name VARCHAR, row_id VARCHAR, source VARCHAR, source_row VARCHAR)"
    )
    unread = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS["unread"].items())
    connection.execute(f"CREATE TABLE IF NOT EXISTS record.unread ({unread})")


def append_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, str | None]]
) -> None:
    """Append rows (column -> text) to ``raw.<table>``; a column that a row does not name is not known."""
    if not rows:
        return
    columns = raw_columns(table)
    unknown = {name for row in rows for name in row} - set(columns)
    if unknown:
        raise KeyError(f"raw.{table} has no column {sorted(unknown)}")
    batch = text_table({name: [row.get(name) for row in rows] for name in columns})
    connection.register("raw_batch", batch)
    connection.execute(f"INSERT INTO raw.{table} SELECT * FROM raw_batch")
    connection.unregister("raw_batch")


def keep(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Say which tables the source keeps: for these, no row means *not recorded* instead of *not known*."""
    for table in tables:
        connection.execute("INSERT INTO raw.kept VALUES (?)", [table])


def note_unread(
    connection: duckdb.DuckDBPyConnection,
    notes: Sequence[tuple[str, str, str, str, str]],
) -> None:
    """Add notes (source, row, field, value, reason) on what was not understood."""
    if notes:
        connection.executemany("INSERT INTO record.unread VALUES (?, ?, ?, ?, ?)", notes)


def create_record_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty typed tables ``record.*`` in the current database of the connection."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS record")
    for table, columns in RECORD_COLUMNS.items():
        typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS record.{table} ({typed})")
