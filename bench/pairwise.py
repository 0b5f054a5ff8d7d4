"""Pairwise meta-analysis beside PyMARE, statsmodels and metafor, on the same simulated sets.

    python bench/pairwise.py [sets] [--peer-python PATH]

1,000 sets of 20 studies by default (seeded). PATH is a Python in which PyMARE and statsmodels are installed; metafor is run where
Rscript is on the path and has it. What is not there is named and left out. Ratios are the peer's time over ours; every peer's
tau2 is compared with ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from opentrd.evidence import pool_sets

STUDIES = 20
_PEERS = """
import json, sys, time
import numpy as np
y, v = (np.array(part) for part in json.load(open(sys.argv[1])))
found = {}
def note(name, tau2, began, sets, failed=0):
    found[name] = {"seconds": time.perf_counter() - began, "sets": sets, "failed": failed, "tau2": list(map(float, tau2))}
try:
    from pymare import Dataset
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
    few = min(100, y.shape[1])
    began = time.perf_counter()
    kept = []
    for i in range(few):
        fitted = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y=y[:, [i]], v=v[:, [i]]))
        kept.append(float(np.ravel(fitted.summary().tau2)[0]))
    note("PyMARE REML, one by one", kept, began, few)
    began = time.perf_counter()
    note("PyMARE REML, all at once",
         np.ravel(VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y=y, v=v)).summary().tau2), began, y.shape[1])
    began = time.perf_counter()
    note("PyMARE DL, all at once", np.ravel(DerSimonianLaird().fit_dataset(Dataset(y=y, v=v)).summary().tau2), began, y.shape[1])
except ImportError:
    found["PyMARE"] = None
try:
    from statsmodels.stats.meta_analysis import combine_effects
    for name, method in (("statsmodels PM, one by one", "iterated"), ("statsmodels DL, one by one", "chi2")):
        few = min(300, y.shape[1])
        began = time.perf_counter()
        kept = [combine_effects(y[:, i], v[:, i], method_re=method).tau2 for i in range(few)]
        note(name, kept, began, few)
except ImportError:
    found["statsmodels"] = None
print(json.dumps(found))
"""
_METAFOR = """
suppressMessages(library(metafor))
y <- as.matrix(read.csv(commandArgs(TRUE)[1], header=FALSE)); v <- as.matrix(read.csv(commandArgs(TRUE)[2], header=FALSE))
n <- min(200, ncol(y)); began <- proc.time()[["elapsed"]]; failed <- 0; kept <- rep(NA, n)
for (i in 1:n) { r <- try(rma(y[,i], v[,i], method="REML"), silent=TRUE)
  if (inherits(r, "try-error")) failed <- failed + 1 else kept[i] <- r$tau2 }
cat(proc.time()[["elapsed"]] - began, n, failed, "\n"); cat(kept, "\n")
"""


def simulated(sets: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates and variances (20, sets): variances as in Brockwell & Gordon (2001), tau2 from 0 to 0.2."""
    rng = np.random.default_rng(20261121)
    v = np.clip(0.25 * rng.chisquare(1, (STUDIES, sets)), 0.009, 0.6)
    return rng.normal(0.3, np.sqrt(v + rng.uniform(0, 0.2, sets))), v


def main() -> None:
    """Time ours, then each peer that is there; print seconds a thousand sets, and the ratio."""
    words = sys.argv[1:]
    python = words[words.index("--peer-python") + 1] if "--peer-python" in words else sys.executable
    count = int(words[0]) if words and words[0].isdigit() else 1000
    out = Console(highlight=False, soft_wrap=True)
    y, v = simulated(count)
    ours: dict[str, float] = {}
    tau2: dict[str, NDArray[np.float64]] = {}
    for model in ("REML", "ML", "PM", "DL"):
        alone = _best(lambda model=model: pool_sets(y, v, model=model, intervals=False))  # type: ignore[misc]
        whole = _best(lambda model=model: pool_sets(y, v, model=model))  # type: ignore[misc]
        made = pool_sets(y, v, model=model)
        ours[model], tau2[model] = alone, made.tau2
        unsolved = int((~np.isfinite(made.tau2) | ~np.isfinite(made.se[:, 0])).sum())
        out.print(
            f"OpenTRD {model}: {count:,} sets of {STUDIES} studies in {alone * 1000:.1f} ms, with Q-profile intervals "
            f"{whole * 1000:.1f} ms; unconverged: {unsolved}"
        )
    one = _best(lambda: pool_sets(y[:, 0], v[:, 0]), 50)
    out.print(f"OpenTRD REML: one set, with all intervals, {one * 1000:.2f} ms")
    per = {model: seconds / count for model, seconds in ours.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _peers(out, folder, python, y, v, per, tau2)
        _metafor(out, folder, y, v, per["REML"], tau2["REML"])


def _best(call: Callable[[], object], times: int = 7) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def _peers(
    out: Console, folder: Path, python: str, y: NDArray[np.float64], v: NDArray[np.float64],
    per: dict[str, float], tau2: dict[str, NDArray[np.float64]],
) -> None:  # fmt: skip
    (folder / "sets.json").write_text(json.dumps([y.tolist(), v.tolist()]), encoding="utf-8")
    run = subprocess.run(
        [python, "-c", _PEERS, str(folder / "sets.json")], capture_output=True, text=True, check=False
    )
    if run.returncode:
        out.print("PyMARE and statsmodels: skipped (they could not be run)")
        return
    for name, found in json.loads(run.stdout.strip().splitlines()[-1]).items():
        if found is None:
            out.print(f"{name}: skipped (not installed; --peer-python PATH names a Python that has it)")
            continue
        model = name.split()[1].rstrip(",")
        _line(out, name, found["seconds"], found["sets"], np.array(found["tau2"]), per[model], tau2[model])


def _metafor(
    out: Console, folder: Path, y: NDArray[np.float64], v: NDArray[np.float64], per: float, tau2: NDArray[np.float64]
) -> None:  # fmt: skip
    rscript = shutil.which("Rscript")
    if rscript is None:
        out.print("metafor: skipped (Rscript is not on the path)")
        return
    for name, values in (("y.csv", y), ("v.csv", v)):
        np.savetxt(folder / name, values, delimiter=",")
    (folder / "run.R").write_text(_METAFOR, encoding="utf-8")
    run = subprocess.run(
        [rscript, "run.R", "y.csv", "v.csv"], cwd=folder, capture_output=True, text=True, check=False
    )
    if run.returncode:
        out.print("metafor: skipped (not installed in R)")
        return
    first, second = run.stdout.strip().splitlines()[-2:]
    seconds, sets, failed = (float(word) for word in first.split())
    theirs = np.array([np.nan if word == "NA" else float(word) for word in second.split()])
    _line(out, "metafor REML, one by one", seconds, int(sets), theirs, per, tau2)
    out.print(f"    metafor stopped with an error on {failed:.0f} of {sets:.0f} sets")


def _line(
    out: Console, name: str, seconds: float, sets: int, theirs: NDArray[np.float64], per: float, tau2: NDArray[np.float64]
) -> None:  # fmt: skip
    apart = float(np.nanmax(np.abs(theirs - tau2[: len(theirs)])))
    negative = int((theirs < 0).sum())
    said = f"; tau2 below 0 in {negative} sets" if negative else ""
    out.print(
        f"{name}: {1000 * 1000 * seconds / sets:,.0f} ms a thousand sets, ratio {seconds / sets / per:,.1f}; "
        f"largest difference of tau2 {apart:.1e}{said}"
    )


if __name__ == "__main__":
    main()
