"""The Python face: ``read`` a source, ``assess`` the record, then look at tables, explanations and pages."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from opentrd.asking import ask
from opentrd.assess.plan import FIT_TRACES, Step, leading_to, order, trace_order
from opentrd.engines import duckdb as embedded
from opentrd.engines import is_embedded, open_engine, sqlite
from opentrd.knowledge.own import Choice, choose
from opentrd.record.raw import InputError
from opentrd.record.reading import Record, read

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from opentrd.engines.base import Engine
    from opentrd.multiverse import Grid

__all__ = ["Assessment", "Record", "ResultTable", "assess", "read"]

# Judgements, questions and the trace are written for up to so many persons; they are many rows a person.
DETAIL_PERSONS = 1_000
# A larger population is assessed so many persons at a time: memory then does not grow with it.
CHUNK_PERSONS = 10_000
FIRST_YEAR, LAST_YEAR = 1850, 2199
# What comes back of a large population from an engine that is not the embedded one.
BROUGHT = ("as_of", "episode", "trial", "verdict", "stage", "finding_count")
# Findings, domains, options and outcomes: many rows of text a person, listed for up to DETAIL_PERSONS or when asked for.
FIT = ("finding", "indicator", "domain", "option_scope", "option", "recommendation", "outcome")
FIT_PERSONS = 2_000  # a chunk, when they are listed for a population
NO_EDGES = (  # of the trace, where these were not asked for
    "SELECT CAST(NULL AS VARCHAR) AS person_id, NULL::VARCHAR AS table_name, NULL::VARCHAR AS row_key, "
    "NULL::VARCHAR AS from_table, NULL::VARCHAR AS from_key, NULL::VARCHAR AS role, NULL::BOOLEAN AS truth WHERE FALSE"
)
RESULT_TABLES = (
    *("episode", "trial", "judgement", "verdict", "stage", "question"),
    *("finding", "domain", "option", "recommendation", "outcome"),
)
_run_numbers = itertools.count(1)


class ResultTable:
    """One output table. It stays in the database until it is asked for."""

    def __init__(self, assessment: Assessment, name: str) -> None:
        self._assessment = assessment
        self.name = name

    def _query(self) -> duckdb.DuckDBPyRelation:
        self._assessment.check_current()
        small = self._assessment.small
        if small is not None and self.name in RESULT_TABLES:
            try:
                return self._assessment.record.database.from_arrow(small.table(self.name)).order("ALL")
            except sqlite.TooManyWorlds:
                pass
        where = "record" if self.name == "unread" else "assess"
        try:
            return self._assessment.connection.sql(f"SELECT * FROM {where}.{self.name} ORDER BY ALL")
        except duckdb.CatalogException:
            raise RuntimeError(
                f"The table {self.name} was not brought back from {self._assessment.engine}; "
                "call assess with judgements=True."
            ) from None

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

    def __init__(
        self,
        record: Record,
        seconds: dict[str, float],
        detailed: bool,
        engine: str = "duckdb",
        choice: Choice | None = None,
        *,
        fit: bool = True,
    ) -> None:
        self.record = record
        self.fit = fit
        self.engine = engine
        self.choice = choice or choose(None)
        self.small: sqlite.SmallRun | None = None
        self.seconds = seconds
        self.detailed = detailed
        self.traced = False  # true once the trace is made
        self.varied = False  # true once the variants of a multiverse are counted
        self._run_number = record.run_number = next(_run_numbers)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The embedded database with all tables, those between the record and the results included."""
        return self.record.connection

    def __getattr__(self, name: str) -> ResultTable:
        if name in RESULT_TABLES or name == "unread":
            return ResultTable(self, name)
        raise AttributeError(
            f"An assessment has no table {name!r}; it has {', '.join(RESULT_TABLES)} and unread."
        )

    def check_current(self) -> None:
        """Raise RuntimeError when a later run over the same record has replaced these tables."""
        if self.record.run_number != self._run_number:
            raise RuntimeError(
                "This assessment was replaced by a later one of the same record. Read the record again for a "
                "second assessment, or keep the first one's tables with .arrow() before the next run."
            )

    def explain(self, table: str, key: str, person_id: str | None = None) -> list[dict[str, Any]]:
        """What a row rests on, down to the input rows and the knowledge rows.

        ``table`` and ``key`` name a row: ``verdict`` by definition, ``stage`` by ``instrument/item`` (or the instrument
        for its total), ``trial`` and ``episode`` by their id, ``finding`` by ``finding/subject/source``, ``domain`` by its
        name, ``option`` by ``treatment/role``, ``outcome`` by ``trial_id/measurement_id/rule``; last parts may be left out
        where they leave one row. ``person_id`` may be left out when the record has one person. Returns one dict per edge:
        depth, table, key, role, truth, ``row``, the row itself with its source where it is knowledge, and ``origin``, of a
        row of the record the ``file`` and ``row`` it was read from. Raises KeyError when there is no such row.
        """
        from opentrd.lineage import explain

        self.check_current()
        self.trace()
        return explain(self.connection, table, key, person_id)

    def multiverse(
        self, grid: Grid | str | Path | None = None, *, progress: Callable[[str], None] | None = None
    ) -> ResultTable:
        """Count the persons who meet each variant of a grid of definitions of the family `failures`.

        ``grid``: a CSV file with the columns parameter and value, a mapping of parameter to values, or nothing for the
        shipped grid. One row of the table is one variant: its parameters, ``eligible_low`` and ``eligible_high``, ``met_low`` and
        ``met_high`` (persons who certainly and possibly meet it). Raises InputError for a grid that is not valid, and after an
        assessment on another engine.
        """
        from opentrd import multiverse

        self.check_current()
        connection = self.connection
        if not self.engine.startswith("duckdb"):
            raise InputError(
                f"A multiverse is counted by the embedded engine, not {self.engine}; leave the engine out."
            )
        chosen = parse_grid(grid) if isinstance(grid, str | Path) else grid
        multiverse.run(connection, chosen, progress=progress)
        self.varied = True
        return ResultTable(self, "multiverse")

    def trace(self) -> None:
        """Make ``assess.trace`` (a view), once."""
        if self.traced:
            return
        if not self.detailed and self.engine != "duckdb":
            raise RuntimeError(
                f"Tables in between stayed on {self.engine}, because the record has more than {DETAIL_PERSONS:,} "
                "persons: there is nothing to explain from. Assess fewer persons, or use the embedded engine."
            )
        for step in trace_order():
            sql = NO_EDGES if step.table in FIT_TRACES and not self.fit else step.sql
            self.connection.execute(f"CREATE OR REPLACE VIEW assess.{step.table} AS {sql}")
        self.traced = True

    def report(self, path: str | Path, *, min_count: int = 5) -> Path:
        """Write the pages into the folder ``path`` and return the page to open first."""
        from opentrd.pages import write_pages

        self.check_current()
        return write_pages(self, Path(path), min_count=min_count)

    def write(
        self, path: str | Path, *, min_count: int = 5, judgements: bool = False, cohort_id: int | None = None,
        pages: bool = True,
    ) -> Path:  # fmt: skip
        """Write tables, ``unread.csv``, ``run.json`` and the pages into the folder ``path``; return the first page
        (without ``pages``: the folder of the tables).

        ``cohort_id`` adds ``tables/cohort.parquet``, an OMOP cohort table of those who certainly meet each definition,
        numbered from it on (``opentrd.cohort``).
        """
        from opentrd.output import write_output

        self.check_current()
        return write_output(
            self, Path(path), min_count=min_count, judgements=judgements, cohort_id=cohort_id, pages=pages
        )


def assess(
    record: Record,
    as_of: dt.date | str | None = None,
    engine: str | Engine | None = None,
    *,
    definitions: Sequence[str | Path] | str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    engine_schema: str | None = None,
    judgements: bool = False,
    fit: bool | None = None,
) -> Assessment:
    """Run the assessment over a record.

    ``as_of`` is the last day that is used (default: per person, the last day of the record). ``definitions`` limits the
    definitions of TRD to those named; instruments are always staged. A CSV file or a folder in it adds definitions of
    one's own (``docs/your-own-definition.md``); files alone do not limit.

    ``engine``: ``duckdb`` (the embedded one), ``spark``, ``postgresql://user@host:port/database``, or an open engine of
    ``opentrd.engines``, which stays open. Elsewhere the chain runs there and only result tables come back; for up to
    1,000 persons all tables do, and questions and the trace are made from them here. ``engine_schema`` begins the names
    of the schemas on a PostgreSQL server and makes them stay. ``judgements`` brings the judgements of any number of
    persons back as well. ``fit`` asks for findings, domains, options, recommendations and outcomes: by default of up to
    1,000 persons (a population has the findings counted, in ``finding_count``), True of any number, False of nobody.

    ``sqlite`` is for few persons: verdicts and stages of one patient take it milliseconds. A process that assesses many
    small records goes over to it by itself. Questions, and tables in the embedded database, are then made once asked for.
    Raises InputError for an engine, a date or a definition that is not known.
    """
    day = parse_day(as_of)
    local = engine == "sqlite" or (is_embedded(engine) and record.in_place is None)
    if engine_schema is not None and local:
        raise InputError("A schema can be named only for an engine on a PostgreSQL server.")
    choice = choose(definitions)
    record.pending = None
    if record.in_place is not None:
        from opentrd.in_place import assess_in_place

        return assess_in_place(
            record, record.in_place, engine, day, choice,
            judgements=judgements, fit=fit, engine_schema=engine_schema, progress=progress,
        )  # fmt: skip
    if engine == "sqlite" or (engine is None and sqlite.pays(record.database)):
        return _assess_small(record, day, choice)
    began = time.perf_counter()
    record.know(choice.facts)
    detailed = record.persons <= DETAIL_PERSONS
    fit = detailed if fit is None else fit
    size = FIT_PERSONS if fit else CHUNK_PERSONS
    if (engine is None or engine == "duckdb") and record.persons > min(size, 2 * embedded.LEAST_PERSONS):
        seconds = embedded.run_in_chunks(
            record.connection,
            chain(judgements, fit),
            size=size,
            keep=brought(judgements, fit),
            as_of=day,
            progress=progress,
        )
        name = f"duckdb, at most {size:,} persons at a time"
    elif engine is None or engine == "duckdb":
        steps_asked = chain(judgements or detailed, fit)
        seconds = embedded.run(record.connection, steps_asked, as_of=day, progress=progress)
        name = "duckdb"
    else:
        opened = open_engine(engine, schema=engine_schema) if isinstance(engine, str) else engine
        try:
            seconds = _run_elsewhere(
                opened, record, day, progress, everything=detailed, judgements=judgements, fit=fit
            )
            name = opened.name
        finally:
            if opened is not engine:
                opened.close()
    ask(record.connection, detailed, progress, fit=fit)
    if engine is None:
        sqlite.note_spent(record.database, time.perf_counter() - began)
    return Assessment(record, seconds, detailed, name, choice, fit=fit)


def chain(judgements: bool, fit: bool) -> tuple[Step, ...]:
    """The steps of a run; what is not asked for is not made."""
    if fit:
        return order()
    return leading_to(*BROUGHT, *(("judgement", "switch", "entry") if judgements else ()))


def brought(judgements: bool, fit: bool) -> tuple[str, ...]:
    """The tables that stay of a run in chunks, or come back from another engine."""
    return (*BROUGHT, *(("judgement",) if judgements else ()), *(FIT if fit else ()))


def _assess_small(record: Record, day: dt.date | None, choice: Choice) -> Assessment:
    """Assess few persons in SQLite; the embedded database runs the chain when its tables are asked for."""
    sqlite.require()
    small = sqlite.SmallRun(record.database, day, choice.facts)
    assessment = Assessment(record, small.seconds, True, "sqlite", choice)
    assessment.small = small

    def settle() -> None:
        record.know(choice.facts)
        assessment.seconds = embedded.run(record.database, order(), as_of=day)
        detailed = record.persons <= DETAIL_PERSONS
        ask(record.database, detailed, None, fit=True)
        assessment.engine, assessment.detailed = "duckdb", detailed

    record.pending = settle
    return assessment


def _run_elsewhere(
    engine: Engine,
    record: Record,
    day: dt.date | None,
    progress: Callable[[str], None] | None,
    *,
    everything: bool,
    judgements: bool,
    fit: bool,
) -> dict[str, float]:
    """Run the chain on an engine that is not the embedded one, and bring the results back."""
    if progress:
        progress(f"loading the record into {engine.name}")
    engine.load(record.connection)
    asked = chain(judgements or everything, fit)
    seconds = engine.run(asked, as_of=day, progress=progress)
    wanted = brought(judgements, fit)
    back = [step for step in asked if everything or step.table in wanted]
    # The embedded SQL reads the day of the request too.
    record.connection.execute(
        "CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [day]
    )
    engine.bring(record.connection, back, progress)
    return seconds


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


def parse_grid(text: str | Path) -> Grid:
    """The grid of a multiverse from a CSV file, or the shipped one for ``default``. Raises InputError for anything else."""
    from opentrd import multiverse

    return multiverse.default_grid() if str(text) == "default" else multiverse.read_grid(text)


def _dicts(result: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]
