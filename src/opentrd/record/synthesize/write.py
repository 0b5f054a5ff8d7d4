"""Where synthetic histories are written: a folder of tables, bulk NDJSON, or one DuckDB file.

The tables of a format are the SQL files of its folder; each is written chunk by chunk, in constant memory.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import duckdb

from opentrd.record.raw import InputError
from opentrd.record.synthesize.settings import SQL

FORMATS = ("record", "omop", "fhir")
FILE_FORMATS = ("csv", "parquet")
COPY_OPTIONS = {"csv": "FORMAT csv, HEADER true", "parquet": "FORMAT parquet, COMPRESSION zstd"}


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
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


class FolderTarget:
    """One file per table in a folder, and the truth in its folder ``truth``."""

    def __init__(self, out: Path, fmt: str, suffix: str) -> None:
        self._fixed = _queries(SQL / fmt / "vocabulary")
        self._queries = _queries(SQL / fmt)
        self._truth = _queries(SQL / "truth")
        self._suffix = suffix
        self._table_suffix = "ndjson" if fmt == "fhir" else suffix
        self._out = out
        self._chunks = 0
        self._rows: dict[str, int] = {}
        self._parts: dict[Path, list[Path]] = {}
        try:
            (out / "truth").mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".parts-", dir=out))
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
            self._copy(connection, query, self._out / f"{name}.{self._suffix}", name)

    def add_chunk(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._chunks += 1
        for name, query in self._queries.items():
            self._add(connection, query, self._out / f"{name}.{self._table_suffix}", name)
        for name, query in self._truth.items():
            self._add(connection, query, self._out / "truth" / f"{name}.{self._suffix}", name)

    def _add(self, connection: duckdb.DuckDBPyConnection, query: str, goal: Path, name: str) -> None:
        part = self._work / f"{goal.stem}-{self._chunks:06d}{goal.suffix}"
        self._parts.setdefault(goal, []).append(part)
        self._copy(connection, query, part, name)

    def _copy(self, connection: duckdb.DuckDBPyConnection, query: str, path: Path, name: str) -> None:
        if path.suffix == ".ndjson":
            count = _write_ndjson(connection, query, path)
        else:
            options = COPY_OPTIONS[path.suffix[1:]]
            count = _count(connection.execute(f"COPY ({_bare(query)}) TO {_quoted(path)} ({options})"))
        self._rows[name] = self._rows.get(name, 0) + count

    def finish(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        for goal, parts in self._parts.items():
            if len(parts) == 1:
                parts[0].replace(goal)
            elif goal.suffix == ".parquet":
                files = ", ".join(_quoted(part) for part in parts)
                connection.execute(
                    f"COPY (FROM read_parquet([{files}])) TO {_quoted(goal)} ({COPY_OPTIONS['parquet']})"
                )
            else:
                _join_text(parts, goal, header=goal.suffix == ".csv")
            for part in parts:
                part.unlink(missing_ok=True)
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
        count = _count(connection.execute(f"{verb} {_bare(query)}"))
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


def _bare(query: str) -> str:
    return query.strip().rstrip(";")


def _write_ndjson(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write one resource a line; FHIR has no null, so empty elements are left out."""
    result = connection.execute(f"SELECT CAST(to_json(resource) AS VARCHAR) FROM ({_bare(query)})")
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for text in _texts(result):
            resource = _without_empty(json.loads(text))
            file.write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def _texts(result: duckdb.DuckDBPyConnection) -> Iterator[str]:
    while rows := result.fetchmany(10_000):
        for (text,) in rows:
            yield text


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, {}, [])}
    if isinstance(value, list):
        return [member for member in map(_without_empty, value) if member not in (None, {}, [])]
    return value


def _join_text(parts: list[Path], goal: Path, *, header: bool) -> None:
    """Put text files together; of files with a header line only the first keeps it."""
    with goal.open("wb") as whole:
        for number, part in enumerate(parts):
            with part.open("rb") as file:
                if header and number:
                    file.readline()
                shutil.copyfileobj(file, whole, 1024 * 1024)
