"""Numbers of an established package, to hold the evidence engine against: four sets in the repository, more beside it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opentrd.evidence import effect_sizes, read_effects

HERE = Path(__file__).parent / "evidence_sets"
BESIDE = Path(__file__).parents[2] / "shared" / "oracles" / "metafor"
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Oracle:
    """One set: estimates, variances, one moderator or None, and what the other package says of them."""

    name: str
    yi: Floats
    vi: Floats
    mod: Floats | None
    expected: dict[str, Any]
    raw: list[dict[str, str]]


BESIDE_NAMES = (
    "bcg_RR", "bonett2010_ABT_CESD_alpha", "dagostino1998_SMD_rnic1", "egger2001_OR", "hackshaw1998_logOR",
    "hartmannboyce2018_RR", "knapp2017_SMD", "linde2005_OR_major", "linde2005_RR", "molloy2014_ZCOR", "normand1999_MD",
    "normand1999_ROM", "normand1999_SMD", "pignon2000_logHR", "pritz1997_PFT", "pritz1997_PLO", "raudenbush1985",
    "yusuf1985_PETO",
)  # fmt: skip
NAMES = ("bcg", "cesd_alpha", "stroke_unit", *BESIDE_NAMES)


def oracle(name: str) -> Oracle:
    """One set by name; skips by name where it lies beside the checkout and is not there."""
    if name in EXPECTED:
        expected = EXPECTED[name]
        table = read_effects(HERE / f"{name}.csv", measure=expected["measure"])
        mod = table.raw.numbers(expected["moderator"]) if expected["moderator"] else None
        return Oracle(name, table.yi, table.vi, mod, expected, [])
    if not (BESIDE / f"{name}.json").exists():
        pytest.skip(f"the oracle {name} is not beside the checkout ({BESIDE})")
    expected = json.loads((BESIDE / f"{name}.json").read_text(encoding="utf-8"))
    with (BESIDE / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    mod = np.array([_number(row["mod"]) for row in rows]) if "metareg" in expected else None
    yi, vi = (np.array([float(row[key]) for row in rows]) for key in ("yi", "vi"))
    return Oracle(name, yi, vi, mod, expected, rows)


def _number(cell: str) -> float:
    return float("nan") if cell in ("NA", "") else float(cell)


def from_raw(name: str, rows: list[dict[str, str]]) -> tuple[Floats, Floats] | None:
    """Estimates and variances computed from the raw columns of a set, or None where it has none."""

    def column(key: str) -> Floats:
        return np.array([float(row[key]) for row in rows])

    measure = name.split("_")[1] if "_" in name else ""
    if "m1i" in rows[0]:
        names = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
        keys = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")
    elif "bi" in rows[0]:
        a, b, c, d = (column(key) for key in ("ai", "bi", "ci", "di"))
        return effect_sizes(measure, events_1=a, n_1=a + b, events_2=c, n_2=c + d)
    elif "ri" in rows[0]:
        names, keys = ("ri", "ni"), ("r", "n")
    elif "xi" in rows[0]:
        names, keys = ("xi", "ni"), ("events", "n")
    elif "mi" in rows[0]:
        names, keys = ("ai", "mi", "ni"), ("alpha", "items", "n")
    elif "ai" in rows[0]:
        names, keys = ("ai", "n1i", "ci", "n2i"), ("events_1", "n_1", "events_2", "n_2")
    else:
        return None
    numbers = {key: column(own) for key, own in zip(keys, names, strict=True)}
    # metafor adds 1/2 to the cells of studies with a zero cell for every measure, Peto's included.
    return effect_sizes(measure, zero_cells="only" if measure == "PETO" else None, **numbers)
