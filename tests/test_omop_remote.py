"""A CDM read where it is gives the record that the embedded reader gives, and the same verdicts and stages.

Compared cell by cell, ids included, on DuckDB, PostgreSQL and Spark. What was not understood is compared by its counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from omop_cdm import CDM, write_folder
from omop_in_place import Embedded, as_parquet, complete, make_odd, type_cdm
from opentrd import knowledge
from opentrd.api import assess
from opentrd.assess.plan import leading_to
from opentrd.assess.script import script
from opentrd.cli import app
from opentrd.engines.base import Engine
from opentrd.record.omop_remote import InPlace, read_in_place
from opentrd.record.raw import InputError, connect
from opentrd.record.reading import read
from opentrd.record.schema import RECORD_COLUMNS
from opentrd.record.synthesize import synthesize

DATA = Path(__file__).parents[2] / "shared" / "data"
POSTGRES = os.environ.get("OPENTRD_TEST_POSTGRES")
# Tests run side by side on one server.
SCHEMA = f"opentrd_test_cdm_{os.getpid()}"
SOURCES = ("small", "synthetic", "odd", "synthea27nj", "synpuf50")
ENGINES = ("duckdb", "postgres", "spark")
# Counts that differ where a CDM has a row twice, or a date that cannot be: counted once here, twice there.
UNEQUAL = frozenset(
    {
        ("condition_occurrence", "date"), ("drug_exposure", "date"), ("drug_exposure", "end_date"), ("drug_exposure", "person_id"),
        ("measurement", "date"), ("observation_period", "person_id"), ("observation_period", "row"), ("person", "row"),
    }
)  # fmt: skip
RESULTS = ("episode", "trial", "verdict", "stage")
Rows = list[tuple[Any, ...]]


@dataclass
class Source:
    """A typed CDM as a DuckDB file and as Parquet, and what the embedded reader and chain make of it."""

    database: Path
    parquet: Path
    tables: dict[str, Rows]
    noted: dict[tuple[str, str], int]
    met: Rows


@pytest.fixture(scope="module")
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp(request.param)
    database = type_cdm(_cdm_folder(request.param, folder), folder / "source.duckdb")
    if request.param == "odd":
        make_odd(database)
    if request.param == "synthetic":
        complete(database)
    record = read(database)
    tables = {
        f"record.{table}": _sorted(record.connection, f"record.{table}")
        for table in RECORD_COLUMNS
        if table != "unread"
    }
    noted = _noted(record.connection)
    assess(record)
    tables |= {f"assess.{table}": _sorted(record.connection, f"assess.{table}") for table in RESULTS}
    met = record.connection.execute(
        "SELECT person_id, definition FROM assess.verdict WHERE met ORDER BY 1, 2"
    ).fetchall()
    return Source(database, as_parquet(database, folder / "parquet"), tables, noted, met)


def _cdm_folder(name: str, folder: Path) -> Path:
    if name == "small":
        return write_folder(folder / "cdm", CDM)
    if name in ("synthetic", "odd"):
        synthesize(150 if name == "odd" else 60, 11, folder / "cdm", "omop")
        return folder / "cdm"
    where = DATA / f"omop-{name}"
    if not where.is_dir():
        pytest.skip(f"{where} is not on this machine")
    if name == "synthea27nj":
        with zipfile.ZipFile(where / "Synthea27Nj_5.4.zip") as packed:
            packed.extractall(folder / "cdm", [file for file in packed.namelist() if "/" not in file])
        return folder / "cdm"
    shutil.copytree(where, folder / "cdm")
    (folder / "cdm" / "drug_strength_subset.parquet").rename(folder / "cdm" / "drug_strength.parquet")
    return folder / "cdm"


def _sorted(connection: duckdb.DuckDBPyConnection, table: str) -> Rows:
    return connection.execute(f"FROM {table} ORDER BY ALL").fetchall()


def _noted(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Rows noted per source and field: the embedded reader gives some a line each and counts the others."""
    counted: dict[tuple[str, str], int] = {}
    for source, field, reason in connection.execute(
        "SELECT source, field, reason FROM record.unread"
    ).fetchall():
        found = re.search(r": (\d+) rows?$", reason)
        counted[source, field] = counted.get((source, field), 0) + (int(found[1]) if found else 1)
    return counted


@contextmanager
def opened(engine: str, source: Source, folder: Path) -> Iterator[tuple[Engine, InPlace]]:
    """The engine with the CDM in it."""
    if engine == "duckdb":
        shutil.copy(source.database, folder / "copy.duckdb")
        with Embedded(folder / "copy.duckdb") as embedded:
            yield embedded, InPlace("the file", "cdm")
        return
    if engine == "spark":
        pytest.importorskip("pyspark", reason="PySpark is not installed")
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            pytest.skip("Spark needs a Java runtime")
        from opentrd.engines.spark import Spark

        with Spark() as spark:
            yield spark, InPlace(source.parquet)
        return
    with in_postgres(source) as (postgres, cdm):
        yield postgres, cdm


@contextmanager
def in_postgres(source: Source) -> Iterator[tuple[Engine, InPlace]]:
    """A PostgreSQL server with the CDM in a schema of its own."""
    if not POSTGRES:
        pytest.skip("OPENTRD_TEST_POSTGRES names no server")
    dbapi = pytest.importorskip(
        "adbc_driver_postgresql.dbapi", reason="the PostgreSQL driver is not installed"
    )
    from opentrd.engines.postgres import Postgres

    with dbapi.connect(POSTGRES, autocommit=True) as server, server.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        with duckdb.connect(str(source.database), read_only=True) as database:
            for (table,) in database.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'cdm' ORDER BY 1"
            ).fetchall():
                rows = database.sql(f"FROM cdm.{table}").to_arrow_table()
                cursor.adbc_ingest(table, rows, mode="create", db_schema_name=SCHEMA)
        try:
            with Postgres(POSTGRES) as postgres:
                yield postgres, InPlace(POSTGRES, SCHEMA)
        finally:
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def fetched(engine: Engine, schema: str, table: str) -> Rows:
    """The rows of a table of the engine, sorted as the embedded engine sorts."""
    columns = ", ".join(f'CAST("{name}" AS {kind})' for name, kind in engine.types[schema][table].items())
    with duckdb.connect() as connection:
        connection.register("fetched_rows", engine.fetch(schema, table).read_all())
        return connection.execute(f"SELECT {columns} FROM fetched_rows ORDER BY ALL").fetchall()


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("source", SOURCES, indirect=True)
def test_read_in_place_equals_the_embedded_reader(source: Source, engine_name: str, tmp_path: Path) -> None:
    connection = connect()
    knowledge.load_into(connection)
    with opened(engine_name, source, tmp_path) as (engine, cdm):
        engine.load(connection, "knowledge")
        found = read_in_place(engine, connection, cdm)
        for table, columns in RECORD_COLUMNS.items():
            if table != "unread":
                assert engine.types["record"][table] == columns, table
                assert fetched(engine, "record", table) == source.tables[f"record.{table}"], table
        assert found["persons"] == len(source.tables["record.person"])
        # The chain itself is compared in test_engines.py; here once over, on the CDM with all the faults.
        if engine_name != "duckdb" and "odd" in str(source.database):
            engine.run(leading_to(*RESULTS))
            for table in RESULTS:
                assert fetched(engine, "assess", table) == source.tables[f"assess.{table}"], table
    noted = _noted(connection)
    assert connection.execute("SELECT count(*) FROM record.unread WHERE row <> ''").fetchall() == [(0,)]
    # Rows that are there twice are counted before or after they are put together.
    once = (
        {key: n for key, n in source.noted.items() if key not in UNEQUAL}
        if "odd" in str(source.database)
        else source.noted
    )
    assert {key: noted.get(key, 0) for key in once} == once


@pytest.mark.parametrize("source", ["odd"], indirect=True)
def test_the_command_line_assesses_in_postgresql_and_leaves_only_the_cohort_there(
    source: Source, tmp_path: Path
) -> None:
    with in_postgres(source) as (postgres, _):
        results = f"{SCHEMA}_results"
        asked = ["assess", POSTGRES or "", "--cdm-schema", SCHEMA, "--out", str(tmp_path / "run"), "-q"]
        asked += ["--cohort-id", "40", "--results-schema", results]
        try:
            done = CliRunner().invoke(app, asked)
            assert done.exit_code == 0, done.output
            for table in RESULTS:
                rows = duckdb.sql(
                    f"FROM '{tmp_path / 'run' / 'tables' / f'{table}.parquet'}' ORDER BY ALL"
                ).fetchall()
                assert rows == source.tables[f"assess.{table}"], table
            cohort = duckdb.sql(
                f"SELECT count(*) FROM '{tmp_path / 'run' / 'tables' / 'cohort.parquet'}'"
            ).fetchall()
            assert cohort == postgres.rows(f"SELECT count(*) FROM {results}.cohort") != [(0,)]
            written = (tmp_path / "run" / "run.json").read_text(encoding="utf-8")
            assert "postgresql://" not in written
            left = postgres.rows(
                "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname ~ '^opentrd_[0-9a-f]{12}_'"
                f" AND nspname NOT LIKE '{getattr(postgres, 'prefix', '')}%'"
            )
            assert left == [(0,)]
        finally:
            postgres.rows(f"DROP SCHEMA IF EXISTS {results} CASCADE")


@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql")
@pytest.mark.parametrize("source", ["synthetic"], indirect=True)
def test_the_printed_script_reads_omop_in_psql(source: Source, tmp_path: Path) -> None:
    made = ("record", "knowledge", "assess", "opentrd_omop")
    with in_postgres(source) as (postgres, _):
        if postgres.rows(f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname IN {made}"):
            pytest.skip("the server has a schema that the script makes")
        file = tmp_path / "script.sql"
        file.write_text(script("postgres", tested=True, cdm_schema=SCHEMA), encoding="utf-8")
        command = [
            "psql",
            "--quiet",
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--file",
            str(file),
            POSTGRES or "",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            for table in (
                "person",
                "exposure",
                "condition",
                "procedure",
                "measurement",
                "observation_period",
            ):
                there = postgres.rows(f'SELECT * FROM record."{table}"')
                assert sorted(there, key=repr) == sorted(source.tables[f"record.{table}"], key=repr), table
            [(verdicts,)] = postgres.rows("SELECT count(*) FROM assess.verdict")
            met = postgres.rows("SELECT person_id, definition FROM assess.verdict WHERE met ORDER BY 1, 2")
            assert verdicts == len(source.tables["assess.verdict"])
            assert met == source.met
        finally:
            for schema in made:
                postgres.rows(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.mark.parametrize("source", ["synthetic"], indirect=True)
def test_the_printed_script_reads_omop_in_duckdb(source: Source, tmp_path: Path) -> None:
    shutil.copy(source.database, tmp_path / "site.duckdb")
    with duckdb.connect(str(tmp_path / "site.duckdb")) as site:
        site.execute(script("duckdb", tested=True, cdm_schema="cdm"))
        for table in ("person", "exposure", "condition", "procedure", "measurement", "observation_period"):
            assert _sorted(site, f"record.{table}") == source.tables[f"record.{table}"], table
        for table in RESULTS:
            assert _sorted(site, f"assess.{table}") == source.tables[f"assess.{table}"], table


def test_a_cdm_whose_columns_are_text_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "text.duckdb")) as database:
        database.execute("CREATE SCHEMA cdm")
        database.execute("CREATE TABLE cdm.person AS SELECT '1' AS person_id, 'F' AS gender_concept_id")
    connection = connect()
    knowledge.load_into(connection)
    with (
        Embedded(tmp_path / "text.duckdb") as engine,
        pytest.raises(InputError, match=r"person\.gender_concept_id has the type varchar; expected whole"),
    ):
        read_in_place(engine, connection, InPlace("the file"))


@pytest.mark.parametrize(
    ("schema", "why"), [("other", "no OMOP CDM in the schema other"), (None, "no CDM tables")]
)
def test_a_database_without_a_cdm_says_so(schema: str | None, why: str, tmp_path: Path) -> None:
    connection = connect()
    with Embedded(tmp_path / "empty.duckdb") as engine, pytest.raises(InputError, match=why):
        read_in_place(engine, connection, InPlace("the file", schema))


@pytest.mark.parametrize("source", ["small"], indirect=True)
def test_one_person_alone(source: Source, tmp_path: Path) -> None:
    connection = connect()
    knowledge.load_into(connection)
    with opened("duckdb", source, tmp_path) as (engine, cdm):
        engine.load(connection, "knowledge")
        cdm.person = "1"
        assert read_in_place(engine, connection, cdm)["persons"] == 1
        expected = [row for row in source.tables["record.exposure"] if row[1] == "1"]
        assert fetched(engine, "record", "exposure") == expected


@pytest.mark.parametrize("version", ["5.3", "5.4"])
def test_the_printed_script_reads_what_the_version_has(version: str) -> None:
    printed = script("spark", tested=True, cdm_schema="site", cdm_version=version)
    assert f"an OMOP CDM {version} with its vocabulary in the schema site" in printed
    assert ("procedure_end_datetime" in printed) == (version == "5.4")
    assert "`site`.`drug_exposure`" in printed
