"""The Python face: ``read`` a source, ``assess`` the record, then look at tables, explanations and pages."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from opentrd.assess import worlds
from opentrd.assess.plan import Step, order, steps, trace_order
from opentrd.engines import duckdb as embedded
from opentrd.record.raw import InputError
from opentrd.record.reading import Record, read

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["Assessment", "Record", "ResultTable", "assess", "read"]

# Judgements, questions and the trace are written for up to so many persons; they are many rows a person.
DETAIL_PERSONS = 1_000
FIRST_YEAR, LAST_YEAR = 1850, 2199
RESULT_TABLES = ("episode", "trial", "judgement", "verdict", "stage", "question")
_run_numbers = itertools.count(1)


class ResultTable:
    """One output table. It stays in the database until it is asked for."""

    def __init__(self, assessment: Assessment, name: str) -> None:
        self._assessment = assessment
        self.name = name

    def _query(self) -> duckdb.DuckDBPyRelation:
        self._assessment.check_current()
        where = "record" if self.name == "unread" else "assess"
        return self._assessment.connection.sql(f"SELECT * FROM {where}.{self.name} ORDER BY ALL")

    def arrow(self) -> pyarrow.Table:
        """The table as an Arrow table."""
        return self._query().to_arrow_table()

    def df(self) -> pandas.DataFrame:
        """The table as a pandas data frame (needs the extra ``pandas``)."""
        frame: pandas.DataFrame = self._query().df()
        return frame

    def pl(self) -> polars.DataFrame:
        """The table as a Polars data frame (needs the extra ``polars``)."""
        frame: polars.DataFrame = self._query().pl()
        return frame

    def rows(self) -> list[dict[str, Any]]:
        """The table as a list of rows, column -> value."""
        return _dicts(self._query())

    def __len__(self) -> int:
        return len(self.arrow())

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self)} rows>"


class Assessment:
    """The result tables of one run over one record, and the way back from each row to what it rests on.

    ``assessment.verdict``, ``.stage``, ``.trial``, ``.episode``, ``.judgement``, ``.question`` and ``.unread`` are
    result tables. A later run over the same record replaces the tables; an older Assessment then says so.
    """

    def __init__(self, record: Record, seconds: dict[str, float], detailed: bool) -> None:
        self.record = record
        self.connection = record.connection
        self.seconds = seconds
        self.detailed = detailed
        self._run_number = next(_run_numbers)
        self.connection.execute(f"CREATE OR REPLACE TABLE assess.run AS SELECT {self._run_number} AS number")

    def __getattr__(self, name: str) -> ResultTable:
        if name in RESULT_TABLES or name == "unread":
            return ResultTable(self, name)
        raise AttributeError(
            f"An assessment has no table {name!r}; it has {', '.join(RESULT_TABLES)} and unread."
        )

    def check_current(self) -> None:
        """Raise RuntimeError when a later run over the same record has replaced these tables."""
        if self.connection.execute("SELECT number FROM assess.run").fetchall() != [(self._run_number,)]:
            raise RuntimeError(
                "This assessment was replaced by a later one of the same record. Read the record again for a "
                "second assessment, or keep the first one's tables with .arrow() before the next run."
            )

    def explain(self, table: str, key: str, person_id: str | None = None) -> list[dict[str, Any]]:
        """What a row rests on, down to the input rows and the knowledge rows.

        ``table`` and ``key`` name a row: ``verdict`` by definition, ``stage`` by ``instrument/item`` (or the instrument
        for its total), ``trial`` and ``episode`` by their id. ``person_id`` may be left out when the record has one
        person. Returns one dict per edge: depth, table, key, role, truth and ``row``, the row itself with its
        source where it is knowledge. Raises KeyError when there is no such row.
        """
        from opentrd.lineage import explain

        self.check_current()
        self.trace()
        return explain(self.connection, table, key, person_id)

    def trace(self) -> None:
        """Make ``assess.trace`` (a view), once."""
        for step in trace_order():
            self.connection.execute(f"CREATE OR REPLACE VIEW assess.{step.table} AS {step.sql}")

    def report(self, path: str | Path, *, min_count: int = 5) -> Path:
        """Write the pages into the folder ``path`` and return the page to open first."""
        from opentrd.pages import write_pages

        self.check_current()
        return write_pages(self, Path(path), min_count=min_count)

    def write(self, path: str | Path, *, min_count: int = 5, judgements: bool = False) -> Path:
        """Write tables, ``unread.csv``, ``run.json`` and the pages into the folder ``path``; return the first page."""
        from opentrd.output import write_output

        self.check_current()
        return write_output(self, Path(path), min_count=min_count, judgements=judgements)


def assess(
    record: Record,
    as_of: dt.date | str | None = None,
    engine: str | None = None,
    *,
    definitions: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Assessment:
    """Run the assessment over a record.

    ``as_of`` is the last day that is used (default: per person, the last day of the record). ``definitions`` limits the
    definitions of TRD; instruments are always staged. ``engine``: only ``duckdb``, the embedded one, in this version.
    Raises InputError for an engine, a date or a definition that is not known.
    """
    if engine not in (None, "duckdb"):
        raise InputError(f"The engine {engine!r} is not part of this version; leave it out or give duckdb.")
    day = parse_day(as_of)
    _limit_definitions(record.connection, definitions)
    seconds = embedded.run(record.connection, order(), as_of=day, progress=progress)
    detailed = record.persons <= DETAIL_PERSONS
    _ask(record.connection, detailed, progress)
    return Assessment(record, seconds, detailed)


def parse_day(text: dt.date | str | None) -> dt.date | None:
    """A date from ISO text. Raises InputError for anything else."""
    if text is None or isinstance(text, dt.date):
        return text
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError
        return day
    except ValueError:
        raise InputError(
            f"as-of {text!r} is not a date; expected YYYY-MM-DD, for example 2024-06-30."
        ) from None


def _ask(
    connection: duckdb.DuckDBPyConnection, detailed: bool, progress: Callable[[str], None] | None
) -> None:
    question = steps()["question"]
    if detailed:
        if progress:
            progress("question")
        worlds.ask(connection, order(), question, _run_world)
    else:
        connection.execute("CREATE SCHEMA IF NOT EXISTS world")
        connection.execute(
            'CREATE OR REPLACE TABLE assess.question (person_id VARCHAR, "table" VARCHAR, "row" VARCHAR, '
            "field VARCHAR, asks VARCHAR, settles_low BIGINT, settles_high BIGINT, narrows_low DOUBLE, narrows_high DOUBLE)"
        )


def _run_world(connection: duckdb.DuckDBPyConnection, chain: Iterable[Step], as_of: dt.date | None) -> object:
    return embedded.run(connection, chain, as_of=as_of)


def _limit_definitions(connection: duckdb.DuckDBPyConnection, wanted: Sequence[str] | None) -> None:
    from opentrd import knowledge

    knowledge.load_into(connection)
    if wanted is None:
        return
    rows = connection.execute(
        "SELECT definition FROM knowledge.definition WHERE family <> 'instrument' ORDER BY definition"
    ).fetchall()
    known = [str(row[0]) for row in rows]
    unknown = [name or "(nothing)" for name in wanted if name not in known]
    if unknown or not wanted:
        raise InputError(
            f"No definition is called {', '.join(unknown) or '(nothing)'}. Known: {', '.join(known)}."
        )
    for table in ("definition", "definition_exclusion", "switch_rule", "window_rule"):
        keep = "definition IN (SELECT unnest(?)) OR definition IN ('maudsley', 'thase_rush', 'mgh_s')"
        connection.execute(f"DELETE FROM knowledge.{table} WHERE NOT ({keep})", [list(wanted)])


def _dicts(result: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]
