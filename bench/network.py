"""How long a network meta-analysis takes, beside R's netmeta where R has it.

    python bench/network.py [--repeat N]

Prints medians in milliseconds, from rows in memory to the pooled network (effects, covariance, tau2 with its interval, Q in
total, within and between designs), and for what is asked of it afterwards. The first network is the one in
tests/evidence_network_set (10 treatments, 26 studies, one of three arms); the others are simulated with a fixed seed.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from opentrd.evidence.network import (
    build_network,
    contribution,
    net_heat,
    node_splits,
    pool_network,
    random_inconsistency,
)

DIABETES = Path(__file__).parents[1] / "tests" / "evidence_network_set" / "diabetes.csv"
TARGET = 5.0  # milliseconds for 10 treatments
PROGRESS = Console(stderr=True)
Rows = list[dict[str, Any]]
_R = """
if (!requireNamespace("netmeta", quietly = TRUE)) { cat("netmeta is not installed"); quit(status = 3) }
suppressMessages(library(netmeta))
d <- read.csv(commandArgs(TRUE)[1])
one <- function() netmeta(yi, sqrt(vi), treatment_1, treatment_2, study, data = d, method.tau = "REML")
one()
times <- replicate(as.integer(commandArgs(TRUE)[2]), system.time(one())[["elapsed"]])
cat(1000 * median(times))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long a network meta-analysis takes.")
    parser.add_argument("--repeat", type=int, default=50, help="runs of each step")
    repeat = parser.parse_args().repeat
    out = Console(highlight=False)
    network = build_network(DIABETES, "MD")
    contrasts: Rows = []
    for study in network.studies:
        names = study.treatments
        pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
        for first, second in pairs:
            yi, vi = study.pair(first, second)
            contrasts.append(
                {"study": study.name, "treatment_1": first, "treatment_2": second, "yi": yi, "vi": vi}
            )
    result = pool_network(contrasts)
    steps: dict[str, Callable[[], object]] = {
        f"10 treatments, 26 studies: {model}": partial(pool_network, contrasts, model=model)
        for model in ("common", "DL", "REML", "ML")
    }
    steps |= {
        "  the same network already read: REML": partial(pool_network, network),
        "  tables with intervals of ranks": result.table,
        "  node splits": partial(node_splits, result),
        "  random inconsistency": partial(random_inconsistency, result),
        "  contributions, shortest path": partial(contribution, result),
        "  contributions, random walk": partial(contribution, result, "random-walk"),
        "  net heat": partial(net_heat, result),
    }
    for treatments, studies in ((10, 100), (30, 300)):
        made = simulated(treatments, studies)
        steps[f"{treatments} treatments, {studies} two-arm studies: REML"] = partial(pool_network, made)
    found = {
        name: timed(step, repeat) for name, step in track(steps.items(), console=PROGRESS, transient=True)
    }
    for name, milliseconds in found.items():
        out.print(f"{name:<52}{milliseconds:9.2f} ms")
    ours = found["10 treatments, 26 studies: REML"]
    out.print(
        f"target {TARGET:g} ms for 10 treatments by REML: {'met' if ours <= TARGET else 'missed'} ({ours:.2f} ms)"
    )
    out.print(beside_r(contrasts, ours, min(repeat, 20)))


def timed(step: Callable[[], object], repeat: int) -> float:
    """Median of the elapsed milliseconds, after one run to warm up."""
    step()
    runs = []
    for _ in range(repeat):
        began = time.perf_counter()
        step()
        runs.append(time.perf_counter() - began)
    return statistics.median(runs) * 1000


def simulated(treatments: int, studies: int, seed: int = 1) -> Rows:
    """Two-arm studies over a connected network."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 0.5, treatments)
    rows: Rows = []
    for study in range(studies):
        first = study % treatments
        second = int((first + rng.integers(1, treatments)) % treatments) if study >= treatments else first + 1
        second %= treatments
        vi = float(rng.uniform(0.02, 0.3))
        yi = float(true[first] - true[second] + rng.normal(0, (vi + 0.05) ** 0.5))
        rows.append(
            {
                "study": f"s{study}",
                "treatment_1": f"t{first}",
                "treatment_2": f"t{second}",
                "yi": yi,
                "vi": vi,
            }
        )
    return rows


def beside_r(rows: Rows, ours: float, repeat: int) -> str:
    """The line about R's netmeta on the same contrasts, or why there is none."""
    script = shutil.which("Rscript")
    if script is None:
        return "netmeta: skipped, R is not installed here"
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "contrasts.csv"
        with table.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        (Path(name) / "netmeta.R").write_text(_R, encoding="utf-8")
        done = subprocess.run(
            [script, str(Path(name) / "netmeta.R"), str(table), str(repeat)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        return f"netmeta: skipped ({(done.stdout or done.stderr).strip().splitlines()[-1:]})"
    theirs = float(done.stdout)
    return f"netmeta by REML: {theirs:.2f} ms, {theirs / ours:.1f} times ours"


if __name__ == "__main__":
    main()
