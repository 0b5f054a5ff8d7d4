"""PostgreSQL: the assessment runs in schemas of its own on the server; only result tables come back."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from opentrd.engines.base import Engine
from opentrd.record.raw import InputError

_TYPES = {
    "VARCHAR": 'TEXT COLLATE "C"', "BIGINT": "BIGINT", "HUGEINT": "BIGINT", "INTEGER": "BIGINT",
    "DOUBLE": "DOUBLE PRECISION", "DATE": "DATE", "BOOLEAN": "BOOLEAN",
}  # fmt: skip
_BATCH_ROWS = 100_000
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")
# For this session only. Compiling the many short statements would take longer than running them; and inside a long
# statement the planner guesses few rows, and then compares each with each or merges on the definition alone (5,000
# persons: 328 million comparisons), where a hash of all the columns that have to be equal is quick.
SETTINGS = (
    "SET client_min_messages = warning",
    "SET jit = off",
    "SET enable_nestloop = off",
    "SET enable_mergejoin = off",
    "SET work_mem = '64MB'",
)


class Postgres(Engine):
    """A PostgreSQL server.

    ``address`` is ``postgresql://user@host:port/database``; a password is better kept in ``PGPASSWORD`` or
    ``~/.pgpass`` than in the address. Tables go into the schemas ``<schema>_record``, ``<schema>_knowledge`` and
    ``<schema>_assess``, which must not be there yet. Without ``schema`` a name is drawn and the schemas are dropped at
    the end; with it, or with ``keep``, they stay. Nothing else on the server is touched.
    Raises InputError when the driver is missing or the server cannot be reached or used.
    """

    name = "postgres"
    dialect = "postgres"

    def __init__(self, address: str, *, schema: str | None = None, keep: bool | None = None) -> None:
        super().__init__()
        if schema is not None and not _NAME.fullmatch(schema):
            raise InputError(
                f"The schema name {schema!r} is not usable; give up to 40 lower-case letters, digits and _."
            )
        self.prefix = schema or f"opentrd_{uuid.uuid4().hex[:12]}"
        self.keep = schema is not None if keep is None else keep
        self._made: set[str] = set()
        self._address = address
        try:
            from adbc_driver_manager import Error
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise InputError(
                'PostgreSQL needs a driver that is not installed: pip install "opentrd[postgres]".'
            ) from None
        self._error: type[Exception] = Error
        with self._explained("connecting"):
            self._connection: Any = dbapi.connect(address, autocommit=True)
        for setting in SETTINGS:
            self.execute(setting)
        encoding = self.rows("SELECT current_setting('server_encoding')")[0][0]
        if encoding != "UTF8":
            self._connection.close()
            raise InputError(
                f"The PostgreSQL database is encoded in {encoding}; OpenTRD needs one in UTF8, where text sorts by code point."
            )

    def execute(self, statement: str) -> None:
        """Run one statement that gives no rows, in PostgreSQL's dialect."""
        with self._explained("running a statement"), self._connection.cursor() as cursor:
            cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in PostgreSQL's dialect."""
        with self._explained("running a query"), self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def place(self, schema: str, table: str) -> tuple[str | None, str]:
        """``assess.verdict`` lies in ``<schema>_assess.verdict``."""
        return f"{self.prefix}_{schema}", table

    def fetch(self, schema: str, table: str) -> pa.RecordBatchReader:
        """The rows of a table, in no order."""
        with self._explained(f"reading {schema}.{table}"), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self._named(schema, table)}")
            rows = cursor.fetch_arrow_table()
        return rows.to_reader()

    def close(self) -> None:
        """Drop the schemas of this run, unless they are to stay, and close the connection."""
        if self._connection is None:
            return
        try:
            for schema in sorted(() if self.keep else self._made):
                self.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        finally:
            self._connection.close()
            self._connection = None

    def _named(self, schema: str, table: str) -> str:
        return ".".join(f'"{part}"' for part in self.place(schema, table))

    def _schema(self, schema: str) -> None:
        name = f"{self.prefix}_{schema}"
        if name in self._made:
            return
        if self.rows(f"SELECT 1 FROM information_schema.schemata WHERE schema_name = '{name}'"):
            raise InputError(
                f"The PostgreSQL schema {name} is there already and OpenTRD does not write into it; "
                "give another name, or drop it."
            )
        self.execute(f'CREATE SCHEMA "{name}"')
        self._made.add(name)

    def _create(self, schema: str, table: str, sql: str, view: bool) -> None:
        self._schema(schema)
        named = self._named(schema, table)
        with self._explained(f"making {schema}.{table}"), self._connection.cursor() as cursor:
            if table in self.types.get(schema, {}):
                cursor.execute(f"DROP {'VIEW' if view else 'TABLE'} {named} CASCADE")
            cursor.execute(f"CREATE {'VIEW' if view else 'UNLOGGED TABLE'} {named} AS\n{sql}")
            if not view:
                cursor.execute(f"ANALYZE {named}")  # the planner knows nothing of a new table

    def _load(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: dict[str, str]
    ) -> None:
        self._schema(schema)
        named = self._named(schema, table)
        typed = ", ".join(f'"{column}" {_TYPES[kind]}' for column, kind in columns.items())
        chosen = ", ".join(
            f'CAST("{column}" AS {"BIGINT" if _TYPES[kind] == "BIGINT" else kind}) AS "{column}"'
            for column, kind in columns.items()
        )
        with self._explained(f"loading {schema}.{table}"), self._connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {named} CASCADE")
            cursor.execute(f"CREATE UNLOGGED TABLE {named} ({typed})")
            rows = connection.sql(f"SELECT {chosen} FROM {schema}.{table}").to_arrow_reader(_BATCH_ROWS)
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=f"{self.prefix}_{schema}")
            cursor.execute(f"ANALYZE {named}")

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Turn the driver's error into a message without password and without data."""
        try:
            yield
        except self._error as problem:
            said = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
            raise InputError(
                f"PostgreSQL ({_shown(self._address)}), {doing}: {_without_secrets(said, self._address)}"
            ) from None


def _shown(address: str) -> str:
    """Host and database of an address, without user and password."""
    try:
        parts = urlsplit(address)
        return f"{parts.hostname or 'local'}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "the address given"


def _without_secrets(text: str, address: str) -> str:
    try:
        password = urlsplit(address).password
    except ValueError:
        password = None
    text = text.replace(address, "the address given")
    text = text.replace(password, "(password)") if password else text
    return re.sub(r"(postgres(?:ql)?://)\S+", r"\1...", re.sub(r"password=\S+", "password=...", text))
