"""The embedded engine: DuckDB. Runs the assessment's SQL where the record lies. Knows nothing clinical."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from queue import SimpleQueue

import duckdb
import pyarrow as pa

from opentrd.assess.plan import Step

# Chunks that run at the same time, at most: each takes the memory of its persons.
SIDE_BY_SIDE = 4
# Steps that run at the same time, at most, where the record is not cut into chunks.
STEPS_SIDE_BY_SIDE = 2
# Below this many persons a chunk costs more to plan than it saves.
LEAST_PERSONS = 2_500


def run(
    connection: duckdb.DuckDBPyConnection,
    steps: Iterable[Step],
    *,
    as_of: dt.date | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Run the steps, each into ``assess.<table>`` once what it reads is there; return the seconds each took.

    ``record.*`` and ``knowledge.*`` must be there. ``as_of`` is the day up to which the record is read. Of a small record
    a step is mostly planning, which the database does on one core: so several run side by side, on cursors of their own.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS assess")
    connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [as_of])
    chain = {step.table: step for step in steps}
    catalog, threads = connection.execute("SELECT current_catalog(), current_setting('threads')").fetchall()[
        0
    ]
    width = min(int(threads), STEPS_SIDE_BY_SIDE)
    cursors = [connection.cursor() for _ in range(width)]
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for cursor in cursors:
        cursor.execute(f'USE "{catalog}"; SET enable_progress_bar = false')
        free.put(cursor)
    seconds: dict[str, float] = {}

    def make(step: Step) -> str:
        cursor = free.get()
        try:
            began = time.perf_counter()
            cursor.execute(f"CREATE OR REPLACE {step.kind} assess.{step.table} AS {step.sql}")
            seconds[step.table] = round(time.perf_counter() - began, 4)
        finally:
            free.put(cursor)
        return step.table

    waiting = TopologicalSorter({table: step.needs & chain.keys() for table, step in chain.items()})
    waiting.prepare()
    running: set[Future[str]] = set()
    try:
        with ThreadPoolExecutor(width) as pool:
            while waiting.is_active():
                running |= {pool.submit(make, chain[table]) for table in waiting.get_ready()}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for job in done:
                    if job.exception():
                        pool.shutdown(cancel_futures=True)
                    waiting.done(job.result())
                    if progress:
                        progress(job.result())
    finally:
        for cursor in cursors:
            cursor.close()
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
    """Run the steps for at most ``size`` persons at a time, so that memory does not grow with the population.

    As many chunks run side by side as the database has threads, up to ``SIDE_BY_SIDE``: one chunk is too small for the
    database to share it out. Only the tables named in ``keep`` stay, in ``assess.<table>`` in the order of the chunks or,
    with ``into``, as Parquet parts ``<into>/<table>/<chunk>.parquet``; what lies between them goes with its chunk.
    Returns seconds per table, summed over the chunks (not the time that passed).
    """
    kept, chain = tuple(keep), tuple(steps)
    # What is kept and no other step reads goes straight out, without a table in between.
    read = {table for step in chain for table in step.needs}
    straight = {step.table: step.sql for step in chain if step.table in kept and step.table not in read}
    inner = tuple(step for step in chain if step.table not in straight)
    connection.execute("CREATE SCHEMA IF NOT EXISTS assess")
    connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [as_of])
    persons, threads = connection.execute(
        "SELECT (SELECT count(*) FROM record.person), current_setting('threads')"
    ).fetchall()[0]
    places = min(int(threads), SIDE_BY_SIDE)
    size = _even_size(int(persons), size, places)
    bounds = connection.execute(_CHUNKS, [size]).fetchall()
    places = min(places, len(bounds))
    seconds: dict[str, float] = {}
    turn = _Turn()

    def work(free: _Places, number: int, first: str, last: str) -> None:
        place = free.get()
        try:
            if progress:
                with turn.lock:
                    progress(f"persons {number * size + 1:,} and on")
            with turn.lock:
                rows = _rows(connection, "record", (first, last))
            _fill(place, "record", rows)
            took = run(place, inner, as_of=as_of)
            made = {}
            for table in kept:
                began = time.perf_counter()
                result = place.sql(straight.get(table, f"FROM assess.{table}"))
                if into is None:
                    made[table] = result.to_arrow_table()
                else:
                    _write_part(result, table, number, into)
                took[table] = took.get(table, 0) + round(time.perf_counter() - began, 4)
            with turn.of(number), turn.lock:
                for table, spent in took.items():
                    seconds[table] = round(seconds.get(table, 0) + spent, 4)
                for table, found in made.items():
                    _keep(connection, table, found, first=number == 0)
        except BaseException:
            turn.stop()
            raise
        finally:
            free.put(place)

    with _places(connection, places) as free, ThreadPoolExecutor(places) as pool:
        jobs = [pool.submit(work, free, *bound) for bound in bounds]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            turn.stop()
            for job in jobs:
                job.cancel()
            raise
    return seconds


def _even_size(persons: int, most: int, places: int) -> int:
    """Persons per chunk, at most ``most``: so many that no place is idle at the end, if that does not make chunks too small."""
    size = min(most, max(LEAST_PERSONS, -(-persons // places)))
    rounds = -(-persons // (size * places))
    even = -(-persons // (rounds * places)) if persons else size
    return even if even >= LEAST_PERSONS else size


_Places = SimpleQueue[duckdb.DuckDBPyConnection]


@contextmanager
def _places(connection: duckdb.DuckDBPyConnection, number: int) -> Iterator[_Places]:
    """Databases in memory for the chunks, each of one thread and with the knowledge tables.

    Databases of their own, since cursors of one wait for each other. They share out the memory that the home may use.
    """
    limit, spill = connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
    ).fetchall()[0]
    amount, unit = str(limit).split()
    facts = _rows(connection, "knowledge")
    free: _Places = SimpleQueue()
    opened = []
    try:
        for place in range(number):
            database = duckdb.connect(
                ":memory:",
                config={
                    "threads": "1",
                    "memory_limit": f"{float(amount) / number:.2f} {unit}",
                    "temp_directory": f"{spill}-{place}",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
            database.execute("SET enable_progress_bar = false")
            opened.append(database)
            _fill(database, "knowledge", facts)
            free.put(database)
        yield free
    finally:
        for database in opened:
            database.close()


class _Turn:
    """Lets the chunks, that end in any order, hand over their results in the order of their numbers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._changed = threading.Condition()
        self._next = 0
        self._stopped = False

    @contextmanager
    def of(self, number: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._next == number)
            if self._stopped:
                raise CancelledError
            yield
            self._next += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody waits any more: a chunk has failed."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


# Chunks in the order of the ids: neighbours in a file are neighbours in a chunk.
_CHUNKS = """
SELECT chunk, min(person_id), max(person_id) FROM (
  SELECT person_id, CAST((row_number() OVER (ORDER BY person_id) - 1) // CAST(? AS BIGINT) AS BIGINT) AS chunk FROM record.person
) GROUP BY chunk ORDER BY chunk
"""


def _rows(
    connection: duckdb.DuckDBPyConnection, schema: str, persons: tuple[str, str] | None = None
) -> dict[str, pa.Table]:
    """The tables of a schema; of tables with a person id only the rows between two ids."""
    tables = connection.execute(
        "SELECT table_name, max(CASE WHEN column_name = 'person_id' THEN 1 ELSE 0 END) FROM duckdb_columns() "
        "WHERE database_name = current_catalog() AND schema_name = ? AND table_name <> 'unread' GROUP BY table_name",
        [schema],
    ).fetchall()
    found = {}
    for table, has_person in tables:
        limited = bool(has_person and persons)
        query = f'FROM {schema}."{table}"' + (" WHERE person_id BETWEEN ? AND ?" if limited else "")
        found[str(table)] = connection.sql(
            query, params=list(persons or ()) if limited else None
        ).to_arrow_table()
    return found


def _fill(place: duckdb.DuckDBPyConnection, schema: str, tables: dict[str, pa.Table]) -> None:
    place.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table, rows in tables.items():
        place.register("incoming", rows)
        place.execute(f'CREATE OR REPLACE TABLE {schema}."{table}" AS FROM incoming')
        place.unregister("incoming")


def _keep(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, *, first: bool) -> None:
    """Take one result table of a chunk home: the first makes the table, the others are added to it."""
    connection.register("outgoing", rows)
    verb = f"CREATE OR REPLACE TABLE assess.{table} AS" if first else f"INSERT INTO assess.{table}"
    connection.execute(f"{verb} FROM outgoing")
    connection.unregister("outgoing")


def _write_part(result: duckdb.DuckDBPyRelation, table: str, number: int, into: Path) -> None:
    (into / table).mkdir(parents=True, exist_ok=True)
    result.write_parquet(str(into / table / f"{number:05d}.parquet"), compression="zstd")
