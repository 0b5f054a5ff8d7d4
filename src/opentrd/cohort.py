"""The persons who meet each definition as an OMOP ``cohort`` table, so that OHDSI tools can go on with them.

Only persons who certainly meet a definition (``met`` is true) are members. A membership begins on ``met_on``, the first
day on which it is certain, and ends on ``observed_to``. One definition is one ``cohort_definition_id``: the first id is
the caller's, the next ones follow in the order of the definitions' names; ``cohort_definition`` says which is which.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from opentrd.knowledge.wording import definition_texts
from opentrd.record.raw import InputError

if TYPE_CHECKING:
    from opentrd.api import Assessment

_LARGEST_ID = 2_147_483_647  # the CDM's ids of definitions are four-byte integers
_SCHEMA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_MARK = "OpenTRD: "  # begins the names of our definitions, so that no one else's is ever replaced
_TARGET = "cohort_target"
_COLUMNS = {
    "cohort": "cohort_definition_id INTEGER NOT NULL, subject_id BIGINT NOT NULL, cohort_start_date DATE NOT NULL, "
    "cohort_end_date DATE NOT NULL",
    "cohort_definition": "cohort_definition_id INTEGER NOT NULL, cohort_definition_name VARCHAR(255) NOT NULL, "
    "cohort_definition_description TEXT, definition_type_concept_id INTEGER NOT NULL, cohort_definition_syntax TEXT, "
    "subject_concept_id INTEGER NOT NULL, cohort_initiation_date DATE",
}
Run = Callable[[str], list[tuple[Any, ...]]]


def check_request(cohort_id: int | None, results_schema: str | None, inputs: list[str]) -> None:
    """Raise InputError when the cohort table that is asked for cannot be written, before anything is computed."""
    from opentrd.record.omop_source import is_duckdb_file, is_postgres

    if cohort_id is None:
        if results_schema is not None:
            raise InputError(
                "--results-schema is where the cohort table goes; give --cohort-id N, its first id, as well."
            )
        return
    if not 0 < cohort_id <= _LARGEST_ID - 10_000:
        raise InputError(
            f"--cohort-id {cohort_id}: expected a whole number from 1 to {_LARGEST_ID - 10_000}."
        )
    if results_schema is None:
        return
    if not _SCHEMA_NAME.fullmatch(results_schema):
        raise InputError(
            f"--results-schema {results_schema!r}: expected a name of letters, digits and _, not longer than 63."
        )
    if len(inputs) != 1 or not (is_postgres(inputs[0]) or is_duckdb_file(Path(inputs[0]))):
        raise InputError(
            "--results-schema is a schema of the database that holds the CDM, but the input is no database; leave it out: "
            "the cohort table is also written to tables/cohort.parquet."
        )


def make_cohort(assessment: Assessment, first_id: int) -> None:
    """Make ``cohort.cohort`` and ``cohort.cohort_definition`` in the assessment's database.

    ``subject_id`` is the person's id as a whole number, or as text where an id is none. Raises InputError when ``first_id``
    leaves no room for the ids.
    """
    connection = assessment.connection
    connection.execute("CREATE OR REPLACE SCHEMA cohort")
    connection.execute(
        "CREATE TABLE cohort.number AS SELECT definition, CAST(? + row_number() OVER (ORDER BY definition) - 1 AS INTEGER) "
        "AS cohort_definition_id FROM (SELECT DISTINCT definition FROM assess.verdict)",
        [first_id],
    )
    texts = definition_texts(connection)
    connection.execute("CREATE TABLE cohort.meaning (definition VARCHAR, description VARCHAR)")
    described = [[name, str(text.get("text") or "")] for name, text in texts.items()]
    connection.executemany("INSERT INTO cohort.meaning VALUES (?, ?)", described)
    connection.execute(
        f"""CREATE TABLE cohort.cohort_definition AS
        SELECT n.cohort_definition_id, '{_MARK}' || n.definition AS cohort_definition_name,
            coalesce(m.description || ' ', '') || 'Members certainly meet the definition; from the first certain day to '
                || 'the end of what was observed.' AS cohort_definition_description,
            CAST(0 AS INTEGER) AS definition_type_concept_id, CAST(NULL AS VARCHAR) AS cohort_definition_syntax,
            CAST(0 AS INTEGER) AS subject_concept_id, CAST(NULL AS DATE) AS cohort_initiation_date
        FROM cohort.number AS n LEFT JOIN cohort.meaning AS m ON m.definition = n.definition
        ORDER BY n.cohort_definition_id"""
    )
    [(whole,)] = connection.execute(
        "SELECT count(*) = count(TRY_CAST(person_id AS BIGINT)) FROM assess.verdict WHERE met"
    ).fetchall()
    connection.execute(
        f"""CREATE TABLE cohort.cohort AS
        SELECT n.cohort_definition_id, {"CAST(v.person_id AS BIGINT)" if whole else "v.person_id"} AS subject_id,
            v.met_on AS cohort_start_date, v.observed_to AS cohort_end_date
        FROM assess.verdict AS v JOIN cohort.number AS n ON n.definition = v.definition
        WHERE v.met AND v.met_on <= v.observed_to
        ORDER BY ALL"""
    )
    connection.execute("DROP TABLE cohort.number; DROP TABLE cohort.meaning")


def write_files(assessment: Assessment, tables: Path) -> tuple[str, ...]:
    """Write ``cohort.parquet`` and ``cohort_definition.parquet`` into a folder; return the names of the tables."""
    for name in _COLUMNS:
        assessment.connection.table(f"cohort.{name}").write_parquet(
            str(tables / f"{name}.parquet"), compression="zstd"
        )
    return tuple(_COLUMNS)


def write_database(assessment: Assessment, source: str, schema: str) -> None:
    """Write the cohort table into a schema of the database that holds the CDM: PostgreSQL, or a DuckDB file.

    The schema and its tables are made where they are missing. Memberships of an earlier run under the same ids are
    replaced; ids that something else holds raise InputError, and nothing is changed.
    """
    from opentrd.record.omop_source import is_postgres

    connection = assessment.connection
    kind = dict(
        connection.execute("SELECT column_name, column_type FROM (DESCRIBE cohort.cohort)").fetchall()
    )
    if kind["subject_id"] != "BIGINT":
        raise InputError(
            "Some persons have an id that is no whole number, which the cohort table of the CDM demands; leave out "
            "--results-schema: tables/cohort.parquet holds the ids as text."
        )
    if is_postgres(source):
        from opentrd.engines.postgres import Postgres

        server = Postgres(source)
        with server:
            server.load(connection, "cohort")

            def run(statement: str) -> list[tuple[Any, ...]]:
                if statement.startswith("SELECT"):
                    return server.rows(statement)
                server.execute(statement)
                return []

            loaded = {
                name: ".".join(f'"{part}"' for part in server.place("cohort", name)) for name in _COLUMNS
            }
            _insert(run, f'"{schema}"', schema, loaded, "postgres")
        return
    quoted = str(source).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{quoted}' AS {_TARGET}")
    except duckdb.Error as problem:
        raise InputError(
            f"{source}: the cohort table cannot be written, the file is in use or not writable: {str(problem).splitlines()[0]}"
        ) from None
    try:
        _insert(
            lambda statement: connection.execute(statement).fetchall(),
            f'{_TARGET}."{schema}"', schema, {name: f"cohort.{name}" for name in _COLUMNS}, "duckdb",
        )  # fmt: skip
    except duckdb.Error as problem:
        raise InputError(
            f"{source}: the cohort table cannot be written into the schema {schema}: {str(problem).splitlines()[0]}. "
            "Expected the columns of the CDM in cohort and cohort_definition; give another --results-schema."
        ) from None
    finally:
        connection.execute(f"DETACH {_TARGET}")


def _insert(run: Run, target: str, schema: str, loaded: dict[str, str], dialect: str) -> None:
    """Check that the ids are free or ours, and put the rows in; all or nothing."""
    here = f"AND table_catalog = '{_TARGET}'" if dialect == "duckdb" else ""
    run("BEGIN TRANSACTION")
    try:
        if not run(
            f"SELECT 1 FROM information_schema.schemata WHERE schema_name = '{schema}' {here.replace('table_catalog', 'catalog_name')}"
        ):
            run(f"CREATE SCHEMA {target}")
        for name, columns in _COLUMNS.items():
            there = f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{schema}' AND table_name = '{name}' {here}"
            if not run(there):
                run(f"CREATE TABLE {target}.{name} ({columns})")
        ours = f"SELECT cohort_definition_id, cohort_definition_name FROM {loaded['cohort_definition']}"
        taken = run(
            f"SELECT d.cohort_definition_id FROM {target}.cohort_definition AS d JOIN ({ours}) AS o "
            "ON o.cohort_definition_id = d.cohort_definition_id "
            "WHERE d.cohort_definition_name <> o.cohort_definition_name "
            f"UNION SELECT c.cohort_definition_id FROM {target}.cohort AS c JOIN ({ours}) AS o "
            f"ON o.cohort_definition_id = c.cohort_definition_id LEFT JOIN {target}.cohort_definition AS d "
            "ON d.cohort_definition_id = c.cohort_definition_id AND d.cohort_definition_name = o.cohort_definition_name "
            "WHERE d.cohort_definition_id IS NULL ORDER BY 1"
        )
        if taken:
            raise InputError(
                f"The schema {schema} has cohorts of someone else under {len(taken)} of the ids, the first {taken[0][0]}; "
                "give another --cohort-id. Nothing was written there."
            )
        for name, columns in _COLUMNS.items():
            listed = ", ".join(column.split()[0] for column in columns.split(", "))
            run(
                f"DELETE FROM {target}.{name} WHERE cohort_definition_id IN "
                f"(SELECT cohort_definition_id FROM {loaded['cohort_definition']})"
            )
            run(f"INSERT INTO {target}.{name} ({listed}) SELECT {listed} FROM {loaded[name]}")
        run("COMMIT")
    except BaseException:
        run("ROLLBACK")
        raise
