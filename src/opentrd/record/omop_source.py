"""Open the place where an OMOP CDM lies, for reading only: a folder of files, a DuckDB file or PostgreSQL."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from opentrd.record.raw import InputError, note_unread

CATALOG = "opentrd_source"  # the name under which a database is attached

EVENTS = ("drug_exposure", "condition_occurrence", "procedure_occurrence", "measurement", "observation")
VOCABULARY = ("concept", "concept_ancestor", "drug_strength")
# fmt: off
CDM_TABLES = frozenset((
    "person", "observation_period", "cdm_source", "visit_occurrence", "visit_detail", "device_exposure",
    "death", "note", "note_nlp", "specimen", "fact_relationship", "location", "care_site", "provider",
    "payer_plan_period", "cost", "drug_era", "dose_era", "condition_era", "episode", "episode_event",
    "metadata", "vocabulary", "domain", "concept_class", "concept_relationship", "relationship",
    "concept_synonym", "source_to_concept_map", "cohort", "cohort_definition", "attribute_definition",
    "cohort_attribute", "procedure_cost", "drug_cost", "visit_cost", "device_cost",
    *EVENTS, *VOCABULARY,
))
# fmt: on
SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz")


@dataclass(frozen=True)
class Relation:
    """One table of the source: the SQL that reads it; its columns (lower-case name -> written name, type)."""

    sql: str
    columns: dict[str, tuple[str, str]]


def is_omop(path: str | Path) -> bool:
    """Whether ``path`` is an OMOP CDM: a person table with ``gender_concept_id`` beside an event table.

    Looks into a folder of tables or a DuckDB file (any schema); a ``postgresql://`` URL is taken for one.
    Never raises.
    """
    if is_postgres(path):
        return True
    path = Path(path)
    try:
        if path.is_dir():
            files, _ = table_files(path)
            if "person" not in files or not set(EVENTS) & set(files):
                return False
            with duckdb.connect() as connection:
                return looks_like_person(_file_relation(connection, files["person"]))
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
        relations = {table: _file_relation(connection, parts, table) for table, parts in wanted.items()}
        yield "folder", None, relations
    elif not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    elif not is_duckdb_file(path):
        raise InputError(
            f"{path}: not a DuckDB file; an OMOP CDM is a DuckDB file, a folder of Parquet or CSV tables, "
            f"or a postgresql:// URL"
        )
    else:
        with _attached(connection, path):
            schema, relations = _choose_schema(connection, path, cdm_schema, read)
            yield "duckdb", schema, relations


def table_files(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The files of each CDM table in a folder, and the names of data files that are no CDM table.

    A table is one file, or a folder named after it that holds its parts, as Spark writes it.
    """
    files: dict[str, list[Path]] = {}
    others = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        table, suffix = _split(path.name)
        parts = [path] if path.is_file() else sorted(part for part in path.iterdir() if _split(part.name)[1])
        if not parts or (path.is_file() and not suffix):
            continue
        if table not in CDM_TABLES:
            others.append(path.name)
            continue
        if table in files:
            raise InputError(
                f"{folder}: the table {table} is there twice ({files[table][0].name} and {path.name}); "
                f"keep one of them"
            )
        files[table] = parts
    return files, others


def _split(name: str) -> tuple[str, str]:
    """A file name as (lower-case stem, known suffix or '')."""
    lower = name.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            return lower.removesuffix(suffix), suffix
    return lower, ""


def _file_relation(
    connection: duckdb.DuckDBPyConnection, parts: list[Path], note_as: str | None = None
) -> Relation:
    """How one table's files are read. With ``note_as`` lines that cannot be parsed are noted."""
    names = "[" + ", ".join(_quoted(str(part)) for part in parts) + "]"
    if _split(parts[0].name)[1] == ".parquet":
        sql = f"read_parquet({names}, union_by_name = true)"
        return Relation(sql, _described(connection, sql, parts[0]))
    headers = [_header(part) for part in parts]
    # the Athena download of the vocabulary is separated by tabs and does not quote
    tab = "\t" in headers[0]
    dialect = "delim = '\t', quote = ''" if tab else "delim = ',', quote = '\"', escape = '\"'"
    options = f"{names}, {dialect}, header = true, nullstr = ['', 'NA', 'NULL', '\\N']"
    if len(set(headers)) == 1:  # nothing has to be guessed, and not again at each use of the view
        written = next(csv.reader([headers[0]], delimiter="\t" if tab else ","), [])
        columns = {name.strip().lower(): (name, "VARCHAR") for name in written}
        listed = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in written)
        options += f", auto_detect = false, columns = {{{listed}}}"
    else:
        options += ", all_varchar = true, union_by_name = true"
        columns = _described(connection, f"read_csv({options})", parts[0])
    sql = f"read_csv({options})"
    if note_as:
        try:
            connection.execute(f"SELECT count(*) FROM {sql}").fetchall()
        except duckdb.Error as error:
            sql = f"read_csv({options}, ignore_errors = true)"
            why = "lines that do not have the header's columns, or are not UTF-8, were not read"
            note_unread(connection, [(note_as, "", "", parts[0].name, f"{why}: {first_line(error)}")])
    return Relation(sql, columns)


def _header(path: Path) -> str:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            header = str(file.readline()).rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the file cannot be read: {first_line(error)}") from error
    if not header.strip() or "\0" in header:
        raise InputError(f"{path}: the first line is no header; expected the column names of a CDM table")
    return header


def _described(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> dict[str, tuple[str, str]]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
    except duckdb.Error as error:
        raise InputError(f"{path}: the file cannot be read as a table: {first_line(error)}") from error
    return {str(name).lower(): (str(name), str(kind)) for name, kind, *_ in rows}


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    try:
        connection.execute(f"ATTACH {_quoted(str(path))} AS {CATALOG} (READ_ONLY)")
    except duckdb.Error as error:
        raise InputError(f"{path}: the DuckDB file cannot be opened: {first_line(error)}") from error
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
        connection.execute(f"ATTACH {_quoted(url)} AS {CATALOG} (TYPE postgres, READ_ONLY)")
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
        raise InputError(
            f"{shown(source)}: no OMOP CDM: no schema has a table person with the column gender_concept_id"
        )
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
    """Whether a table called person is the CDM's: it then has ``gender_concept_id``."""
    return relation is not None and {"person_id", "gender_concept_id"} <= relation.columns.keys()


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


def first_line(error: BaseException) -> str:
    """The first line of an error's text: the rest of a DuckDB error is advice about its own options."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
