"""Models, intervals and meta-regression against another package (tests/evidence_sets, and the oracles beside)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from evidence_oracles import BESIDE_NAMES, NAMES, Oracle, from_raw, oracle
from opentrd.evidence import PooledSets, pool_sets

TESTS = {"z": "z", "knha": "knapp-hartung"}
# metafor's own tolerances: tau2 is compared more loosely than what hardly depends on it.
TAU2, OTHERS = 1e-6, 1e-8
WITHOUT_MODERATOR = (
    "stroke_unit", "dagostino1998_SMD_rnic1", "normand1999_MD", "normand1999_ROM", "normand1999_SMD", "pignon2000_logHR",
    "pritz1997_PFT", "pritz1997_PLO", "yusuf1985_PETO",
)  # fmt: skip
COMPUTED = ("hackshaw1998_logOR", "knapp2017_SMD", "pignon2000_logHR", "raudenbush1985")


def _fit(found: Oracle, key: str, *, mods: bool = False) -> PooledSets:
    model, test = key.split("_")
    whole = np.isfinite(found.mod) if mods and found.mod is not None else np.ones(len(found.yi), dtype=bool)
    return pool_sets(
        found.yi[whole], found.vi[whole], model="common" if model == "EE" else model, test=TESTS[test],
        mods=found.mod[whole] if mods and found.mod is not None else None,
    )  # fmt: skip


def _compare(ours: PooledSets, theirs: dict[str, Any], rtol: float) -> None:
    for name, value in (
        ("b", ours.coefficients), ("se", ours.se), ("ci_lb", ours.ci_low), ("ci_ub", ours.ci_high), ("QE", ours.q),
    ):  # fmt: skip
        assert_allclose(np.ravel(value), np.ravel(theirs[name]), rtol=rtol, atol=1e-9, err_msg=name)
    assert_allclose(np.ravel(ours.p_value), np.ravel(theirs["pval"]), rtol=10 * rtol, atol=1e-300)
    assert_allclose(ours.q_p[0], theirs["QEp"], rtol=10 * rtol, atol=1e-300)
    assert_allclose(ours.i2[0], theirs["I2"], rtol=TAU2, atol=1e-6)
    assert_allclose(ours.h2[0], theirs["H2"], rtol=TAU2)
    assert_allclose(ours.tau2[0], theirs["tau2"], rtol=TAU2, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_and_test(name: str) -> None:
    found = oracle(name)
    for key, theirs in found.expected["models"].items():
        ours = _fit(found, key)
        _compare(ours, theirs, OTHERS)
        if ours.model == "common":
            assert np.isnan(ours.pi_low[0])
            continue
        for end, value in (("lb", ours.pi_low), ("ub", ours.pi_high)):
            assert_allclose(value[0], theirs[f"pi_{end}"], rtol=OTHERS, atol=1e-9)
        for end, value in (("lb", ours.pi_hts_low), ("ub", ours.pi_hts_high)):
            assert_allclose(value[0], theirs[f"pi_hts_{end}"], rtol=OTHERS, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_q_profile_intervals(name: str) -> None:
    found = oracle(name)
    for key, theirs in found.expected["models"].items():
        if "tau2_ci" not in theirs:
            continue
        ours = _fit(found, key)
        if name == "normand1999_MD" and key == "DL_z":
            # There metafor stops searching at ten times its tau2; our end is the one where Q is the quantile.
            w = 1 / (found.vi + ours.tau2_high[0])
            q = np.sum(w * (found.yi - np.average(found.yi, weights=w)) ** 2)
            assert_allclose(q, chi2.ppf(0.025, len(w) - 1), rtol=1e-10)
            assert theirs["tau2_ci"][1] == pytest.approx(10 * theirs["tau2"])
            continue
        for side, (tau2, i2, h2) in enumerate(
            ((ours.tau2_low, ours.i2_low, ours.h2_low), (ours.tau2_high, ours.i2_high, ours.h2_high))
        ):
            assert_allclose(tau2[0], theirs["tau2_ci"][side], rtol=TAU2, atol=1e-9)
            assert_allclose(i2[0], theirs["I2_ci"][side], rtol=TAU2, atol=1e-6)
            assert_allclose(h2[0], theirs["H2_ci"][side], rtol=TAU2)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_MODERATOR])
def test_meta_regression(name: str) -> None:
    found = oracle(name)
    assert found.mod is not None
    # A calendar year in the normal equations costs metafor half its digits (next test): there 1e-6 is what it has.
    year = np.nanmin(found.mod) > 1000
    for key, theirs in found.expected["metareg"].items():
        ours = _fit(found, key, mods=True)
        _compare(ours, theirs, 1e-6 if year else OTHERS)
        assert_allclose(ours.omnibus[0], theirs["QM"], rtol=1e-6)
        assert_allclose(ours.omnibus_p[0], theirs["QMp"], rtol=1e-6)


def test_with_a_calendar_year_the_residual_q_is_exact() -> None:
    """Exact rational arithmetic says which of the two is right: metafor 3.8 is off by 3e-8 here, in its eighth digit."""
    found = oracle("egger2001_OR")
    assert found.mod is not None
    y, x = ([Fraction(float(value)) for value in column] for column in (found.yi, found.mod))
    w = [1 / Fraction(float(value)) for value in found.vi]
    sw, sx, sy = (
        sum(a * b for a, b in zip(w, column, strict=True)) for column in ([Fraction(1)] * len(w), x, y)
    )
    sxx = sum(a * b * b for a, b in zip(w, x, strict=True))
    sxy = sum(a * b * c for a, b, c in zip(w, x, y, strict=True))
    slope = (sw * sxy - sx * sy) / (sw * sxx - sx * sx)
    level = (sy - slope * sx) / sw
    exact = float(sum(a * (c - level - slope * b) ** 2 for a, b, c in zip(w, x, y, strict=True)))
    ours = _fit(found, "DL_z", mods=True)
    assert ours.q[0] == pytest.approx(exact, rel=1e-13)
    assert found.expected["metareg"]["DL_z"]["QE"] != pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("name", [name for name in BESIDE_NAMES if name not in COMPUTED])
def test_effect_sizes_from_the_raw_columns(name: str) -> None:
    found = oracle(name)
    made = from_raw(name, found.raw)
    assert made is not None
    assert_allclose(made[0], found.yi, rtol=1e-12, atol=1e-14)
    assert_allclose(made[1], found.vi, rtol=1e-12)
