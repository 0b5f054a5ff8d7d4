"""What ``opentrd bench`` prints."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from opentrd.api import BROUGHT
from opentrd.bench import VERDICTS, Figures, measure, population
from opentrd.record.raw import InputError

# The steps that took longest are shown.
SHOWN_STEPS = 8


def run_bench(
    out: Console, errors: Console, persons: int, keep: Path | None, quiet: bool, *, everything: bool = False
) -> Figures:
    """Make the population (or use the one in the file ``keep``), measure, print; return the figures.

    ``everything`` measures all tables that a population gets, not verdicts and stages alone.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        nullcontext() if quiet else errors.status("bench") as status,
    ):

        def say(what: str) -> None:
            if status is not None:
                status.update(what)

        if keep is not None:
            _check(keep)
        file = keep or Path(folder) / "population.duckdb"
        if not file.exists():
            population(persons, file, say=say)
        figures = measure(file, tables=BROUGHT if everything else VERDICTS, say=say)
    out.print(
        f"{figures.persons:,} persons, {figures.exposures:,} exposures, {figures.definitions} definitions and instruments, "
        "2 threads"
    )
    table = Table("", "seconds", "persons/s", "exposures/s", box=None)
    made = (
        "all that a population gets, findings counted"
        if everything
        else "era to verdict and stage, with bounds"
    )
    rows = [(made, figures.chain_seconds)]
    if figures.hand_seconds:
        rows.append(("hand-written SQL, verdicts only", figures.hand_seconds))
    for name, seconds in rows:
        table.add_row(
            name, f"{seconds:.1f}", f"{figures.persons / seconds:,.0f}", f"{figures.exposures / seconds:,.0f}"
        )
    out.print(table)
    out.print(f"peak memory {figures.peak_mb:,.0f} MB")
    if figures.ratio is not None and figures.agreement is not None:
        out.print(
            f"ratio {figures.ratio:.1f}; the hand-written verdict is the same in {figures.agreement:.1%} of the decided ones"
        )
    slowest = sorted(figures.seconds.items(), key=lambda step: -step[1])[:SHOWN_STEPS]
    out.print(
        "slowest steps (side by side, so their sum is more than what passed): "
        + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slowest)
    )
    return figures


def _check(keep: Path) -> None:
    """Raise InputError unless the file is a population of an earlier run, or can be made."""
    expected = (
        "expected a file that `opentrd bench --keep` has written, or a new name in a folder that is there."
    )
    if not keep.exists():
        if not keep.absolute().parent.is_dir():
            raise InputError(f"--keep {keep}: there is no folder {keep.parent}; {expected}")
        return
    try:
        with duckdb.connect(str(keep), read_only=True) as connection:
            connection.execute("SELECT person_id FROM record.person LIMIT 1").fetchall()
    except duckdb.Error as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(f"--keep {keep}: no population can be read from it ({reason}); {expected}") from None
