"""How the assessment grows with the population: one process per size, so that each peak of memory is its own.

    python bench/scale.py FOLDER [persons ...]

Keeps the populations in FOLDER (DuckDB files) and uses them again. Prints one line per size. Beyond 100,000 persons the
population is the same 100,000 again and again under new ids: what a person costs does not depend on the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

SIZES = (10_000, 100_000, 1_000_000)
# Persons made one by one; larger populations are copies of them.
MADE = 100_000
_ONE = """
import dataclasses, json, sys
from pathlib import Path
from opentrd.bench import measure, population
file, persons, task = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if task == "make":
    population(persons, file)
else:
    print(json.dumps(dataclasses.asdict(measure(file, hand_written=task == "both"))))
"""


def main() -> None:
    """Make what is missing, measure each size in a process of its own, print the table."""
    folder = Path(sys.argv[1])
    sizes = tuple(int(word) for word in sys.argv[2:]) or SIZES
    table = Table(
        "persons",
        "exposures",
        "chain s",
        "s per 10,000",
        "peak MB",
        "hand-written s",
        "ratio",
        "same verdict",
        box=None,
    )
    for persons in sizes:
        file = folder / f"population_{persons}.duckdb"
        if not file.exists():
            _make(folder, file, persons)
        found = json.loads(_run(file, persons, "both"))
        chain, hand = found["chain_seconds"], found["hand_seconds"]
        table.add_row(
            f"{persons:,}",
            f"{found['exposures']:,}",
            f"{chain:.1f}",
            f"{chain / persons * 10_000:.2f}",
            f"{found['peak_mb']:,.0f}",
            f"{hand:.1f}",
            f"{chain / hand:.1f}",
            f"{found['agreement']:.1%}",
        )
    Console(highlight=False, width=120).print(table)


def _make(folder: Path, file: Path, persons: int) -> None:
    if persons <= MADE:
        _run(file, persons, "make")
        return
    if persons % MADE:
        raise SystemExit(f"{persons:,} persons: beyond {MADE:,}, give a multiple of it.")
    base = folder / f"population_{MADE}.duckdb"
    if not base.exists():
        _run(base, MADE, "make")
    with duckdb.connect(str(file)) as target:
        target.execute(f"ATTACH '{base}' AS base (READ_ONLY); CREATE SCHEMA record")
        for table, has_person in target.execute(
            "SELECT table_name, bool_or(column_name = 'person_id') FROM duckdb_columns() "
            "WHERE database_name = 'base' AND schema_name = 'record' GROUP BY table_name"
        ).fetchall():
            target.execute(f'CREATE TABLE record."{table}" AS FROM base.record."{table}" LIMIT 0')
            for copy in range(persons // MADE if has_person else 1):
                renamed = f"* REPLACE ('{copy:02d}' || person_id AS person_id)" if has_person else "*"
                target.execute(f'INSERT INTO record."{table}" SELECT {renamed} FROM base.record."{table}"')


def _run(file: Path, persons: int, task: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _ONE, str(file), str(persons), task],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
