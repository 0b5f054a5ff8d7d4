"""Open the place where an OMOP CDM lies, for reading only: a folder of files, a DuckDB file or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from opentrd.record.omop_files import (
    CDM_TABLES,
    EVENTS,
    VOCABULARY,
    Relation,
    file_relation,
    first_line,
    quoted,
    repaired,
    split_name,
    table_files,
)
from opentrd.record.raw import InputError, note_unread

_NAMED = 12  # tables named in a message
CATALOG = "opentrd_source"  # the name under which a database is attached

# Columns that only the CDM's person table has, any of which tells it from the record table person.
PERSON_COLUMNS = frozenset(
    (
        "gender_concept_id",
        "year_of_birth",
        "month_of_birth",
        "day_of_birth",
        "birth_datetime",
        "race_concept_id",
        "ethnicity_concept_id",
        "person_source_value",
        "gender_source_value",
    )
)
_ONLY_CDM = frozenset(
    ("drug_exposure", "condition_occurrence", "procedure_occurrence")
)  # no record table's name


def is_omop(path: str | Path) -> bool:
    """Whether ``path`` is meant as an OMOP CDM: the CDM's person table beside an event table.

    A folder of event tables without a person table is one too, whose reading then says what is missing. Looks into a
    folder of tables or a DuckDB file (any schema); a ``postgresql://`` URL is taken for one.
    Never raises.
    """
    if is_postgres(path):
        return True
    path = Path(path)
    try:
        if path.is_dir():
            files, others = table_files(path)
            if not set(EVENTS) & set(files):
                return False
            if "person" not in files or not any(part.stat().st_size for part in files["person"]):
                # no CDM that can be read, but nothing else either: the reader says what is missing
                return bool(_ONLY_CDM & set(files)) and "exposure" not in {
                    split_name(name)[0] for name in others
                }
            with duckdb.connect() as connection:
                return looks_like_person(file_relation(connection, files["person"]))
        if not is_duckdb_file(path):
            return False
        with duckdb.connect() as connection, _attached(connection, path):
            return any(
                looks_like_person(tables.get("person")) and bool(set(EVENTS) & set(tables))
                for tables in _schemas(connection).values()
            )
    except (duckdb.Error, OSError, InputError):
        return False


@contextmanager
def opened(
    connection: duckdb.DuckDBPyConnection, source: str | Path, cdm_schema: str | None, read: set[str]
) -> Iterator[tuple[str, str | None, dict[str, Relation]]]:
    """Open ``source``: its kind, the CDM's schema (in a database) and the tables of ``read`` it has.

    Raises ``InputError`` when it cannot be opened.
    """
    if is_postgres(source):
        with _attached_postgres(connection, str(source)):
            schema, relations = _choose_schema(connection, source, cdm_schema, read)
            yield "postgresql", schema, relations
        return
    path = Path(source)
    if path.is_dir():
        files, others = table_files(path)
        note_unread(
            connection, [(name, "", "", "", "not a table of the OMOP CDM; not read") for name in others]
        )
        wanted = {table: parts for table, parts in files.items() if table in read}
        try:
            relations = {table: file_relation(connection, parts, table) for table, parts in wanted.items()}
            yield "folder", None, relations
        finally:
            for table in wanted:
                connection.execute(f"DROP TABLE IF EXISTS {repaired(table)}")
    elif not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    elif not is_duckdb_file(path):
        raise InputError(
            f"{path}: {'empty (0 bytes), ' if not path.stat().st_size else ''}not a DuckDB file; an OMOP CDM is a DuckDB "
            f"file, a folder of Parquet or CSV tables, or a postgresql:// URL"
        )
    else:
        with _attached(connection, path):
            schema, relations = _choose_schema(connection, path, cdm_schema, read)
            yield "duckdb", schema, relations


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS {CATALOG} (READ_ONLY)")
    except duckdb.Error as error:
        raise InputError(
            f"{path}: not a valid DuckDB file, or one that is damaged or in use: {first_line(error)}. Expected a DuckDB file "
            f"with the tables of an OMOP CDM; copy or export it again, or give a folder of Parquet or CSV tables"
        ) from error
    try:
        yield
    finally:
        connection.execute(f"DETACH {CATALOG}")


@contextmanager
def _attached_postgres(connection: duckdb.DuckDBPyConnection, url: str) -> Iterator[None]:
    try:
        connection.execute("LOAD postgres")
    except duckdb.Error as error:
        raise InputError(
            f"{shown(url)}: reading PostgreSQL needs DuckDB's extension postgres, which is not installed "
            f"here and is never fetched at run time. Install it once with "
            f"duckdb.connect().install_extension('postgres'), or export the CDM tables as Parquet or CSV "
            f"files and give their folder instead"
        ) from error
    try:
        connection.execute(f"ATTACH {quoted(url)} AS {CATALOG} (TYPE postgres, READ_ONLY)")
    except duckdb.Error as error:  # its text can repeat the URL with the password, so it is not passed on
        raise InputError(
            f"{shown(url)}: the PostgreSQL database cannot be opened; check host, port, database, user "
            f"and password"
        ) from error
    try:
        yield
    finally:
        connection.execute(f"DETACH {CATALOG}")


def _schemas(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Relation]]:
    """The CDM tables of the attached database by schema."""
    schemas: dict[str, dict[str, Relation]] = {}
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal ORDER BY ALL",
        [CATALOG],
    ).fetchall()
    for schema, table, column, kind in rows:
        if str(table).lower() in CDM_TABLES:
            sql = f"{CATALOG}.{_name(schema)}.{_name(table)}"
            relation = schemas.setdefault(schema, {}).setdefault(str(table).lower(), Relation(sql, {}))
            relation.columns[str(column).lower()] = (str(column), str(kind))
    return schemas


def _choose_schema(
    connection: duckdb.DuckDBPyConnection, source: str | Path, cdm_schema: str | None, read: set[str]
) -> tuple[str, dict[str, Relation]]:
    """The schema of the CDM and its tables; a vocabulary that lies in another schema is taken from there."""
    schemas = _schemas(connection)
    with_person = sorted(name for name, tables in schemas.items() if looks_like_person(tables.get("person")))
    if cdm_schema is not None:
        chosen = [name for name in with_person if name.lower() == cdm_schema.lower()]
        if not chosen:
            there = ", ".join(with_person) or "none"
            raise InputError(
                f"{shown(source)}: no OMOP CDM in the schema {cdm_schema}; schemas with one: {there}"
            )
    else:
        chosen = with_person
    if not chosen:
        found: dict[str, Relation] = {}
        for tables in schemas.values():
            found |= tables
        others = [] if found else _table_names(connection)
        raise InputError(f"{shown(source)}: {why_no_cdm(found, others)}")
    if len(chosen) > 1:
        raise InputError(
            f"{shown(source)}: more than one CDM ({', '.join(chosen)}): name one with --cdm-schema"
        )
    relations = {table: relation for table, relation in schemas[chosen[0]].items() if table in read}
    for table in VOCABULARY:
        elsewhere = [tables[table] for tables in schemas.values() if table in tables]
        if table not in relations and len(elsewhere) == 1:
            relations[table] = elsewhere[0]
    return chosen[0], relations


def looks_like_person(relation: Relation | None) -> bool:
    """Whether a table called person is the CDM's: it then has ``gender_concept_id`` or another of its columns."""
    return (
        relation is not None
        and "person_id" in relation.columns
        and bool(PERSON_COLUMNS & relation.columns.keys())
    )


def why_no_cdm(tables: dict[str, Relation], others: Sequence[str] = ()) -> str:
    """Why the tables found are no CDM that can be read: no table, no person table, or one that is not the CDM's."""
    names = sorted(tables) or list(others)
    found = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if not tables:
        why = "no CDM tables in it"
    elif "person" not in tables:
        why = "the CDM's table person is missing"
    elif not tables["person"].columns:
        why = "the CDM's table person is empty"
    else:
        why = "its table person is not the CDM's (no person_id with gender_concept_id or year_of_birth)"
    return (
        f"{why}; found: {found or 'no table'}. Expected the table person with gender_concept_id beside drug_exposure, "
        f"condition_occurrence and the others of the OMOP CDM; add what is missing and run again"
    )


def _table_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name = ? AND NOT internal ORDER BY ALL",
        [CATALOG],
    ).fetchall()
    return [str(name) for (name,) in rows]


def is_postgres(source: str | Path) -> bool:
    """Whether ``source`` is a PostgreSQL URL."""
    return isinstance(source, str) and source.startswith(("postgresql://", "postgres://"))


def is_duckdb_file(path: Path) -> bool:
    """Whether the file has DuckDB's mark, the letters DUCK after the first eight bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def shown(source: str | Path) -> str:
    """The source as a message may show it: a URL without user and password."""
    if not is_postgres(source):
        return str(source)
    url = urlsplit(str(source))
    return f"{url.scheme}://{url.hostname or ''}{url.path}"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
