"""One growing file per table: rows are added chunk after chunk, and nothing is kept in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow.parquet as pq

BATCH = 100_000  # rows handed over at a time


class TableFile(Protocol):
    """A file that takes the rows of one query after another."""

    def add(self, connection: duckdb.DuckDBPyConnection, query: str) -> int:
        """Append the rows of a query; their number."""

    def close(self) -> None:
        """Finish the file."""


def open_file(path: Path) -> TableFile:
    """The file for a path ending in ``.csv``, ``.parquet`` or ``.ndjson``."""
    kinds: dict[str, type[ParquetFile] | type[CsvFile] | type[NdjsonFile]] = {
        ".csv": CsvFile,
        ".parquet": ParquetFile,
        ".ndjson": NdjsonFile,
    }
    return kinds[path.suffix](path)


class ParquetFile:
    """Parquet; each chunk becomes row groups of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def add(self, connection: duckdb.DuckDBPyConnection, query: str) -> int:
        reader = _batches(connection.sql(query))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, reader.schema, compression="zstd")
        count = 0
        for batch in reader:
            self._writer.write_batch(batch)
            count += batch.num_rows
        return count

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class CsvFile:
    """CSV with one header line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_suffix(".part.csv")

    def add(self, connection: duckdb.DuckDBPyConnection, query: str) -> int:
        first = not self._path.exists()
        target = str(self._path if first else self._part).replace("'", "''")
        row = connection.execute(
            f"COPY ({query}) TO '{target}' (FORMAT csv, HEADER {'true' if first else 'false'})"
        ).fetchone()
        if not first:
            with self._path.open("ab") as whole, self._part.open("rb") as part:
                shutil.copyfileobj(part, whole, 1024 * 1024)
            self._part.unlink()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """The file is complete after every chunk."""


class NdjsonFile:
    """One JSON resource a line; FHIR has no null, so empty elements are left out."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, connection: duckdb.DuckDBPyConnection, query: str) -> int:
        result = connection.execute(f"SELECT CAST(to_json(resource) AS VARCHAR) FROM ({query})")
        count = 0
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            for text in _texts(result):
                resource = without_empty(json.loads(text))
                file.write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
        return count

    def close(self) -> None:
        """The file is complete after every chunk."""


def _batches(relation: Any) -> Any:
    """The relation as a stream of Arrow batches; DuckDB 1 and 2 name the method differently."""
    stream = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return stream(BATCH)


def _texts(result: duckdb.DuckDBPyConnection) -> Iterator[str]:
    while rows := result.fetchmany(10_000):
        for (text,) in rows:
            yield text


def without_empty(value: Any) -> Any:
    """A JSON value without members that are null, an empty object or an empty list."""
    if isinstance(value, dict):
        members = {key: without_empty(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, {}, [])}
    if isinstance(value, list):
        return [member for member in map(without_empty, value) if member not in (None, {}, [])]
    return value
