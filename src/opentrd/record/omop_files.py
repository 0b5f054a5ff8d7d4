"""The files of an OMOP CDM: which hold which table, and the SQL that reads one, damaged ones included."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from opentrd.record.raw import InputError, note_unread

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


def table_files(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The files of each CDM table in a folder, and the names of data files that are no CDM table.

    A table is one file, or a folder named after it that holds its parts, as Spark writes it.
    """
    files: dict[str, list[Path]] = {}
    others = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        table, suffix = split_name(path.name)
        parts = (
            [path] if path.is_file() else sorted(part for part in path.iterdir() if split_name(part.name)[1])
        )
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


def split_name(name: str) -> tuple[str, str]:
    """A file name as (lower-case stem, known suffix or '')."""
    lower = name.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            return lower.removesuffix(suffix), suffix
    return lower, ""


def file_relation(
    connection: duckdb.DuckDBPyConnection, parts: list[Path], note_as: str | None = None
) -> Relation:
    """How one table's files are read. With ``note_as`` lines that cannot be parsed are noted."""
    held = [part for part in parts if part.stat().st_size and _has_content(part)]
    if not held:
        if note_as:
            why = "the file is empty; read as a table without rows"
            note_unread(connection, [(note_as, "", "", parts[0].name, why)])
        return Relation("(SELECT 1 WHERE false)", {})
    parts = held
    names = "[" + ", ".join(quoted(str(part)) for part in parts) + "]"
    if split_name(parts[0].name)[1] == ".parquet":
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
        listed = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in written)
        options += f", auto_detect = false, columns = {{{listed}}}"
    else:
        options += ", all_varchar = true, union_by_name = true"
        columns = _described(connection, f"read_csv({options})", parts[0])
    sql = f"read_csv({options})"
    if note_as:
        sql = _readable(connection, options, note_as, parts[0])
    return Relation(sql, columns)


def _readable(connection: duckdb.DuckDBPyConnection, options: str, table: str, path: Path) -> str:
    """The SQL that reads a table's CSV files; what had to be done for it is noted.

    Text that is not UTF-8 is read as Latin-1. Lines that still cannot be parsed are left out; the table is then copied,
    since DuckDB leaves a line out only where the column at fault is asked for. Raises ``InputError`` when even that
    fails.
    """
    faults = []
    for encoding in ("", ", encoding = 'latin-1'"):
        sql = f"read_csv({options}{encoding})"
        try:  # every column, since DuckDB checks only what is asked for
            connection.execute(f"SELECT count(COLUMNS(*)) FROM {sql}").fetchall()
        except duckdb.Error as error:
            faults.append(error)
            if "unicode" not in str(error).lower() and "utf-8" not in str(error).lower():
                break
        else:
            if encoding:
                why = (
                    "not UTF-8 throughout; the file was read as Latin-1, so letters with accents may be wrong"
                )
                note_unread(connection, [(table, "", "", path.name, f"{why}: {first_line(faults[0])}")])
            return sql
    copy = repaired(table)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {copy} AS SELECT * FROM read_csv({options}, ignore_errors = true)"
        )
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    why = "lines that do not have the header's columns, or are not UTF-8, were not read"
    note_unread(connection, [(table, "", "", path.name, f"{why}: {first_line(faults[0])}")])
    return copy


def repaired(table: str) -> str:
    return f"temp.omop_readable_{table}"


def _has_content(path: Path) -> bool:
    """Whether there is anything in a file, also once it is unpacked."""
    if not path.name.lower().endswith(".gz"):
        return True
    try:
        with gzip.open(path, "rb") as file:
            return bool(file.read(1))
    except (OSError, EOFError, zlib.error):
        return True  # told when it is read


def unreadable(path: Path, error: BaseException) -> InputError:
    """The error of a table file that cannot be read: the file, what was expected, what to do."""
    kind = "Parquet" if split_name(path.name)[1] == ".parquet" else "CSV (UTF-8, with a header line)"
    packed = ", packed with gzip" if path.name.lower().endswith(".gz") else ""
    return InputError(
        f"{path}: the file cannot be read as a table: {first_line(error)}. Expected a CDM table as {kind}{packed}; "
        f"export the table again"
    )


def _header(path: Path) -> str:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            header = str(file.readline()).rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from error
    if not header.strip() or "\0" in header:
        raise InputError(
            f"{path}: the first line is no header; expected the column names of a CDM table as UTF-8 text; "
            f"export the table again, with a header"
        )
    return header


def _described(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> dict[str, tuple[str, str]]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    return {str(name).lower(): (str(name), str(kind)) for name, kind, *_ in rows}


def first_line(error: BaseException) -> str:
    """The first line of an error's text: the rest of a DuckDB error is advice about its own options."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
