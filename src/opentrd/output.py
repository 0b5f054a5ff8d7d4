"""What ``opentrd assess`` leaves behind: result tables, the list of what was unread, the facts of the run, the pages."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

import opentrd
from opentrd import cohort, knowledge
from opentrd.knowledge.own import write_own
from opentrd.knowledge.own_tables import OWNERS

if TYPE_CHECKING:
    from opentrd.api import Assessment

# Spreadsheets run a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ALWAYS = ("episode", "trial", "verdict", "stage", "question")
_FIT = ("finding", "domain", "indicator", "option", "recommendation", "outcome")
_TABLES = (
    *_ALWAYS,
    *_FIT,
    "finding_count",
    "judgement",
    "trace",
    "multiverse",
    "person",
    "unread",
    "cohort",
    "cohort_definition",
)
_PAGE = re.compile(r"index\.html|person-\d+\.html")


def write_output(
    assessment: Assessment,
    folder: Path,
    *,
    min_count: int,
    judgements: bool,
    cohort_id: int | None = None,
    pages: bool = True,
) -> Path:
    """Write ``tables/*.parquet``, ``unread.csv``, ``run.json`` and the pages; return the first page, or without ``pages`` the
    folder of the tables."""
    connection = assessment.connection
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    written = list(_ALWAYS)
    if assessment.detailed or judgements:
        written.append("judgement")
    if assessment.detailed:
        assessment.trace()
        written.append("trace")
    if assessment.fit:
        written += _FIT
    else:
        written.append("finding_count")
    if assessment.varied:
        written.append("multiverse")
    _clear(folder)
    for name in written:
        connection.table(f"assess.{name}").order("ALL").write_parquet(
            str(tables / f"{name}.parquet"), compression="zstd"
        )
    # Who the persons are, as far as results are told apart by it (``opentrd compare``).
    connection.table("record.person").order("ALL").write_parquet(
        str(tables / "person.parquet"), compression="zstd"
    )
    others = ["person", "unread"]
    if cohort_id is not None:
        cohort.make_cohort(assessment, cohort_id)
        others += cohort.write_files(assessment, tables)
    connection.table("record.unread").write_parquet(str(tables / "unread.parquet"), compression="zstd")
    write_unread(connection, folder / "unread.csv")
    run = {
        "opentrd": opentrd.__version__,
        "engine": assessment.engine,
        "duckdb": duckdb.__version__,
        "knowledge_sha256": knowledge.digest(),
        "definitions": {
            "only": None if assessment.choice.only is None else list(assessment.choice.only),
            "own": [
                {"sha256": own.sha256, "bytes": own.size, "names": own.names} for own in assessment.choice.own
            ],
            "tables": write_own(assessment.choice.own, folder / "definitions"),
        },
        "input_kind": assessment.record.kind,
        "inputs": assessment.record.digests,
        "persons": assessment.record.persons,
        "unread": assessment.record.unread,
        "as_of": _as_of(connection),
        "min_count": min_count,
        "tables": sorted([*written, *others]),
        "detail": "judgements, questions, findings, domains, options, outcomes and the trace are made for up to 1,000 persons, "
        "or when asked for; findings are counted in finding_count"
        if not assessment.detailed
        else "all tables",
        "seconds": assessment.seconds,
    }
    first = assessment.report(folder, min_count=min_count) if pages else tables
    run["pages"] = sorted(path.name for path in folder.glob("*.html") if pages and _PAGE.fullmatch(path.name))
    (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    return first


def _clear(folder: Path) -> None:
    """Remove the pages and tables that an earlier run left in the folder, and nothing else."""
    try:
        earlier = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        pages, tables = list(earlier["pages"]), list(earlier["tables"])
        own = list(earlier.get("definitions", {}).get("tables", []))
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in pages:
        if _PAGE.fullmatch(str(name)):
            (folder / str(name)).unlink(missing_ok=True)
    for name in own:
        if name in OWNERS:
            (folder / "definitions" / f"{name}.csv").unlink(missing_ok=True)
    for name in tables:
        if name in _TABLES:
            (folder / "tables" / f"{name}.parquet").unlink(missing_ok=True)


def write_unread(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write ``record.unread`` as CSV; cells that a spreadsheet would run are quoted with an apostrophe."""
    result = connection.execute("SELECT source, row, field, value, reason FROM record.unread ORDER BY ALL")
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["source", "row", "field", "value", "reason"])
        while rows := result.fetchmany(10_000):
            writer.writerows([[_harmless(cell) for cell in row] for row in rows])


def _harmless(cell: str | None) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _as_of(connection: duckdb.DuckDBPyConnection) -> str | None:
    as_of: str | None = connection.execute("SELECT CAST(as_of AS VARCHAR) FROM record.request").fetchall()[0][
        0
    ]
    return as_of
