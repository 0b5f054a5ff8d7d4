"""How the assessment grows with the population: one process per size, so that each peak of memory is its own.

    python bench/scale.py FOLDER [persons ...] [--years N] [--chain-only]

Keeps the populations in FOLDER (DuckDB files) and uses them again. Prints one line per size. Beyond 100,000 persons the
population is the same 100,000 again and again under new ids: what a person costs does not depend on the others. Whole
synthetic records hold 17.5 exposures a person; --years cuts them off after so many years (five: about 10 exposures).
"""

from __future__ import annotations

import argparse
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("persons", nargs="*", type=int, default=SIZES)
    parser.add_argument("--years", type=int, help="cut every record off after so many years")
    parser.add_argument("--chain-only", action="store_true", help="leave the hand-written script out")
    asked = parser.parse_args()
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
    for persons in asked.persons:
        file = asked.folder / _name(persons, asked.years)
        if not file.exists():
            _make(asked.folder, file, persons, asked.years)
        found = json.loads(_run(file, persons, "chain" if asked.chain_only else "both"))
        chain, hand, agreement = found["chain_seconds"], found["hand_seconds"], found["agreement"]
        table.add_row(
            f"{persons:,}",
            f"{found['exposures']:,}",
            f"{chain:.1f}",
            f"{chain / persons * 10_000:.2f}",
            f"{found['peak_mb']:,.0f}",
            f"{hand:.1f}" if hand else "",
            f"{chain / hand:.1f}" if hand else "",
            f"{agreement:.1%}" if hand else "",
        )
    Console(highlight=False, width=120).print(table)


def _name(persons: int, years: int | None) -> str:
    return f"population_{persons}{f'_{years}y' if years else ''}.duckdb"


def _make(folder: Path, file: Path, persons: int, years: int | None) -> None:
    if persons <= MADE and years is None:
        _run(file, persons, "make")
        return
    if persons > MADE and persons % MADE:
        raise SystemExit(f"{persons:,} persons: beyond {MADE:,}, give a multiple of it.")
    made = min(persons, MADE)
    base = folder / _name(made, None)
    if not base.exists():
        _run(base, made, "make")
    with duckdb.connect(str(file)) as target:
        target.execute(f"ATTACH '{base}' AS base (READ_ONLY); CREATE SCHEMA record")
        for table, has_person in target.execute(
            "SELECT table_name, bool_or(column_name = 'person_id') FROM duckdb_columns() "
            "WHERE database_name = 'base' AND schema_name = 'record' GROUP BY table_name"
        ).fetchall():
            target.execute(f'CREATE TABLE record."{table}" AS FROM base.record."{table}" LIMIT 0')
            rows = _within(target, table, years) if has_person and years else f'base.record."{table}"'
            for copy in range(persons // made if has_person else 1):
                renamed = f"* REPLACE ('{copy:02d}' || person_id AS person_id)" if has_person else "*"
                target.execute(f'INSERT INTO record."{table}" SELECT {renamed} FROM {rows}')


def _within(target: duckdb.DuckDBPyConnection, table: str, years: int) -> str:
    """The rows of a table up to so many years after the person was first observed."""
    rows = f'base.record."{table}"'
    columns = target.table(rows).columns
    dated = [name for name in ("start_earliest", "date_earliest", "start_date") if name in columns]
    if not dated:
        return rows
    last = f"CAST(f.day + INTERVAL {years} YEAR AS DATE)"
    cut = f" REPLACE (least(t.end_date, {last}) AS end_date)" if table == "observation_period" else ""
    first = "SELECT person_id, min(start_date) AS day FROM base.record.observation_period GROUP BY person_id"
    return f"(SELECT t.*{cut} FROM {rows} AS t JOIN ({first}) AS f USING (person_id) WHERE t.{dated[0]} < {last})"


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
