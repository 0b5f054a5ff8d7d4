"""What a multiverse costs: its variants on one population, beside the whole chain with a single definition.

    python bench/multiverse.py [persons] [GRID.csv]

Without a grid two are counted: one of 1,152 variants over all nine parameters, and the shipped one. Prints seconds, peak memory
and the ratio to one run of the chain with `two_adequate_trials` alone on the same rows.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

import opentrd
from opentrd import multiverse
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from opentrd.record.synthesize import synthesize

# Every parameter varies: 1,152 variants.
THOUSAND: multiverse.Grid = {
    "max_gap_days": ["30", "60"],
    "min_weeks": ["4", "6"],
    "dose_table": ["none", "atrq"],
    "distinct_level": ["agent", "class"],
    "failure": ["25", "50", "switch"],
    "window_days": ["none", "730"],
    "augmentation": ["none", "augmenting"],
    "episode_washout_days": ["183", "ever"],
    "needed": ["2", "3", "4"],
}


def peak() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make the persons, run the chain with one definition, then the grids; print the figures."""
    persons = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    grids = {"given": multiverse.read_grid(sys.argv[2])} if len(sys.argv) > 2 else {}
    out = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        synthesize(persons, 1, Path(folder), "record", file_format="parquet")
        record = opentrd.read(Path(folder))
    connection = record.connection
    connection.execute("SET threads = 2")
    connection.execute("DELETE FROM knowledge.definition WHERE definition <> ?", [multiverse.BASE])
    began = time.perf_counter()
    embedded.run(connection, order())
    chain = time.perf_counter() - began
    exposures = connection.execute("SELECT count(*) FROM record.exposure").fetchall()[0][0]
    out.print(f"{persons:,} persons, {exposures:,} exposures, 2 threads")
    out.print(f"the chain with one definition {chain:8.2f} s   peak {peak():,.0f} MB")
    for name, grid in (grids or {"thousand": THOUSAND, "shipped": multiverse.default_grid()}).items():
        began = time.perf_counter()
        multiverse.run(connection, grid)
        seconds = time.perf_counter() - began
        out.print(
            f"{name} grid, {multiverse.size(grid):,} variants {seconds:8.2f} s   peak {peak():,.0f} MB   "
            f"{seconds / chain:.1f} times the chain with one definition"
        )


if __name__ == "__main__":
    main()
