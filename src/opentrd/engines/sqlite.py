"""SQLite, from Python's standard library: the assessment of few persons in milliseconds. Knows nothing clinical.

For one patient DuckDB spends its time on planning the many statements, not on running them; SQLite keeps them prepared.
The same SQL files run, translated once per process. Every thread has a database of its own, in memory; it holds the
rows of the last record until the next one comes.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from opentrd import knowledge
from opentrd.assess.plan import FOLDER, SETTLED, leading_to, order, steps
from opentrd.engines.sqlite_types import STORED_AS, days
from opentrd.record.raw import InputError
from opentrd.record.schema import RECORD_COLUMNS

if TYPE_CHECKING:
    from opentrd.engines.translate import Types

# FULL JOIN came with it.
MINIMUM_VERSION = (3, 39, 0)
# Above these DuckDB is faster (bench/one_patient.py --crossover measures it). The rows of possible worlds may be more,
# because DuckDB would have to run twice for them.
MOST_PERSONS = 50
MOST_ROWS = 800
MOST_WORLD_ROWS = 1_500

# Stands before the name of a table that the possible worlds have too: nothing is put there, or their name.
PLACE = "@"

RESULTS = ("episode", "trial", "judgement", "verdict", "stage")
_COUNTED = ("exposure", "measurement", "condition", "procedure")
_POSSIBLE = "possible."
_COMMENT = re.compile(r"--[^\n]*")
_READS_RECORD = re.compile(r"\brecord\.")
_ALIAS = re.compile(r'"((?:assess|knowledge)\.[a-z_]+)" AS "([a-z_]+)"')
_AUTOMATIC = re.compile(r"SEARCH (\w+) USING AUTOMATIC (?:PARTIAL )?(?:COVERING )?INDEX \((.*)\)")
_INSERT = re.compile(r"INSERT INTO record\.\w+\s")
# Columns by which rows of one person are looked up; the index of a table has the first two it has.
_LOOKED_UP = (
    "definition_no",
    "definition",
    "instrument",
    "agent",
    "table_name",
    "measure",
    "condition",
    "treatment",
)
_ARROW = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32(), "BOOLEAN": pa.bool_(),
}  # fmt: skip

Rows = list[tuple[Any, ...]]
Facts = Mapping[str, pa.Table]


class TooManyWorlds(Exception):
    """The questions of a record make more possible worlds than SQLite is the faster engine for."""


@dataclass(frozen=True)
class _Fill:
    """One table and the INSERT that fills it; ``possible`` is the same over the possible worlds."""

    table: str
    insert: str
    possible: str

    @classmethod
    def of(cls, table: str, columns: Iterable[str], select: str) -> _Fill:
        insert = f'INSERT INTO "{table}" ({_named(columns)})\n{select}'
        home, possible = (insert.replace(f'"{PLACE}', f'"{place}') for place in ("", _POSSIBLE))
        return cls(table.replace(PLACE, ""), home, possible)


@dataclass(frozen=True)
class Statements:
    """The assessment in SQLite's dialect: the columns of all tables with their types, and how each is filled."""

    types: Types
    shared: tuple[
        _Fill, ...
    ]  # rest on knowledge alone: made once, for every record and for the possible worlds
    chain: tuple[_Fill, ...]
    worlds: tuple[_Fill, ...]
    question: _Fill


def require() -> None:
    """Raise InputError when this Python's SQLite is too old."""
    if sqlite3.sqlite_version_info < MINIMUM_VERSION:
        wanted = ".".join(map(str, MINIMUM_VERSION))
        raise InputError(
            f"The engine sqlite needs SQLite {wanted} or newer, this Python has {sqlite3.sqlite_version}; "
            "leave the engine out, or give duckdb."
        )


def is_small(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the record in this embedded database has so few persons and rows that SQLite is the faster engine."""
    counts = ", ".join(f"(SELECT count(*) FROM record.{table})" for table in ("person", *_COUNTED))
    persons, *rows = connection.execute(f"SELECT {counts}").fetchall()[0]
    return int(persons) <= MOST_PERSONS and sum(rows) <= MOST_ROWS


# Seconds that DuckDB took for small records so far in this process. Translating pays once it has cost as much.
TRANSLATION_SECONDS = 2.0


@dataclass
class _SoFar:
    seconds: float = 0.0
    translated: bool = False


_so_far = _SoFar()


def note_spent(connection: duckdb.DuckDBPyConnection, seconds: float) -> None:
    """Note that DuckDB took so long for this record, which counts when it is a small one."""
    if is_small(connection):
        _so_far.seconds += seconds


def pays(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this record is better run here: it is small, and so many small ones came before that translating pays."""
    if sqlite3.sqlite_version_info < MINIMUM_VERSION or not is_small(connection):
        return False
    return _so_far.translated or _so_far.seconds >= TRANSLATION_SECONDS


_translating = threading.Lock()


def statements() -> Statements:
    """The assessment in SQLite's dialect, translated once per process (about two seconds).

    Raises NotTranslatedError, which names the file and the construct.
    """
    with _translating:
        made = _translated()
        _so_far.translated = True
        return made


@cache
def _translated() -> Statements:
    # SQLGlot is slow to load, and most runs never come here.
    from opentrd.engines.sqlite_translate import translate_sqlite

    types: Types = {
        "record": {name: dict(columns) for name, columns in RECORD_COLUMNS.items()}
        | {"request": {"as_of": "DATE"}},
        "knowledge": {name: _columns(knowledge.table(name)) for name in knowledge.assessment_tables()},
        "assess": {},
        "world": {},
    }

    shared = _shared_steps()

    def place(schema: str, table: str) -> tuple[None, str]:
        moves = schema == "record" or (schema == "assess" and table not in shared)
        return None, f"{PLACE if moves else ''}{schema}.{table}"

    def fill(schema: str, table: str, sql: str, file: str) -> _Fill:
        select = translate_sqlite(sql, types, place, file=file)
        types[schema][table] = select.columns
        return _Fill.of(place(schema, table)[1], select.columns, select.sql)

    fills = {step.table: fill("assess", step.table, step.sql, step.path.name) for step in order()}
    worlds = [fill("world", name, _world_sql(name), f"world/{name}.sql") for name in ("question", "answer")]
    for path in sorted((FOLDER / "world").glob("record_*.sql")):
        table = path.stem.removeprefix("record_")
        select = translate_sqlite(_world_sql(path.stem), types, place, file=f"world/{path.name}")
        worlds.append(_Fill.of(f"{_POSSIBLE}record.{table}", RECORD_COLUMNS[table], select.sql))
    # What the last statement calls world.verdict and world.stage are results over the possible worlds.
    results = {table: types["assess"][table] for table in SETTLED}
    step = steps()["question"]
    asked = translate_sqlite(
        step.sql, types | {"world": types["world"] | results}, place, file=step.path.name
    )
    types["assess"]["question"] = asked.columns
    again = "|".join(SETTLED)
    select_asked = re.sub(rf'"world\.({again})"', rf'"{_POSSIBLE}assess.\1"', asked.sql)
    question = _Fill.of(f"{PLACE}assess.question", asked.columns, select_asked)
    same = tuple(fills[table] for table in fills if table in shared)
    return Statements(
        types, same, tuple(fills[table] for table in fills if table not in shared), tuple(worlds), question
    )


def _shared_steps() -> frozenset[str]:
    """The steps that rest on knowledge alone."""
    found: set[str] = set()
    for step in order():
        if step.needs <= found and not _READS_RECORD.search(_COMMENT.sub("", step.sql)):
            found.add(step.table)
    return frozenset(found)


@cache
def _resistance() -> frozenset[str]:
    """The tables that verdicts and stages rest on; the others are made when they are asked for."""
    return frozenset(f"assess.{step.table}" for step in leading_to(*RESULTS))


@cache
def _options() -> frozenset[str]:
    """The tables that open standings of options rest on."""
    return frozenset(f"assess.{step.table}" for step in leading_to("option_open"))


@cache
def _worlds() -> frozenset[str]:
    """The tables that are made again in the possible worlds."""
    return frozenset(f"assess.{step.table}" for step in leading_to(*SETTLED))


def _world_sql(name: str) -> str:
    """A file that builds the possible worlds as a SELECT. What it calls home is the real record."""
    sql = (FOLDER / "world" / f"{name}.sql").read_text(encoding="utf-8")
    return _INSERT.sub("", sql, count=1).replace("@home.", "")


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _columns(table: pa.Table) -> dict[str, str]:
    names = {kind: name for name, kind in _ARROW.items()}
    return {field.name: names.get(field.type, "VARCHAR") for field in table.schema}


class _Desk:
    """One thread's database: all tables, the facts that were loaded last, and whose rows lie there."""

    def __init__(self, made: Statements) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=1024)
        self.facts: Facts | None = None
        self.holds: object = None
        self.later: list[_Fill] = []
        for setting in ("journal_mode = OFF", "temp_store = MEMORY", "case_sensitive_like = ON"):
            self.connection.execute(f"PRAGMA {setting}")
        from opentrd.engines.sqlite_translate import register_functions

        register_functions(self.connection)
        for schema, tables in made.types.items():
            for table, columns in tables.items():
                self._create(f"{schema}.{table}", columns)
                if schema in ("record", "assess"):
                    self._create(f"{_POSSIBLE}{schema}.{table}", columns)
        self._index_shared()

    def _create(self, name: str, columns: Mapping[str, str]) -> None:
        typed = ", ".join(f'"{column}" {STORED_AS[kind]}' for column, kind in columns.items())
        self.connection.execute(f'CREATE TABLE "{name}" ({typed})')
        if "person_id" in columns:
            keys = ["person_id", *[column for column in _LOOKED_UP if column in columns][:2]]
            self.connection.execute(f'CREATE INDEX "{name} by person" ON "{name}" ({_named(keys)})')

    def _index_shared(self) -> None:
        """What SQLite would index anew in every run is indexed once, where the table stays from run to run."""
        made = statements()
        lasting = {fill.table for fill in made.shared} | {
            f"knowledge.{name}" for name in made.types["knowledge"]
        }
        for fill in made.chain:
            tables = {alias: table for table, alias in _ALIAS.findall(fill.insert)}
            for *_, step in self.connection.execute(f"EXPLAIN QUERY PLAN {fill.insert}").fetchall():
                found = _AUTOMATIC.match(step)
                table = tables.get(found[1], "") if found else ""
                columns = found[2].replace("=?", "").split(" AND ") if found else []
                schema, _, name = table.partition(".")
                if table in lasting and set(columns) <= set(made.types[schema][name]):
                    index = f'"{table} by {", ".join(columns)}"'
                    self.connection.execute(
                        f'CREATE INDEX IF NOT EXISTS {index} ON "{table}" ({_named(columns)})'
                    )

    def load(self, name: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Put rows in the place of what a table holds."""
        self.connection.execute(f'DELETE FROM "{name}"')
        marks = ", ".join("?" * len(columns))
        self.connection.executemany(f'INSERT INTO "{name}" ({_named(columns)}) VALUES ({marks})', rows)

    def know(self, facts: Facts) -> None:
        """Load these facts, unless they are those that lie there."""
        if self.facts is facts:
            return
        self.facts = None
        for name, table in facts.items():
            self.load(f"knowledge.{name}", table.column_names, zip(*table.to_pydict().values(), strict=True))
        for fill in statements().shared:
            self.fill(fill)
        self.facts = facts

    def fill(self, fill: _Fill, *, possible: bool = False) -> None:
        """Empty a table and fill it again."""
        try:
            self.connection.execute(f'DELETE FROM "{_POSSIBLE if possible else ""}{fill.table}"')
            self.connection.execute(fill.possible if possible else fill.insert)
        except sqlite3.Error as problem:
            raise InputError(
                f"SQLite could not make the table {fill.table}: {problem}. Assess with the engine duckdb."
            ) from None

    def rows(self, name: str, columns: Iterable[str]) -> Rows:
        """The rows of a table, in no order."""
        return self.connection.execute(f'SELECT {_named(columns)} FROM "{name}"').fetchall()


_threads = threading.local()


def _desk() -> _Desk:
    desk: _Desk | None = getattr(_threads, "desk", None)
    if desk is None:
        desk = _threads.desk = _Desk(statements())
    return desk


@cache
def _shipped() -> Facts:
    return {name: knowledge.table(name) for name in knowledge.assessment_tables()}


class SmallRun:
    """One run over a record of few persons. It holds the record's rows and its results; the tables in between stay
    in the thread's database until the next run there.

    ``facts`` are the knowledge tables (default: the shipped ones). ``seconds`` says how long each step took.
    Raises NotTranslatedError, and InputError when a value cannot be read as the SQL asks.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, as_of: dt.date | None = None, facts: Facts | None = None
    ) -> None:
        self._facts = facts or _shipped()
        self._as_of = as_of
        self._record = {table: _fetched(connection, table) for table in RECORD_COLUMNS if table != "unread"}
        self.seconds: dict[str, float] = {}
        desk = self._at_desk()
        types = statements().types["assess"]
        self._results = {table: desk.rows(f"assess.{table}", types[table]) for table in RESULTS}

    def table(self, name: str) -> pa.Table:
        """A table of the assessment, in no order, with the types it has in the embedded engine.

        Raises TooManyWorlds for ``question``, when another engine is better at it.
        """
        columns = statements().types["assess"][name]
        if name not in self._results:
            self._results[name] = (
                self._asked()
                if name == "question"
                else self._at_desk(f"assess.{name}").rows(f"assess.{name}", columns)
            )
        rows = self._results[name]
        cells = zip(*rows, strict=True) if rows else repeat(())
        arrays = [_array(values, kind) for values, kind in zip(cells, columns.values(), strict=False)]
        return pa.table(dict(zip(columns, arrays, strict=True)))

    def _at_desk(self, wanted: str | None = None) -> _Desk:
        """This thread's database with the tables of this run in it; what only ``wanted`` rests on is made when it is asked for."""
        desk = _desk()
        if desk.holds is not self:
            desk.holds = None
            desk.know(self._facts)
            for table, rows in self._record.items():
                desk.load(f"record.{table}", list(RECORD_COLUMNS[table]), rows)
            desk.load("record.request", ["as_of"], [(days(self._as_of),)])
            desk.later = [fill for fill in statements().chain if fill.table not in _resistance()]
            self._fill(desk, [fill for fill in statements().chain if fill.table in _resistance()])
            desk.holds = self
        if wanted is not None and wanted not in _resistance():
            self._fill(desk, desk.later)
            desk.later = []
        return desk

    def _make(self, desk: _Desk, tables: frozenset[str]) -> None:
        """Make those of the tables that were put off."""
        self._fill(desk, [fill for fill in desk.later if fill.table in tables])
        desk.later = [fill for fill in desk.later if fill.table not in tables]

    def _fill(self, desk: _Desk, fills: Iterable[_Fill]) -> None:
        for fill in fills:
            began = time.perf_counter()
            desk.fill(fill)
            self.seconds[fill.table.removeprefix("assess.")] = round(time.perf_counter() - began, 6)

    def _asked(self) -> Rows:
        """Run the chain over the possible worlds, and count what each answer settles."""
        desk, made = self._at_desk(), statements()
        for fill in made.worlds:
            desk.fill(fill)
        counts = "+".join(f'(SELECT count(*) FROM "{_POSSIBLE}record.{table}")' for table in _COUNTED)
        if desk.connection.execute(f"SELECT {counts}").fetchall()[0][0] > MOST_WORLD_ROWS:
            raise TooManyWorlds
        self._make(desk, _options())
        desk.load("possible.record.request", ["as_of"], [(None,)])
        for fill in made.chain:
            if fill.table in _worlds():
                desk.fill(fill, possible=True)
        desk.fill(made.question)
        return desk.rows("assess.question", made.types["assess"]["question"])


def _fetched(connection: duckdb.DuckDBPyConnection, table: str) -> Rows:
    """The rows of a record table as SQLite holds them."""
    columns = RECORD_COLUMNS[table]
    rows: Rows = connection.execute(f"SELECT {_named(columns)} FROM record.{table}").fetchall()
    dates = {place for place, kind in enumerate(columns.values()) if kind == "DATE"}
    if not rows or not dates:
        return rows
    return [tuple(days(cell) if place in dates else cell for place, cell in enumerate(row)) for row in rows]


def _array(values: Iterable[Any], kind: str) -> pa.Array:
    if kind == "DATE":
        return pa.array(values, pa.int32()).cast(pa.date32())
    if kind == "BOOLEAN":
        return pa.array([None if value is None else bool(value) for value in values], pa.bool_())
    return pa.array(values, _ARROW[kind])
