"""Published results of public data sets, which are not part of this repository: looked for beside the checkout.

Harrer, Cuijpers, Furukawa & Ebert, Doing Meta-Analysis with R, 2021, chapters 4 and 9 (printed output of R's meta on the
teaching sets of dmetar); the Metapsy database of psychotherapies for depression.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from opentrd.evidence import cluster_robust, effect_sizes, egger, peters, pool, trim_fill

DATA = Path(__file__).parents[2] / "shared" / "data"
TEACHING, METAPSY = DATA / "dmetar-teaching", DATA / "metapsy-depression" / "data-depression-psyctr.csv.gz"
teaching = pytest.mark.skipif(
    not TEACHING.exists(), reason=f"dmetar's teaching sets are not there ({TEACHING})"
)
metapsy = pytest.mark.skipif(not METAPSY.exists(), reason=f"the Metapsy data are not there ({METAPSY})")


def _columns(name: str) -> dict[str, list[str]]:
    with (TEACHING / name).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return {key: [row[key] for row in rows] for key in rows[0]}


@teaching
def test_third_wave_psychotherapies() -> None:
    found = _columns("ThirdWave.csv")
    table = {"study": found["Author"], "yi": found["TE"], "se": found["seTE"]}
    result = pool(table)
    said = result.table()
    assert_allclose(
        [said[name] for name in ("estimate", "ci_low", "ci_high")], [0.5771, 0.3782, 0.7760], atol=5e-5
    )
    assert_allclose(
        [said[name] for name in ("tau2", "tau2_low", "tau2_high")], [0.0820, 0.0295, 0.3533], atol=5e-5
    )
    assert (round(said["statistic"], 2), round(said["q"], 2), said["q_df"]) == (6.12, 45.50, 17)
    # The book's I2 is from Q; that of this package is from tau2.
    assert round(100 * (said["q"] - 17) / said["q"], 1) == 62.6
    test = egger(result)
    assert (round(test["slope"], 3), round(test["statistic"], 3), round(test["p_value"], 5)) == (
        4.111,
        4.677,
        0.00025,
    )


@teaching
def test_third_wave_filled_as_there_trimming_by_the_common_effect() -> None:
    found = _columns("ThirdWave.csv")
    result = pool({"study": found["Author"], "yi": found["TE"], "se": found["seTE"]})
    made = trim_fill(result, trim_by="common")
    said = made.table()
    assert (made.side, made.k0) == ("left", 8)
    assert_allclose(
        [said[name] for name in ("estimate", "ci_low", "ci_high")], [0.3428, 0.1015, 0.5841], atol=5e-5
    )
    assert said["tau2"] == pytest.approx(0.2557, abs=5e-5)
    assert trim_fill(result).k0 == 0


@teaching
def test_suicide_prevention() -> None:
    found = _columns("SuicidePrevention.csv")
    table = {"study": found["author"]} | {
        f"{name}_{group}": found[f"{name}.{own}"]
        for name in ("mean", "sd", "n")
        for group, own in ((1, "e"), (2, "c"))
    }
    said = pool(table, measure="SMD").table()
    assert [round(said[name], 2) for name in ("estimate", "ci_low", "ci_high")] == [-0.23, -0.37, -0.09]
    assert (round(said["p_value"], 3), round(said["tau2"], 3)) == (0.006, 0.004)


@teaching
def test_peters_on_depression_and_mortality() -> None:
    found = _columns("DepressionMortality.csv")
    names = {"event.e": "events_1", "n.e": "n_1", "event.c": "events_2", "n.c": "n_2", "author": "study"}
    said = peters({own: found[name] for name, own in names.items()}, "RR")
    assert (round(said["statistic"], 2), round(said["p_value"], 2), said["df"]) == (-0.08, 0.94, 16)


@metapsy
def test_metapsy_one_mean_for_each_trial() -> None:
    """480 trials, one mean g each: 0.71 by DerSimonian and Laird; 900 rows by REML with robust standard errors: 0.75."""
    with gzip.open(METAPSY) as handle:
        rows = list(csv.DictReader(io.TextIOWrapper(handle, encoding="latin-1"), delimiter=";"))
    study = np.array([row["study"] for row in rows])
    g, se = (np.array([float(row[name].replace(",", ".")) for row in rows]) for name in (".g", ".g_se"))
    names = sorted(set(study))
    means = [(g[study == name].mean(), np.mean(se[study == name] ** 2)) for name in names]
    yi, vi = (np.array(column) for column in zip(*means, strict=True))
    assert len(names) == 480
    assert round(pool(yi, vi, model="DL").estimate, 2) == 0.71
    every = pool({"study": study, "yi": g, "se": se})
    row = cluster_robust(every).rows[0]
    assert row["ci_low"] < 0.71 < row["ci_high"] and row["df"] < 479
    assert row["se"] > every.se


@metapsy
def test_metapsy_effect_sizes_from_means() -> None:
    """Its g of the comparisons with plain means and SDs at the end, computed again from those."""
    with gzip.open(METAPSY) as handle:
        rows = list(csv.DictReader(io.TextIOWrapper(handle, encoding="latin-1"), delimiter=";"))
    own = ("mean_arm1", "sd_arm1", "n_arm1", "mean_arm2", "sd_arm2", "n_arm2")
    whole = [row for row in rows if row["outcome_type"] == "msd" and all(row[name] != "NA" for name in own)]
    columns = {
        key: np.array([float(row[name].replace(",", ".")) for row in whole])
        for key, name in zip(("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2"), own, strict=True)
    }
    g = np.array([float(row[".g"].replace(",", ".")) for row in whole])
    made, _ = effect_sizes("SMD", **columns)
    # There a positive g favours the first arm, here it is a higher score; its correction is the usual approximation.
    apart = np.abs(np.abs(made) - np.abs(g))
    assert len(whole) == 810 and np.mean(apart < 2e-3) > 0.997
