"""A population in chunks of persons gives the tables of the population in one piece."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import opentrd
from histories import drawn, write_folder
from opentrd import knowledge
from opentrd.api import FIT
from opentrd.assess.plan import Step, leading_to
from opentrd.engines import duckdb as embedded
from running import renamed

KEPT = ("as_of", "episode", "trial", "verdict", "stage", "judgement")
PERSONS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    together: dict[str, list[dict[str, str]]] = {}
    for number, raw in enumerate(drawn(PERSONS, 11), 1):
        for table, rows in renamed(raw, f"p{number:03d}").items():
            together.setdefault(table, []).extend(rows)
    return write_folder(together, tmp_path_factory.mktemp("population"))


def _read(folder: Path) -> opentrd.Record:
    record = opentrd.read(folder)
    knowledge.load_into(record.connection)
    return record


@pytest.mark.parametrize(
    ("size", "kept"), [(1, KEPT), (7, (*KEPT, *FIT)), (PERSONS, KEPT), (1000, (*KEPT, *FIT))]
)
def test_chunks_give_the_same_tables(folder: Path, size: int, kept: tuple[str, ...]) -> None:
    whole, parts = _read(folder), _read(folder)
    steps = leading_to(*kept)
    embedded.run(whole.connection, steps)
    embedded.run_in_chunks(parts.connection, steps, size=size, keep=kept)
    for table in kept:
        query = f"SELECT * FROM assess.{table} ORDER BY ALL"
        assert parts.connection.execute(query).fetchall() == whole.connection.execute(query).fetchall(), table


def test_parts_as_files(folder: Path, tmp_path: Path) -> None:
    record = _read(folder)
    embedded.run_in_chunks(
        record.connection, leading_to("verdict"), size=10, keep=("verdict",), into=tmp_path
    )
    files = sorted((tmp_path / "verdict").glob("*.parquet"))
    persons = record.connection.execute(
        f"SELECT count(DISTINCT person_id) FROM '{tmp_path / 'verdict'}/*.parquet'"
    ).fetchall()
    assert len(files) == 3  # 10, 10 and 4 persons
    assert persons == [(PERSONS,)]


def test_tables_in_between_do_not_stay(folder: Path) -> None:
    record = _read(folder)
    embedded.run_in_chunks(record.connection, leading_to("verdict"), size=10, keep=("verdict",))
    tables = record.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'assess'"
    ).fetchall()
    assert tables == [("verdict",)]


def test_results_stand_in_the_order_of_the_persons_chunks(folder: Path) -> None:
    record = _read(folder)
    embedded.run_in_chunks(record.connection, leading_to("as_of"), size=5, keep=("as_of",))
    persons = [row[0] for row in record.connection.execute("SELECT person_id FROM assess.as_of").fetchall()]
    chunks = [persons.index(person) // 5 for person in sorted(persons)]
    assert chunks == sorted(chunks)


def test_a_chunk_that_fails_ends_the_run_and_leaves_nothing_open(folder: Path) -> None:
    record = _read(folder)
    good = leading_to("as_of")
    bad = Step(
        "broken",
        Path("broken.sql"),
        "SELECT error('no such thing') AS x FROM assess.as_of WHERE person_id LIKE '%20'",
        frozenset({"as_of"}),
    )
    with pytest.raises(duckdb.Error, match="no such thing"):
        embedded.run_in_chunks(record.connection, (*good, bad), size=3, keep=("as_of", "broken"))
    databases = record.connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()
    assert not [name for (name,) in databases if name.startswith("chunk")]
    embedded.run_in_chunks(record.connection, good, size=3, keep=("as_of",))
    assert record.connection.execute("SELECT count(*) FROM assess.as_of").fetchall() == [(PERSONS,)]


@pytest.mark.parametrize(
    ("persons", "most", "places", "expected"),
    [
        (100_000, 20_000, 2, 16_667),  # six chunks, not five
        (100_000, 10_000, 2, 10_000),
        (12_000, 10_000, 2, 6_000),
        (6_000, 10_000, 4, 2_500),  # smaller ones cost more to plan than they save
        (24, 10, 2, 10),
        (0, 10, 2, 10),
    ],
)
def test_no_place_is_idle_at_the_end(persons: int, most: int, places: int, expected: int) -> None:
    assert embedded._even_size(persons, most, places) == expected


def _step(table: str, sql: str, *needs: str) -> Step:
    return Step(table, Path(f"{table}.sql"), sql, frozenset(needs))


def test_steps_run_once_what_they_read_is_there_where_the_connection_stands() -> None:
    connection = duckdb.connect()
    connection.execute("SET threads = 2; ATTACH ':memory:' AS elsewhere; USE elsewhere; CREATE SCHEMA record")
    steps = [
        _step("slow", "SELECT sum(a.range * b.range) AS x FROM range(3000) AS a, range(3000) AS b"),
        _step("aside", "SELECT 1 AS x"),
        _step("after", "SELECT (SELECT x FROM assess.slow) > 0 AS x FROM assess.aside", "slow", "aside"),
    ]
    told: list[str] = []
    seconds = embedded.run(connection, reversed(steps), progress=told.append)
    assert sorted(told) == sorted(seconds) == ["after", "aside", "slow"]
    assert told[-1] == "after"
    assert connection.execute("SELECT x FROM elsewhere.assess.after").fetchall() == [(True,)]
    connection.execute("USE memory; DETACH elsewhere")  # no cursor holds it


def test_a_step_that_fails_ends_the_run() -> None:
    connection = duckdb.connect()
    connection.execute("SET threads = 2; CREATE SCHEMA record")
    steps = [
        _step("broken", "SELECT error('no such thing') AS x"),
        _step("after", "FROM assess.broken", "broken"),
    ]
    with pytest.raises(duckdb.Error, match="no such thing"):
        embedded.run(connection, steps)
    assert connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'after'"
    ).fetchall() == [(0,)]
