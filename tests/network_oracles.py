"""Networks for tests: those computed once with R (metafor 3.8), where they lie beside the checkout, and simulated ones."""

from __future__ import annotations

import csv
import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Rows = list[dict[str, Any]]

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


def simulated(seed: int, treatments: int = 5, studies: int = 9, tau: float = 0.3) -> Rows:
    """A connected network with studies of two to four arms, as contrasts of all pairs."""
    rng = np.random.default_rng(seed)
    names = [chr(65 + place) for place in range(treatments)]
    true = dict(zip(names, rng.normal(0, 0.5, treatments), strict=True))
    rows: Rows = []
    for study in range(studies):
        size = int(rng.integers(2, 5))
        first = names[study % treatments]  # a chain through all treatments keeps it connected
        second = names[(study + 1) % treatments]
        rest = [name for name in names if name not in (first, second)]
        arms = [first, second, *rng.permutation(rest)[: size - 2]]
        variance = rng.uniform(0.02, 0.3, len(arms))
        level = [
            true[arm] + rng.normal(0, math.sqrt(v + tau**2 / 2))
            for arm, v in zip(arms, variance, strict=True)
        ]
        for i in range(len(arms)):
            for j in range(i):
                rows.append(
                    {"study": f"s{study}", "treatment_1": str(arms[i]), "treatment_2": str(arms[j]),
                     "yi": float(level[i] - level[j]), "vi": float(variance[i] + variance[j])}
                )  # fmt: skip
    return rows
