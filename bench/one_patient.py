"""How long one patient takes: verdicts and stages, all tables, with questions, and the command line from a cold start.

    python bench/one_patient.py [--repeat N] [--crossover]

Prints medians over the example patients, each assessed alone in a warm process, on SQLite and on DuckDB, as elapsed
and as processor time (the second is the steadier one on a busy machine). ``--crossover`` prints for more and more
synthetic persons how long either engine takes for the chain: where DuckDB becomes faster.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track

import opentrd
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from opentrd.engines import sqlite
from opentrd.record.synthesize import synthesize

PATIENTS = Path(__file__).parents[1] / "examples" / "patients"
COLD_STARTS = 3
PERSONS = (1, 5, 20, 50, 100, 200, 400)
PROGRESS = Console(stderr=True)
TARGETS = {"verdicts and stages": "50 ms", "all tables": "80 ms", "with questions": "120 ms"}
ASKED = {
    "verdicts and stages": ("verdict", "stage"),
    "all tables": ("verdict", "stage", "finding", "domain", "option", "recommendation", "outcome"),
    "with questions": ("verdict", "stage", "question"),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long one patient takes.")
    parser.add_argument("--repeat", type=int, default=20, help="assessments per patient on SQLite")
    parser.add_argument("--crossover", action="store_true", help="also find where DuckDB becomes faster")
    chosen = parser.parse_args()
    out = Console(highlight=False)
    records = [alone(person) for person in people()]
    out.print(f"{len(records)} patients, each alone, {chosen.repeat} times; medians in milliseconds")
    out.print(f"{'':<22}{'engine':<8}{'elapsed':>9}{'processor':>11}   target")
    before, _ = timed(sqlite.statements)
    for engine, repeat in (("sqlite", chosen.repeat), ("duckdb", 3)):
        for what, target in TARGETS.items():
            if engine == "duckdb" and what != "with questions":
                continue  # it makes all tables and the questions in any case
            runs = [
                timed(partial(results, record, engine, ASKED[what]))
                for record in track(records, f"{what}, {engine}", console=PROGRESS, transient=True)
                for number in range(repeat + 1)
            ]
            warm = [run for number, run in enumerate(runs) if number % (repeat + 1)]
            elapsed, processor = (statistics.median(column) * 1000 for column in zip(*warm, strict=True))
            out.print(f"{what:<22}{engine:<8}{elapsed:>9.1f}{processor:>11.1f}   {target}")
    out.print(f"translating the SQL files, once per process: {before:.2f} s")
    out.print(f"command line, cold start to tables and pages: {cold_start():.2f} s   2 s")
    if chosen.crossover:
        crossover(out)


def people() -> list[str]:
    """The example patients."""
    rows = opentrd.read(PATIENTS).connection.execute("SELECT person_id FROM record.person ORDER BY person_id")
    return [str(row[0]) for row in rows.fetchall()]


def alone(person: str) -> opentrd.Record:
    """A record with one of the example patients."""
    record = opentrd.read(PATIENTS)
    record.only(person)
    return record


def results(record: opentrd.Record, engine: str, tables: tuple[str, ...]) -> None:
    """Assess, and read what is asked for."""
    assessment = opentrd.assess(record, engine=engine)
    for table in tables:
        getattr(assessment, table).rows()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Elapsed and processor seconds."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def cold_start() -> float:
    """Median elapsed seconds of the command line over all example patients."""
    seconds = []
    for _ in range(COLD_STARTS):
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                "-m",
                "opentrd.cli",
                "assess",
                str(PATIENTS),
                "--out",
                folder,
                "--quiet",
            ]
            elapsed, _ = timed(partial(subprocess.run, command, check=True))
            seconds.append(elapsed)
    return statistics.median(seconds)


def crossover(out: Console) -> None:
    """The chain of both engines for more and more synthetic persons."""
    out.print(f"\n{'persons':>8}{'exposures':>11}{'sqlite ms':>12}{'duckdb ms':>12}   elapsed, chain alone")
    for persons in track(PERSONS, "crossover", console=PROGRESS, transient=True):
        with tempfile.TemporaryDirectory() as folder:
            synthesize(persons, 1, Path(folder))
            record = opentrd.read(Path(folder))
        exposures = record.database.execute("SELECT count(*) FROM record.exposure").fetchall()[0][0]
        small = statistics.median(timed(partial(sqlite.SmallRun, record.database))[0] for _ in range(3))
        large = statistics.median(timed(partial(embedded.run, record.database, order()))[0] for _ in range(3))
        out.print(f"{persons:>8}{exposures:>11}{small * 1000:>12.0f}{large * 1000:>12.0f}")


if __name__ == "__main__":
    main()
