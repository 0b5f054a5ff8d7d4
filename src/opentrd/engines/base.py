"""What every engine that is not the embedded one can do: take a record in, run the steps, give tables back."""

from __future__ import annotations

import datetime as dt
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa

from opentrd.assess.plan import Step
from opentrd.engines.translate import Types, translate, types_of

# What was not understood stays with the reader; no step reads it.
_NOT_LOADED = frozenset({"unread", "request"})


class Engine(ABC):
    """A database other than the embedded one: tables by schema (``record``, ``knowledge``, ``assess``) and name.

    ``types`` knows the columns of every table that was made. Use it as a context manager: leaving it removes what it
    made, unless it was asked to keep it.
    """

    name: str
    dialect: str

    def __init__(self) -> None:
        self.types: Types = {}

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self, connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
        """Copy the tables of these schemas (``record`` and ``knowledge``) of an embedded database into the engine."""
        for schema, tables in types_of(connection, *(schemas or ("record", "knowledge"))).items():
            for table, columns in tables.items():
                if table not in _NOT_LOADED:
                    self._load(connection, schema, table, columns)
                    self.types.setdefault(schema, {})[table] = columns

    def create(
        self,
        schema: str,
        table: str,
        sql: str,
        *,
        file: str,
        view: bool = False,
        functions: frozenset[str] = frozenset(),
    ) -> None:
        """Make a table (or a view) from a SELECT in DuckDB's dialect, replacing one that this run made before.

        ``file`` is named in errors, ``functions`` admits more functions than the assessment uses (see ``translate``).
        Raises NotTranslatedError when the engine has no equal statement.
        """
        made = translate(sql, self.dialect, self.types, file=file, place=self.place, functions=functions)
        self._create(schema, table, made.sql, view)
        self.types.setdefault(schema, {})[table] = made.columns

    def run(
        self,
        steps: Iterable[Step],
        *,
        as_of: dt.date | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> dict[str, float]:
        """Run the steps in order, each into ``assess.<table>``; return the seconds each took.

        ``record.*`` and ``knowledge.*`` must be there. ``as_of`` is the day up to which the record is read.
        """
        day = "NULL" if as_of is None else f"'{as_of.isoformat()}'"
        self.create("record", "request", f"SELECT CAST({day} AS DATE) AS as_of", file="request")
        seconds: dict[str, float] = {}
        for step in steps:
            if progress:
                progress(step.table)
            began = time.perf_counter()
            self.create("assess", step.table, step.sql, file=step.path.name, view=step.kind == "VIEW")
            seconds[step.table] = round(time.perf_counter() - began, 4)
        return seconds

    def bring(
        self,
        connection: duckdb.DuckDBPyConnection,
        steps: Iterable[Step],
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Copy the tables of these steps into ``assess`` of an embedded database; a view there stays a view.

        What an earlier run left in ``assess`` is dropped: results of two runs never stand side by side.
        """
        connection.execute("DROP SCHEMA IF EXISTS assess CASCADE; CREATE SCHEMA assess")
        for step in steps:
            if progress:
                progress(f"{step.table} (reading back)")
            view = step.kind == "VIEW"
            name = f"brought_{step.table}" if view else step.table
            columns = ", ".join(
                f'CAST("{column}" AS {kind}) AS "{column}"'
                for column, kind in self.types["assess"][step.table].items()
            )
            connection.register("brought_rows", self.fetch("assess", step.table))
            connection.execute(f"CREATE OR REPLACE TABLE assess.{name} AS SELECT {columns} FROM brought_rows")
            connection.unregister("brought_rows")
            if view:
                connection.execute(f"CREATE OR REPLACE VIEW assess.{step.table} AS FROM assess.{name}")

    def expose(self, schema: str, table: str, select: str, columns: Mapping[str, str]) -> None:
        """Make a view from a SELECT in the engine's own dialect, of tables that are not this run's.

        ``columns`` are its columns with their types, as DuckDB names types. Text has to compare by code point.
        """
        self._create(schema, table, select, True)
        self.types.setdefault(schema, {})[table] = dict(columns)

    @abstractmethod
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in the engine's own dialect."""

    @abstractmethod
    def place(self, schema: str, table: str) -> tuple[str | None, str]:
        """Where a table lies on the engine: its schema there (or None) and its name."""

    @abstractmethod
    def fetch(self, schema: str, table: str) -> pa.RecordBatchReader:
        """The rows of a table, in no order."""

    @abstractmethod
    def close(self) -> None:
        """Remove what this run made (unless it was asked to stay) and let go of the engine."""

    @abstractmethod
    def _create(self, schema: str, table: str, sql: str, view: bool) -> None:
        """Make a table or a view from a SELECT in the engine's own dialect."""

    @abstractmethod
    def _load(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: dict[str, str]
    ) -> None:
        """Copy one table of an embedded database into the engine."""
