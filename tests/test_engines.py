"""The same SQL on DuckDB, Spark and PostgreSQL: equal tables, cell by cell; what cannot be carried over is an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

import opentrd
from engines_cohort import assessed, cohort, differences, every_step
from engines_probes import PROBES, REFUSED, ROWS
from opentrd.assess.script import script
from opentrd.cli import main
from opentrd.engines.base import Engine
from opentrd.engines.postgres import Postgres
from opentrd.engines.translate import NotTranslatedError, translate, types_of
from opentrd.record.raw import InputError, connect

ADDRESS = os.environ.get("OPENTRD_TEST_POSTGRES", "")
needs_postgres = [
    pytest.mark.skipif(
        not ADDRESS, reason="no PostgreSQL server: set OPENTRD_TEST_POSTGRES=postgresql://..."
    ),
    pytest.mark.skipif(
        find_spec("adbc_driver_postgresql") is None, reason="no driver: pip install .[postgres]"
    ),
    pytest.mark.xdist_group("postgres"),
]
needs_spark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="no PySpark: pip install .[spark]"),
    pytest.mark.skipif(not (os.environ.get("JAVA_HOME") or shutil.which("java")), reason="no Java for Spark"),
    pytest.mark.xdist_group("spark"),
]
RESULTS = ("episode", "trial", "verdict", "stage")


@pytest.fixture
def probe() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect()
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS record; CREATE TABLE record.probe AS {ROWS}")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Spark session for all tests of this process, with a place of its own for saved tables."""
    from opentrd.engines import spark

    spark._LOCAL["spark.sql.warehouse.dir"] = str(tmp_path_factory.mktemp("warehouse"))
    session = spark._started()
    yield session
    session.stop()


def opened(name: str, request: pytest.FixtureRequest) -> Engine:
    if name == "postgres":
        return Postgres(ADDRESS)
    from opentrd.engines.spark import Spark

    return Spark(request.getfixturevalue("started"))


ENGINES = [pytest.param("postgres", marks=needs_postgres), pytest.param("spark", marks=needs_spark)]


@pytest.mark.parametrize("about", PROBES)
def test_duckdb_gives_the_answer_that_is_written_down(about: str, probe: duckdb.DuckDBPyConnection) -> None:
    statement, expected = PROBES[about]
    assert _sorted(probe.execute(statement).fetchall()) == _sorted(expected)


@pytest.mark.parametrize("name", ENGINES)
def test_other_engines_give_the_same_answer(
    name: str, probe: duckdb.DuckDBPyConnection, request: pytest.FixtureRequest
) -> None:
    wrong = {}
    with opened(name, request) as engine:
        engine.load(probe, "record")
        for number, (about, (statement, expected)) in enumerate(PROBES.items()):
            engine.create("assess", f"probe_{number}", statement, file="probe.sql")
            rows = engine.fetch("assess", f"probe_{number}").read_all().to_pylist()
            got = [tuple(row.values()) for row in rows]
            if _sorted(got) != _sorted(expected):
                wrong[about] = got
    assert wrong == {}


def _sorted(rows: list[tuple[object, ...]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
@pytest.mark.parametrize("statement", REFUSED)
def test_what_has_no_equal_is_refused_by_name(
    statement: str, dialect: str, probe: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(NotTranslatedError, match=r"probe\.sql: ") as refused:
        translate(statement, dialect, types_of(probe, "record"), file="probe.sql")
    assert REFUSED[statement] in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_every_table_is_equal_cell_by_cell(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assessment = assessed(cohort(tmp_path))
    with opened(name, request) as engine:
        engine.load(assessment.connection)
        engine.run(every_step())
        assert differences(assessment.connection, engine, every_step()) == {}
        for table in ("trial", "verdict", "stage", "judgement", "count_failures", "trace"):
            assert engine.fetch("assess", table).read_all().num_rows > 300, table
        for step in every_step():
            assert engine.fetch("assess", step.table).read_all().num_rows, (
                f"{step.table} is empty: nothing was compared"
            )


@pytest.mark.parametrize("address", [pytest.param(ADDRESS, marks=needs_postgres)])
def test_the_command_line_writes_the_same_tables_from_a_server(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cohort(tmp_path / "record", 12, golden=False)
    for name, engine in (("here", "duckdb"), ("there", address)):
        arguments = [
            "opentrd",
            "assess",
            str(folder),
            "--out",
            str(tmp_path / name),
            "--engine",
            engine,
            "-q",
        ]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code in (0, None)
    here, there = tmp_path / "here", tmp_path / "there"
    assert sorted(path.name for path in here.rglob("*")) == sorted(path.name for path in there.rglob("*"))
    for file in sorted((here / "tables").glob("*.parquet")):
        mine, theirs = pq.read_table(file), pq.read_table(there / "tables" / file.name)
        assert [(field.name, field.type) for field in mine.schema] == [
            (field.name, field.type) for field in theirs.schema
        ]
        assert mine.to_pylist() == theirs.to_pylist(), file.name
    run = json.loads((there / "run.json").read_text(encoding="utf-8"))
    assert run["engine"] == "postgres"
    assert "postgresql:" not in json.dumps(run)


@pytest.mark.parametrize("address", [pytest.param(ADDRESS, marks=needs_postgres)])
def test_a_large_population_brings_back_results_only(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cohort(tmp_path, 25, golden=False)
    monkeypatch.setattr("opentrd.api.DETAIL_PERSONS", 10)
    here = opentrd.assess(opentrd.read(folder))
    there = opentrd.assess(opentrd.read(folder), engine=address)
    for table in RESULTS:
        assert there.__getattr__(table).arrow().equals(here.__getattr__(table).arrow()), table
    brought = there.connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'assess'"
    ).fetchall()
    assert {name for (name,) in brought} == {"as_of", *RESULTS, "finding_count", "question"}
    with pytest.raises(RuntimeError, match="judgements=True"):
        there.judgement.rows()
    with pytest.raises(RuntimeError, match="nothing to explain from"):
        there.trace()
    asked = opentrd.assess(opentrd.read(folder), engine=address, judgements=True)
    assert asked.judgement.arrow().equals(here.judgement.arrow())
    assert (there.report(tmp_path / "pages")).is_file()


@pytest.mark.parametrize("address", [pytest.param(ADDRESS, marks=needs_postgres)])
def test_a_server_is_left_as_it_was_unless_a_name_is_given(address: str, tmp_path: Path) -> None:
    record = opentrd.read(cohort(tmp_path, 3, golden=False))

    def schemas() -> set[str]:
        with Postgres(address) as server:
            rows = server.rows("SELECT schema_name FROM information_schema.schemata")
        return {str(name) for (name,) in rows if not str(name).startswith("pg_")}

    before = schemas()
    opentrd.assess(record, engine=address)
    assert schemas() == before
    mine = {f"opentrd_kept_{part}" for part in ("record", "knowledge", "assess")}
    try:
        opentrd.assess(record, engine=address, engine_schema="opentrd_kept")
        assert schemas() - before == mine
        with pytest.raises(InputError, match=r"opentrd_kept_.* is there already"):
            opentrd.assess(record, engine=address, engine_schema="opentrd_kept")
        assert schemas() - before == mine
    finally:
        with Postgres(address) as server:
            for schema in mine:
                server.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.mark.skipif(find_spec("adbc_driver_postgresql") is None, reason="no driver: pip install .[postgres]")
def test_an_unreachable_server_is_a_message_without_the_password() -> None:
    with pytest.raises(InputError) as refused:
        opentrd.engines.open_engine("postgresql://someone:s3cret@127.0.0.1:1/base")
    assert "s3cret" not in str(refused.value)
    assert "127.0.0.1:1/base" in str(refused.value)


@pytest.mark.parametrize(
    ("engine", "module", "extra"),
    [("postgresql://h/d", "adbc_driver_postgresql", "postgres"), ("spark", "pyspark.sql", "spark")],
)
def test_a_missing_driver_says_what_to_install(
    engine: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"opentrd\[{extra}\]"):
        opentrd.engines.open_engine(engine)


def test_an_engine_that_is_not_known_is_named_without_its_address() -> None:
    with pytest.raises(InputError, match=r"'mysql://\.\.\.' is not known") as refused:
        opentrd.engines.open_engine("mysql://someone:s3cret@h/d")
    assert "s3cret" not in str(refused.value)


def test_the_script_runs_in_duckdb_and_gives_the_same_tables(tmp_path: Path) -> None:
    assessment = assessed(cohort(tmp_path, 15, golden=False))
    shell = duckdb.connect()
    for statement in _filled(assessment, "duckdb", ""):
        shell.execute(statement)
    shell.execute(script("duckdb", tested=True))
    for step in every_step():
        query = f"SELECT * FROM assess.{step.table} ORDER BY ALL"
        assert shell.execute(query).fetchall() == assessment.connection.execute(query).fetchall(), step.table
    with pytest.raises(duckdb.CatalogException, match="already exists"):
        shell.execute(script("duckdb", tested=True))
    shell.execute(script("duckdb", tested=True, again=True))
    query = "SELECT * FROM assess.verdict ORDER BY ALL"
    assert shell.execute(query).fetchall() == assessment.connection.execute(query).fetchall()


@pytest.mark.parametrize("address", [pytest.param(ADDRESS, marks=needs_postgres)])
@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql")
def test_the_script_runs_in_psql_and_gives_the_same_tables(address: str, tmp_path: Path) -> None:
    assessment = assessed(cohort(tmp_path, 15, golden=False))
    base = "opentrd_script"
    with Postgres(address) as server:
        server.execute(f"DROP DATABASE IF EXISTS {base}")
        server.execute(f"CREATE DATABASE {base}")
    there = address.rsplit("/", 1)[0] + f"/{base}"
    try:
        file = tmp_path / "assess.sql"
        filled = ";\n".join(_filled(assessment, "postgres", 'COLLATE "C"'))
        file.write_text(f"{filled};\n{script('postgres', tested=True)}", encoding="utf-8")
        command = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", str(file), there]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ran.returncode, ran.stderr) == (0, "")
        engine = _Printed(there)
        engine.types["assess"] = types_of(assessment.connection, "assess")["assess"]
        assert differences(assessment.connection, engine, every_step()) == {}
        engine.close()
    finally:
        with Postgres(address) as server:
            server.execute(f"DROP DATABASE IF EXISTS {base}")


class _Printed(Postgres):
    """Reads the tables where a printed script puts them."""

    def place(self, schema: str, table: str) -> tuple[str | None, str]:
        return schema, table


def _filled(assessment: opentrd.Assessment, dialect: str, collation: str) -> list[str]:
    """What a site does before it runs the script: the record as its own tables."""
    statements = ["CREATE SCHEMA record"]
    kinds = {"VARCHAR": f"TEXT {collation}", "DOUBLE": "DOUBLE PRECISION"} if dialect == "postgres" else {}
    for table, columns in types_of(assessment.connection, "record")["record"].items():
        typed = ", ".join(f'"{name}" {kinds.get(kind, kind)}' for name, kind in columns.items())
        statements.append(f"CREATE TABLE record.{table} ({typed})")
        for row in assessment.connection.execute(f"SELECT * FROM record.{table}").fetchall():
            cells = ", ".join(
                "NULL" if cell is None else "'" + str(cell).replace("'", "''") + "'" for cell in row
            )
            statements.append(f"INSERT INTO record.{table} VALUES ({cells})")
    return statements


@pytest.mark.parametrize("name", [pytest.param("spark", marks=needs_spark)])
def test_the_script_for_spark_loads_the_facts_and_has_the_statements_that_were_tested(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The steps' own statements are those of the engine, which ``test_every_table_...`` runs; the rest runs here."""
    session = request.getfixturevalue("started").newSession()
    statements = [part.strip() for part in script("spark", tested=True).split(";\n") if part.strip()]
    steps = {step.table: step for step in every_step()}
    types = None
    connection = connect()
    opentrd.knowledge.load_into(connection)
    ran = set()
    for statement in statements:
        bare = "\n".join(line for line in statement.splitlines() if not line.startswith("--"))
        if bare.startswith(("CREATE TABLE assess.", "CREATE VIEW assess.")):
            table = bare.split()[2].removeprefix("assess.")
            if types is None:
                from opentrd.record.raw import create_record_tables

                create_record_tables(connection)
                types = types_of(connection, "record", "knowledge")
                types["record"]["request"] = {"as_of": "DATE"}
                types["assess"] = {}
            made = translate(steps[table].sql, "spark", types, file=table)
            types["assess"][table] = made.columns
            assert bare.split(" AS\n", 1)[1] == made.sql
            ran.add(table)
        else:
            session.sql(bare)
    assert ran == set(steps)
    for table in opentrd.knowledge.assessment_tables():
        theirs = [tuple(row) for row in session.table(f"knowledge.{table}").collect()]
        assert _sorted(theirs) == _sorted(connection.execute(f"FROM knowledge.{table}").fetchall()), table
    assert [tuple(row) for row in session.table("record.request").collect()] == [(None,)]
