"""How long a newcomer waits: `opentrd assess` of one patient in fresh processes, to the tables and to the end.

Run as `python bench/cold_start.py [INPUT] [--runs 5] [--no-fit]`. Prints seconds on the clock (which other work on the machine
lengthens) and of processor time (which it hardly does); the fastest run and the median of each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE_PATIENT = (
    "person_id,agent,start_date,end_date,daily_dose_mg,improvement_pct\n"
    "p1,sertraline,2023-01-10,2023-03-20,100,20\n"
    "p1,venlafaxine,2023-03-21,2023-06-30,225,15\n"
)


def measure(source: Path, out: Path, *options: str) -> tuple[float, float, float]:
    """Seconds until the last table was written, until the end, and of processor time, of one run."""
    code = "from opentrd.cli import main; main()"
    before, began = os.times(), time.time()
    subprocess.run(
        [sys.executable, "-c", code, "assess", str(source), "--out", str(out), "--quiet", *options],
        check=True,
    )
    ended, after = time.time(), os.times()
    tables = max(path.stat().st_mtime for path in (out / "tables").iterdir()) - began
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return tables, ended - began, used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-fit", action="store_true")
    asked = parser.parse_args()
    options = ("--no-fit",) if asked.no_fit else ()
    with tempfile.TemporaryDirectory() as folder:
        source = asked.source
        if source is None:
            source = Path(folder) / "one"
            source.mkdir()
            (source / "exposure.csv").write_text(ONE_PATIENT, encoding="utf-8")
        runs = [measure(source, Path(folder) / f"run-{number}", *options) for number in range(asked.runs)]
    for name, values in zip(
        ("to the tables", "to the end", "processor"), zip(*runs, strict=True), strict=True
    ):
        print(f"{name:14s} fastest {min(values):5.2f} s, median {statistics.median(values):5.2f} s")


if __name__ == "__main__":
    main()
