"""The multiverse: one count-based definition of TRD in thousands of variants, counted in one pass.

Every combination of the values of a grid is one variant. Nothing is run per variant: each person is worked out once for all
neighbouring values that make no difference to them, their failures are tallied by bins of the grid's thresholds, and the
variants are read off a histogram of the tallies. See ``docs/multiverse.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from opentrd.assess import plan
from opentrd.engines import duckdb as embedded
from opentrd.grid import BASE, EXPECTED, Grid, base_values, complete, default_grid, inputs, read_grid, size

if TYPE_CHECKING:
    from opentrd.engines.base import Engine

__all__ = [
    "BASE", "EXPECTED", "Grid", "base_values", "complete", "default_grid", "inputs", "read_grid", "run", "run_on", "size", "steps",
]  # fmt: skip

# Persons worked out at a time: memory depends on this and not on the number of persons.
CHUNK = 5_000

_REFERENCE = re.compile(r"\bmultiverse\.([a-z_]+)", re.IGNORECASE)
_CHAIN = re.compile(r"\bassess\.([a-z_]+)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")


@cache
def steps() -> tuple[plan.Step, ...]:
    """The SQL files of the multiverse as steps, in an order in which each finds what it reads."""
    found: dict[str, plan.Step] = {}
    for path in sorted(plan.MULTIVERSE.glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        needs = frozenset(_REFERENCE.findall(_COMMENT.sub("", sql)))
        found[path.stem] = plan.Step(path.stem, path, sql, needs)
    graph = {name: sorted(step.needs & found.keys()) for name, step in found.items()}
    return tuple(found[name] for name in TopologicalSorter(graph).static_order())


def run(
    connection: duckdb.DuckDBPyConnection,
    grid: Mapping[str, Sequence[str]] | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    chunk: int = CHUNK,
    keep: bool = False,
) -> None:
    """Count every variant of the grid into ``assess.multiverse``, from ``record.*`` and ``knowledge.*`` of the connection.

    ``grid`` as of ``read_grid`` (default: the shipped one). The day up to which the record is read is that of the last run of
    the chain. Persons are worked out ``chunk`` at a time in a database of their own, ``variants``, which ``keep`` leaves there
    with the tables of the last chunk. Raises InputError for a grid that is not valid.
    """
    whole = complete(default_grid() if grid is None else grid)
    home = str(connection.execute("SELECT current_catalog()").fetchall()[0][0])
    day = connection.execute("SELECT max(as_of) FROM record.request").fetchall()[0][0]
    bounds = connection.execute(
        "SELECT min(person_id), max(person_id) FROM (SELECT person_id, (row_number() OVER (ORDER BY person_id) - 1) // ? AS part "
        "FROM record.person) GROUP BY part ORDER BY part",
        [chunk],
    ).fetchall()
    connection.execute("DETACH DATABASE IF EXISTS variants")
    connection.execute("ATTACH ':memory:' AS variants")
    try:
        connection.execute("USE variants")
        _load_inputs(connection, whole)
        _show(connection, home, "knowledge")
        for number, persons in enumerate(bounds or [("", "")]):
            if progress:
                progress(f"{size(whole):,} definitions, persons {number * chunk + 1:,} and on")
            _show(connection, home, "record", persons)
            embedded.run(connection, _beginning(), as_of=day)
            _count_chunk(connection, first=number == 0, keep=keep)
        connection.execute("CREATE OR REPLACE TABLE multiverse.person AS FROM multiverse.everyone")
        connection.execute("CREATE OR REPLACE TABLE multiverse.histogram AS FROM multiverse.total")
        _make(connection, next(step for step in steps() if step.table == "variant"))
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{home}".assess')
        connection.execute(f'CREATE OR REPLACE TABLE "{home}".assess.multiverse AS FROM multiverse.variant')
    finally:
        connection.execute(f'USE "{home}"')
        if not keep:
            connection.execute("DETACH variants")


def run_on(engine: Engine, grid: Mapping[str, Sequence[str]] | None = None) -> pa.Table:
    """The variants of the grid, counted on an engine that is not the embedded one and has run the chain there.

    All persons at a time, without chunks. Returns the rows of ``assess.multiverse``. Raises InputError as ``run`` does.
    """
    whole = complete(default_grid() if grid is None else grid)
    with duckdb.connect() as small:
        _load_inputs(small, whole)
        engine.load(small, "multiverse")
    for step in steps():
        engine.create("multiverse", step.table, step.sql, file=step.path.name)
    return engine.fetch("multiverse", "variant").read_all()


@cache
def _beginning() -> tuple[plan.Step, ...]:
    """The steps of the chain that the multiverse starts from, and what these need."""
    wanted = {name for step in steps() for name in _CHAIN.findall(_COMMENT.sub("", step.sql))}
    for step in reversed(plan.order()):
        if step.table in wanted:
            wanted |= step.needs
    return tuple(step for step in plan.order() if step.table in wanted)


def _load_inputs(connection: duckdb.DuckDBPyConnection, grid: Grid) -> None:
    connection.execute("CREATE SCHEMA multiverse")
    for name, table in inputs(grid).items():
        connection.register("multiverse_rows", table)
        connection.execute(f"CREATE TABLE multiverse.{name} AS FROM multiverse_rows")
        connection.unregister("multiverse_rows")


def _show(
    connection: duckdb.DuckDBPyConnection, home: str, schema: str, persons: tuple[str, str] | None = None
) -> None:
    """Views of the tables of a schema of ``home``; of those with persons only the ones between two ids."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    tables = connection.execute(
        "SELECT table_name, bool_or(column_name = 'person_id') FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name <> 'request' GROUP BY table_name",
        [home, schema],
    ).fetchall()
    for table, has_person in tables:
        where = ""
        if persons and has_person:
            first, last = (text.replace("'", "''") for text in persons)
            where = f" WHERE person_id BETWEEN '{first}' AND '{last}'"
        connection.execute(
            f'CREATE OR REPLACE VIEW {schema}."{table}" AS SELECT * FROM "{home}".{schema}."{table}"{where}'
        )


def _count_chunk(connection: duckdb.DuckDBPyConnection, *, first: bool, keep: bool) -> None:
    """From the persons of ``record.person`` to their histogram, added to ``multiverse.total``."""
    todo = [step for step in steps() if step.table != "variant"]
    for number, step in enumerate(todo):
        _make(connection, step)
        later = frozenset[str]({"person", "histogram"}).union(*(other.needs for other in todo[number + 1 :]))
        for done in todo[: number + 1] if not keep else ():
            if done.table not in later:
                connection.execute(f"DROP TABLE IF EXISTS multiverse.{done.table}")
    for table, total in (("histogram", "total"), ("person", "everyone")):
        begin = f"CREATE TABLE multiverse.{total} AS" if first else f"INSERT INTO multiverse.{total}"
        connection.execute(f"{begin} FROM multiverse.{table}")


def _make(connection: duckdb.DuckDBPyConnection, step: plan.Step) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE multiverse.{step.table} AS {step.sql}")
