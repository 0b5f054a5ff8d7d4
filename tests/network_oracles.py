"""The networks computed once with R (metafor 3.8), where they lie beside the checkout."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any

import pytest

ORACLES = Path(__file__).parents[2] / "shared" / "oracles" / "metafor"
DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = (
    "dong2013",
    "franchini2012",
    "hasselblad1998",
    "linde2015_ae",
    "linde2015_loss",
    "linde2015_loss_ae",
    "linde2015_remi",
    "linde2015_resp",
    "senn2013",
)


@functools.cache
def oracle(name: str) -> dict[str, Any]:
    """The expected values of a network; the test is skipped by name where they are absent."""
    path = ORACLES / f"nma_{name}.json"
    if not path.exists():
        pytest.skip(f"the oracle {path.name} is not beside the checkout ({ORACLES})")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file; the test is skipped by name where it is absent."""
    if not path.exists():
        pytest.skip(f"the data set {path.name} is not beside the checkout ({path.parent})")
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def pairs(name: str) -> list[dict[str, Any]]:
    """All contrasts of the network in the columns of `opentrd pool`."""
    return [
        {
            "study": row["study"],
            "treatment_1": row["treat1"],
            "treatment_2": row["treat2"],
            "yi": float(row["TE"]),
            "vi": float(row["seTE"]) ** 2,
        }
        for row in read_csv(ORACLES / f"nma_{name}_pairs.csv")
    ]
