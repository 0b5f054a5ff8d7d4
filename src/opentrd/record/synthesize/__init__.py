"""Synthetic treatment histories, with their truth.

Every person is invented: episodes, treatment trials with dose, duration and outcome, and what a record would
keep of them, with the usual gaps. The same seed gives the same person under the same number, whatever the
number of persons, the size of the chunks or the format.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from opentrd.record.raw import InputError, connect
from opentrd.record.synthesize import settings
from opentrd.record.synthesize.write import FORMATS, Target, open_target

CHUNK = 20_000  # persons made at a time: memory depends on this and not on the number of persons
MOST_PERSONS = 100_000_000  # row ids are person number * 10,000 + order, of sessions * 100 more


def synthesize(
    persons: int,
    seed: int,
    out: Path,
    fmt: str = "record",
    *,
    file_format: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    chunk: int = CHUNK,
) -> dict[str, int]:
    """Write the histories of ``persons`` synthetic persons to ``out``; return the number of rows per table.

    ``fmt`` is ``record`` (a folder of record tables), ``omop`` (a folder of CDM 5.4 tables with a small
    vocabulary of its own, or a DuckDB file when ``out`` ends in ``.duckdb``) or ``fhir`` (bulk NDJSON).
    ``file_format`` is ``csv`` or ``parquet`` (default: CSV for record tables, Parquet for OMOP; it also
    applies to the truth). The truth is written to the folder ``truth`` inside ``out`` (a schema ``truth`` of
    the DuckDB file): ``truth_person``, ``truth_episode`` and ``truth_trial``. ``chunk`` persons are made at a
    time; it bounds the memory and changes no row. ``progress`` is called with the persons done and wanted.

    Raises ``ValueError`` when an argument cannot be used, and ``opentrd.record.raw.InputError`` when ``out``
    cannot be written; the message says why.
    """
    if not 1 <= persons <= MOST_PERSONS:
        raise ValueError(f"persons: {persons} is not between 1 and {MOST_PERSONS}")
    if chunk < 1:
        raise ValueError(f"chunk: {chunk} is not a positive number of persons")
    if fmt not in FORMATS:
        raise ValueError(f"format: {fmt!r} is not one of {', '.join(FORMATS)}")
    from opentrd import knowledge

    target: Target = open_target(Path(out), fmt, file_format)
    connection = connect()
    try:
        knowledge.load_into(connection)
        connection.execute("SET VARIABLE synthetic_seed = ?", [str(int(seed))])
        settings.load(connection)
        connection.execute(_sql("draw.sql"))
        target.begin(connection)
        steps = [path.read_text(encoding="utf-8") for path in sorted(settings.SQL.glob("[0-9]_*.sql"))]
        for first in range(1, persons + 1, chunk):
            last = min(first + chunk - 1, persons)
            connection.execute("SET VARIABLE first_person = ?", [first])
            connection.execute("SET VARIABLE last_person = ?", [last])
            for step in steps:
                connection.execute(step)
            target.add_chunk(connection)
            if progress is not None:
                progress(last, persons)
        return {"persons": persons, **target.finish(connection)}
    except (OSError, duckdb.IOException) as problem:
        raise InputError(
            f"{out}: cannot be written ({problem}); make room or choose another folder"
        ) from None
    finally:
        connection.close()
        target.clean()


def _sql(name: str) -> str:
    return (settings.SQL / name).read_text(encoding="utf-8")


__all__ = ["CHUNK", "FORMATS", "synthesize"]
