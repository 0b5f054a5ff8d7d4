"""The embedded engine: DuckDB. Runs the assessment's SQL where the record lies. Knows nothing clinical."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from opentrd.assess.plan import Step


def run(
    connection: duckdb.DuckDBPyConnection,
    steps: Iterable[Step],
    *,
    as_of: dt.date | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Run the steps in order, each into ``assess.<table>``; return the seconds each took.

    ``record.*`` and ``knowledge.*`` must be there. ``as_of`` is the day up to which the record is read.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS assess")
    connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [as_of])
    seconds: dict[str, float] = {}
    for step in steps:
        if progress:
            progress(step.table)
        began = time.perf_counter()
        connection.execute(f"CREATE OR REPLACE {step.kind} assess.{step.table} AS {step.sql}")
        seconds[step.table] = round(time.perf_counter() - began, 4)
    return seconds


def run_in_chunks(
    connection: duckdb.DuckDBPyConnection,
    steps: Iterable[Step],
    *,
    size: int,
    keep: Iterable[str],
    as_of: dt.date | None = None,
    progress: Callable[[str], None] | None = None,
    into: Path | None = None,
) -> dict[str, float]:
    """Run the steps for ``size`` persons at a time, so that memory does not grow with the population.

    Only the tables named in ``keep`` stay, in ``assess.<table>`` or, with ``into``, as Parquet parts
    ``<into>/<table>/<chunk>.parquet``; what lies between them goes with its chunk. Returns seconds per table, summed.
    """
    kept, chain = tuple(keep), tuple(steps)
    home = str(connection.execute("SELECT current_catalog()").fetchall()[0][0])
    connection.execute("CREATE SCHEMA IF NOT EXISTS assess")
    connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [as_of])
    connection.execute("CREATE OR REPLACE TEMP TABLE chunk_person AS " + _CHUNKS, [size])
    bounds = connection.execute(
        "SELECT chunk, min(person_id), max(person_id) FROM chunk_person GROUP BY chunk ORDER BY chunk"
    ).fetchall()
    seconds: dict[str, float] = {}
    connection.execute("ATTACH ':memory:' AS chunk")
    try:
        connection.execute("USE chunk")
        _copy_schema(connection, home, "knowledge")
        for number, first, last in bounds:
            if progress:
                progress(f"persons {number * size + 1:,} and on")
            _copy_schema(connection, home, "record", (first, last))
            for table, took in run(connection, chain, as_of=as_of).items():
                seconds[table] = round(seconds.get(table, 0) + took, 4)
            for table in kept:
                _keep(connection, home, table, number, into)
    finally:
        connection.execute(f"USE {home}")
        connection.execute("DETACH chunk")
    return seconds


# Chunks in the order of the ids: neighbours in a file are neighbours in a chunk.
_CHUNKS = """
SELECT person_id, CAST((row_number() OVER (ORDER BY person_id) - 1) // CAST(? AS BIGINT) AS BIGINT) AS chunk FROM record.person
"""


def _copy_schema(
    connection: duckdb.DuckDBPyConnection, home: str, schema: str, persons: tuple[str, str] | None = None
) -> None:
    """Copy the tables of a schema from the home database; of tables with a person id only those between two ids."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    columns = connection.execute(
        "SELECT table_name, max(CASE WHEN column_name = 'person_id' THEN 1 ELSE 0 END) FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? GROUP BY table_name",
        [home, schema],
    ).fetchall()
    for table, has_person in columns:
        if table == "unread":
            continue
        where = " WHERE person_id BETWEEN ? AND ?" if has_person and persons else ""
        connection.execute(
            f'CREATE OR REPLACE TABLE {schema}."{table}" AS SELECT * FROM {home}.{schema}."{table}"{where}',
            list(persons or ()) if where else [],
        )


def _keep(
    connection: duckdb.DuckDBPyConnection, home: str, table: str, number: int, into: Path | None
) -> None:
    """Take one result table of a chunk home: the first makes the table, the others are added to it."""
    if into is not None:
        (into / table).mkdir(parents=True, exist_ok=True)
        connection.table(f"assess.{table}").write_parquet(
            str(into / table / f"{number:05d}.parquet"), compression="zstd"
        )
    elif number == 0:
        connection.execute(f"CREATE OR REPLACE TABLE {home}.assess.{table} AS FROM assess.{table}")
    else:
        connection.execute(f"INSERT INTO {home}.assess.{table} FROM assess.{table}")
