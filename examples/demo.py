"""The demonstration: eight example patients (one page each) and a synthetic OMOP database of 10,000 persons (one page)."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

import opentrd
from opentrd.record.synthesize import synthesize

PERSONS, SEED = 10_000, 2026
HERE = Path(__file__).parent
OUT = HERE.parent / "demo"


def main() -> None:
    """Make both and print where the pages are."""
    out = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    with Console(stderr=True).status("three example patients ...") as status:
        patients = opentrd.assess(opentrd.read(HERE / "patients")).write(OUT / "patients")
        status.update("five example patients, from resistance to fit ...")
        fit = opentrd.assess(opentrd.read(HERE / "fit")).write(OUT / "fit")
        status.update(f"a synthetic OMOP database of {PERSONS:,} persons ...")
        synthesize(PERSONS, SEED, OUT / "omop", "omop")
        status.update("assessing it ...")
        cohort = opentrd.assess(opentrd.read(OUT / "omop")).write(OUT / "cohort")
    out.print("Open in a browser:")
    out.print(f"  three patients, one page each: {patients}", soft_wrap=True)
    out.print(f"  five patients, from resistance to fit: {fit}", soft_wrap=True)
    out.print(f"  {PERSONS:,} persons, one page:     {cohort}", soft_wrap=True)
    out.print("The tables behind them are in the folders 'tables' beside the pages.")


if __name__ == "__main__":
    main()
