"""Where synthetic histories are written: a folder of tables, bulk NDJSON, or one DuckDB file.

The tables of a format are the SQL files of its folder; each is written chunk by chunk, in constant memory.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Protocol

import duckdb

from opentrd.record.raw import InputError
from opentrd.record.synthesize.files import TableFile, open_file
from opentrd.record.synthesize.settings import SQL

FORMATS = ("record", "omop", "fhir")
FILE_FORMATS = ("csv", "parquet")


class Target(Protocol):
    """Something that takes chunk after chunk of the temporary tables that the generator's SQL has made."""

    def begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what does not depend on the persons."""

    def add_chunk(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the persons of the present chunk."""

    def finish(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Close all tables; the number of rows of each."""

    def clean(self) -> None:
        """Remove what was only needed on the way, also after an error."""


def open_target(out: Path, fmt: str, file_format: str | None) -> Target:
    """The target for a format.

    Raises ``ValueError`` for an unknown file format and ``InputError`` when ``out`` cannot be written.
    """
    if file_format is not None and file_format not in FILE_FORMATS:
        raise ValueError(f"file format: {file_format!r} is not one of {', '.join(FILE_FORMATS)}")
    if out.suffix == ".duckdb":
        if fmt != "omop":
            raise ValueError(
                f"{out}: a DuckDB file is written only for the format omop; name a folder instead"
            )
        return DatabaseTarget(out)
    suffix = file_format or ("parquet" if fmt == "omop" else "csv")
    return FolderTarget(out, fmt, suffix)


def _queries(folder: Path) -> dict[str, str]:
    return {
        path.stem: path.read_text(encoding="utf-8").strip().rstrip(";")
        for path in sorted(folder.glob("*.sql"))
    }


class FolderTarget:
    """One file per table in a folder, and the truth in its folder ``truth``."""

    def __init__(self, out: Path, fmt: str, suffix: str) -> None:
        self._fixed = _queries(SQL / fmt / "vocabulary")
        self._queries = _queries(SQL / fmt)
        self._truth = _queries(SQL / "truth")
        self._suffix = suffix
        self._table_suffix = "ndjson" if fmt == "fhir" else suffix
        self._out = out
        self._rows: dict[str, int] = {}
        self._files: dict[Path, TableFile] = {}
        try:
            (out / "truth").mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".parts-", dir=out))
            (self._work / "truth").mkdir()
        except OSError as problem:
            raise InputError(
                f"{out}: cannot be written ({problem.strerror}); choose a folder you may write"
            ) from None
        self._refuse_second_copy()

    def _refuse_second_copy(self) -> None:
        """One table as CSV and as Parquet in one folder could not be read again."""
        other = {"csv": "parquet", "parquet": "csv"}.get(self._table_suffix)
        present = [name for name in self._queries if other and (self._out / f"{name}.{other}").exists()]
        if present:
            self.clean()
            raise InputError(
                f"{self._out}: already holds {present[0]}.{other}; one folder cannot hold a table twice. "
                "Choose a new folder"
            )

    def begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, query in self._fixed.items():
            self._add(connection, query, Path(f"{name}.{self._suffix}"))

    def add_chunk(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, query in self._queries.items():
            self._add(connection, query, Path(f"{name}.{self._table_suffix}"))
        for name, query in self._truth.items():
            self._add(connection, query, Path("truth") / f"{name}.{self._suffix}")

    def _add(self, connection: duckdb.DuckDBPyConnection, query: str, name: Path) -> None:
        if name not in self._files:
            self._files[name] = open_file(self._work / name)
        count = self._files[name].add(connection, query)
        self._rows[name.stem] = self._rows.get(name.stem, 0) + count

    def finish(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        # Nothing appears under its final name before everything is written.
        for file in self._files.values():
            file.close()
        for name in self._files:
            (self._work / name).replace(self._out / name)
        return self._rows

    def clean(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)


class DatabaseTarget:
    """A CDM in one DuckDB file: the tables in schema ``main``, the truth in schema ``truth``."""

    def __init__(self, out: Path) -> None:
        if out.exists():
            raise InputError(f"{out}: the file is already there; choose a new name or remove it")
        if not out.parent.is_dir():
            raise InputError(f"{out}: the folder {out.parent} is not there; make it first")
        self._out = out
        self._rows: dict[str, int] = {}

    def begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"ATTACH {_quoted(self._out)} AS cdm; CREATE SCHEMA cdm.truth")
        for name, query in _queries(SQL / "omop" / "vocabulary").items():
            self._add(connection, f"cdm.main.{name}", query)

    def add_chunk(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, query in _queries(SQL / "omop").items():
            self._add(connection, f"cdm.main.{name}", query)
        for name, query in _queries(SQL / "truth").items():
            self._add(connection, f"cdm.truth.{name}", query)

    def _add(self, connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
        name = table.rsplit(".", 1)[1]
        verb = f"INSERT INTO {table}" if name in self._rows else f"CREATE TABLE {table} AS"
        count = _count(connection.execute(f"{verb} {query}"))
        self._rows[name] = self._rows.get(name, 0) + count

    def finish(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        connection.execute("DETACH cdm")
        return self._rows

    def clean(self) -> None:
        """Nothing is left on the way."""


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
