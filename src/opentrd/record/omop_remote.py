"""Read an OMOP CDM where it is: ``record.*`` is made inside PostgreSQL or Spark; no row of a patient leaves it.

What a concept means is decided once, by the same SQL files as for the embedded reader (folder ``omop``), from the few
different concepts that the CDM uses: their ids, names, codes and counts are fetched, small mapping tables are sent
back, and the SQL files in the folder ``omop_remote`` join the rows with them. What was not understood comes back as
counts.

The record is the same as the embedded reader's. Differences: rows without an id, or with an id that several rows
have, are named otherwise; ``record.unread`` counts per kind and names no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from opentrd.record.omop import COLUMNS, IMPLAUSIBLE_MULTIPLE, LOST_WITHOUT, SQL_FOLDER, UNREAD_LINES
from opentrd.record.omop_files import VOCABULARY, Relation
from opentrd.record.omop_places import Place, expose, tables_in_folder, tables_in_schema
from opentrd.record.raw import note_unread
from opentrd.record.schema import RAW_COLUMNS, RECORD_COLUMNS

__all__ = ["InPlace", "bring_table", "read_in_place"]

_FOLDER = Path(__file__).parent / "omop_remote"
# What is decided on the fetched concepts, by the embedded reader's files.
_DECIDE = (
    "known_code",
    "meaning",
    "drug_words",
    "drug_agent",
    "drug_form",
    "strength",
    "procedure_name",
    "unread",
)
# Functions beyond those of the assessment; each means the same on the engines for the arguments used here.
FUNCTIONS = frozenset({"floor", "regexplike"})
_RECORD = ("exposure", "condition", "procedure", "measurement", "observation_period", "person")
# The record tables whose rows have ids, and the CDM table that most of their rows come from.
_CDM_TABLE = {
    "exposure": "drug_exposure", "condition": "condition_occurrence", "procedure": "procedure_occurrence",
    "measurement": "measurement",
}  # fmt: skip


class Engine(Place, Protocol):
    """What this module asks of an engine (``opentrd.engines.base.Engine``)."""

    types: dict[str, dict[str, dict[str, str]]]

    def load(self, connection: duckdb.DuckDBPyConnection, *schemas: str) -> None:
        """Copy the tables of these schemas of an embedded database into the engine."""

    def create(
        self, schema: str, table: str, sql: str, *, file: str, functions: frozenset[str] = ...
    ) -> None:
        """Make a table from a SELECT in DuckDB's dialect."""

    def fetch(self, schema: str, table: str) -> pa.RecordBatchReader:
        """The rows of a table."""


@dataclass
class InPlace:
    """A CDM that stays where it is: a ``postgresql://`` address (``schema`` names the CDM) or a folder of Parquet.

    ``person`` keeps one person's rows.
    """

    source: str | Path = field(repr=False)  # an address may hold a password
    schema: str | None = None
    person: str | None = None


def read_in_place(
    engine: Engine,
    connection: duckdb.DuckDBPyConnection,
    cdm: InPlace,
    *,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Make ``record.*`` on the engine from the CDM that it holds.

    ``connection`` is an embedded database with the knowledge; the concepts are decided there, and its
    ``record.unread`` receives what was not understood. Returns ``cdm_schema``, ``tables`` and ``persons``.
    Raises InputError when there is no CDM, or one whose columns are not typed.
    """
    tell = progress or (lambda _: None)
    tell("looking for the CDM")
    if isinstance(cdm.source, Path):
        schema, relations = None, tables_in_folder(engine, cdm.source)
    else:
        schema, relations = tables_in_schema(engine, cdm.schema, "the database")
    connection.execute("CREATE SCHEMA IF NOT EXISTS record")
    expose(engine, relations, cdm.person)
    _note_missing(engine, connection, relations)
    _decide_concepts(engine, connection, tell)
    for table in ("drug_row", "condition_row", "procedure_row", "measured", "word_use"):
        tell(f"reading in place: {table}")
        _make(engine, "omop", table, _FOLDER / "use")
    bring_table(engine, connection, "omop", "word_use")
    connection.execute((_FOLDER / "decide" / "wording.sql").read_text(encoding="utf-8"))
    engine.load(connection, "wording")
    _make(engine, "omop", "person_row", _FOLDER / "use")
    for table in _RECORD:
        tell(f"reading in place: {table}")
        _make(engine, "record", table, _FOLDER / "record")
        if table in _CDM_TABLE:
            _name_rows(engine, connection, table)
    _complete(engine)
    tell("counting what was not understood")
    _note(engine, connection)
    connection.execute(
        "DROP SCHEMA IF EXISTS omop CASCADE; DROP SCHEMA mapping CASCADE; DROP SCHEMA wording CASCADE"
    )
    persons = _one(engine, "omop", "persons", "SELECT count(*) AS persons FROM record.person")
    return {"cdm_schema": schema, "tables": sorted(relations), "persons": persons["persons"]}


def _decide_concepts(
    engine: Engine, connection: duckdb.DuckDBPyConnection, tell: Callable[[str], None]
) -> None:
    """Fetch the concepts in use, decide what they mean, and send ``mapping.*``."""
    connection.execute(
        "DROP SCHEMA IF EXISTS omop CASCADE; CREATE SCHEMA omop; CREATE OR REPLACE SCHEMA asked"
    )
    connection.execute(f"SET VARIABLE omop_implausible_multiple = {IMPLAUSIBLE_MULTIPLE}")
    connection.execute(f"SET VARIABLE omop_unread_lines = {UNREAD_LINES}")
    connection.execute((Path(__file__).parent / "normalise" / "macros.sql").read_text(encoding="utf-8"))
    _decide(connection, "vocabulary", "known_code")
    connection.execute(
        "CREATE TABLE asked.known_concept AS SELECT DISTINCT TRY_CAST(code AS BIGINT) AS concept_id FROM omop.known_code "
        "WHERE system = 'OMOP' AND TRY_CAST(code AS BIGINT) IS NOT NULL"
    )
    engine.load(connection, "asked")
    for table in ("concept_use", "named_concept", "ancestry", "drug_strength"):
        tell(f"reading in place: {table}")
        _make(engine, "omop", table, _FOLDER / "use")
        bring_table(engine, connection, "omop", table)
    _decide(connection, *_DECIDE[1:])
    connection.execute((_FOLDER / "decide" / "mapping.sql").read_text(encoding="utf-8"))
    connection.execute("DROP SCHEMA asked CASCADE")
    engine.load(connection, "mapping")


def _decide(connection: duckdb.DuckDBPyConnection, *steps: str) -> None:
    for step in steps:
        connection.execute((SQL_FOLDER / f"{step}.sql").read_text(encoding="utf-8"))


def _make(engine: Engine, schema: str, table: str, folder: Path) -> None:
    path = folder / f"{table}.sql"
    engine.create(schema, table, path.read_text(encoding="utf-8"), file=path.name, functions=FUNCTIONS)


def bring_table(engine: Engine, connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Copy a table of the engine into the same schema of an embedded database, with the types it has there."""
    columns = ", ".join(
        f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in engine.types[schema][table].items()
    )
    connection.register("brought_rows", engine.fetch(schema, table))
    connection.execute(f"CREATE OR REPLACE TABLE {schema}.{table} AS SELECT {columns} FROM brought_rows")
    connection.unregister("brought_rows")


def _one(engine: Engine, schema: str, table: str, query: str) -> dict[str, Any]:
    """The only row of a small query in DuckDB's dialect."""
    engine.create(schema, table, query, file=table, functions=FUNCTIONS)
    (row,) = engine.fetch(schema, table).read_all().to_pylist()
    return dict(row)


def _name_rows(engine: Engine, connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Give rows without an id, or with one that others have, an id of their own; equal rows count once."""
    name = f"{table}_id"
    columns = list(RECORD_COLUMNS[table])
    template = Template((_FOLDER / "repeated_id.sql").read_text(encoding="utf-8"))
    first = None
    while True:
        counted = _one(
            engine, "omop", f"{table}_count",
            f"SELECT count(*) AS n, count({name}) AS given, count(DISTINCT {name}) AS different FROM record.{table}",
        )  # fmt: skip
        if counted["n"] == counted["given"] == counted["different"]:
            break
        first = first or counted
        sql = template.substitute(
            table=table,
            id=name,
            columns=", ".join(columns),
            ordered=", ".join(f"{column} NULLS FIRST" for column in columns if column != name),
            others=", ".join(column for column in columns if column != name),
        )
        engine.create("omop", f"{table}_named", sql, file="repeated_id.sql", functions=FUNCTIONS)
        engine.create(
            "record", table, f"SELECT {', '.join(columns)} FROM omop.{table}_named", file="repeated_id.sql"
        )  # fmt: skip
    if first:
        left = counted["n"]
        source = _CDM_TABLE[table]
        note_unread(
            connection, _lines(source, "row", "", "the same row twice, counted once", first["n"] - left)
        )
        many = left - first["different"]
        why = "no id, or that of another row; all are used, each under an id of its own"
        note_unread(connection, _lines(source, f"{table}_id", "", why, many))


def _lines(source: str, field: str, value: str, reason: str, n: int) -> list[tuple[str, str, str, str, str]]:
    return [(source, "", field, value, f"{reason}: {n} row{'s' if n != 1 else ''}")] if n else []


def _complete(engine: Engine) -> None:
    """The record tables that a CDM does not fill."""
    for table in ("genotype", "coverage", "unused"):
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in RECORD_COLUMNS[table].items())
        engine.create("record", table, f"SELECT {columns} FROM record.person WHERE FALSE", file=table)
    names = " UNION ALL ".join(
        f"SELECT '{table}' AS table_name" for table in RAW_COLUMNS if table != "coverage"
    )
    engine.create("record", "kept", names, file="kept")


def _note(engine: Engine, connection: duckdb.DuckDBPyConnection) -> None:
    for table in ("note", "note_person"):
        _make(engine, "omop", table, _FOLDER)
        bring_table(engine, connection, "omop", table)
        connection.execute(
            "INSERT INTO record.unread SELECT source, '', field, value, "
            "reason || ': ' || n || CASE WHEN n = 1 THEN ' row' ELSE ' rows' END "
            f"FROM omop.{table} ORDER BY source, field, value, reason"
        )


def _note_missing(
    engine: Engine, connection: duckdb.DuckDBPyConnection, relations: Mapping[str, Relation]
) -> None:
    """Note every table and every column that is not there, with what cannot be read without it."""
    notes = []
    for table, lost in LOST_WITHOUT.items():
        if table not in relations:
            notes.append((table, "", "", "", f"the CDM has no such table: {lost}"))
        elif table in VOCABULARY and not engine.rows(f"SELECT 1 FROM {relations[table].sql} LIMIT 1"):
            notes.append((table, "", "", "", f"the table is empty: {lost}"))
    own = "" if engine.dialect == "spark" else relations["person"].sql.rpartition(".")[0]
    for table in VOCABULARY:
        if own and table in relations and relations[table].sql.rpartition(".")[0] != own:
            where = relations[table].sql
            notes.append(
                (table, "", "", "", f"not in the schema of the CDM; read from {where}, the only one there is")
            )
    for table, relation in relations.items():
        for written in " ".join(COLUMNS[table].values()).split():
            names = written.rstrip("?").split("|")
            if not written.endswith("?") and not any(name in relation.columns for name in names):
                notes.append(
                    (table, "", names[0], "", "the table has no such column; what it says is not known")
                )
    note_unread(connection, notes)
