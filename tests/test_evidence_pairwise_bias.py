"""Small-study effects, influence and count methods: against another package, by closed forms, and by what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import linregress, norm

from evidence_oracles import BESIDE, EXPECTED, HERE, NAMES, Oracle, oracle
from opentrd.evidence import EvidenceError, PairwiseResult, pool
from opentrd.evidence.pairwise import selection
from opentrd.evidence.pairwise.asymmetry import begg, egger, egger_sets, fail_safe_n, pet_peese
from opentrd.evidence.pairwise.counts import CountResult, mantel_haenszel, peto
from opentrd.evidence.pairwise.funnel import funnel
from opentrd.evidence.pairwise.selection import selection_model
from opentrd.evidence.pairwise.sensitivity import cumulative, influence, leave_one_out
from opentrd.evidence.pairwise.trim_fill import _missing, trim_fill


def _fit(found: Oracle) -> PairwiseResult:
    return pool(found.yi, found.vi, test="z")


@pytest.mark.parametrize("name", NAMES)
def test_egger_begg_and_fail_safe_n(name: str) -> None:
    found = oracle(name)
    theirs = found.expected["publication_bias"]
    result = _fit(found)
    line = egger(result)
    assert_allclose(line["statistic"], theirs["egger_lm"]["t"], rtol=1e-8)
    assert_allclose(line["p_value"], theirs["egger_lm"]["pval"], rtol=1e-8)
    assert_allclose([line["limit_low"], line["limit_high"]], theirs["egger_lm"]["limit_ci"], rtol=1e-8)
    model = egger(result, method="model")
    # Fitted there with the default threshold of REML.
    assert_allclose(model["statistic"], theirs["egger_rma"]["z"], rtol=1e-6)
    assert_allclose(model["limit"], theirs["egger_rma"]["limit"], rtol=1e-6)
    assert_allclose(begg(result)["tau"], theirs["begg"]["tau"], rtol=1e-12)
    assert_allclose(begg(result)["p_value"], theirs["begg"]["pval"], rtol=1e-8)
    assert fail_safe_n(result)["fail_safe_n"] == theirs["fsn_rosenthal"]["fsnum"]


@pytest.mark.parametrize("name", NAMES)
def test_trim_and_fill(name: str) -> None:
    found = oracle(name)
    for estimator in ("L0", "R0"):
        theirs = found.expected["publication_bias"][f"trimfill_{estimator}"]
        ours = trim_fill(_fit(found), estimator=estimator)
        assert (ours.side, ours.k0) == (theirs["side"], theirs["k0"])
        # Fitted there with the default threshold of REML, which leaves tau2 off by up to 1e-3.
        assert_allclose(ours.fitted.estimate[0], theirs["b"], rtol=1e-4)
        assert_allclose(ours.fitted.se[0, 0], theirs["se"], rtol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_leave_one_out_influence_and_cumulative(name: str) -> None:
    found = oracle(name)
    theirs = found.expected["publication_bias"]
    result = _fit(found)
    one = leave_one_out(result)
    for ours, key in (("estimate", "b"), ("se", "se"), ("tau2", "tau2")):
        assert_allclose([row[ours] for row in one], theirs["leave1out"][key], rtol=1e-6, atol=1e-9)
    each = influence(result)
    for ours, key in (
        ("rstudent", "rstudent"),
        ("cooks_distance", "cooks_d"),
        ("hat", "hat"),
        ("dffits", "dffits"),
    ):
        assert_allclose([row[ours] for row in each], theirs["influence"][key], rtol=1e-6, atol=1e-9)
    steps = cumulative(result)
    for ours, key in (("estimate", "b"), ("se", "se")):
        assert_allclose([row[ours] for row in steps], theirs["cumul"][key], rtol=1e-6)


WITH_SELECTION = [
    name for name in NAMES
    if name not in ("bonett2010_ABT_CESD_alpha", "cesd_alpha", "pritz1997_PFT", "yusuf1985_PETO")
]  # fmt: skip


@pytest.mark.parametrize("name", WITH_SELECTION)
def test_the_selection_model_reaches_at_least_the_likelihood_of_the_other(name: str) -> None:
    found = oracle(name)
    theirs = found.expected["publication_bias"]["selmodel_3psm"]
    # The direction was chosen there by the sign of the effect.
    ours = selection_model(_fit(found))
    sign = 1 if ours.alternative == "greater" else -1
    y, cut = sign * found.yi, norm.isf(0.025) * np.sqrt(found.vi)
    point = np.array([sign * theirs["b"], theirs["tau2"], theirs["delta"][1]])
    assert ours.log_likelihood >= -selection._value(point, y, found.vi, cut, y >= cut) - 1e-10
    if name == "egger2001_OR":
        # Two maxima, at tau2 = 0 and at 0.109; metafor stays in the lower one.
        assert ours.statistic > theirs["LRT"] + 3 and ours.tau2 == 0
        return
    # Where the maximum is at tau2 = 0, its unadjusted fit stops beside it, which adds to its statistic.
    assert_allclose(ours.statistic, theirs["LRT"], rtol=1e-5, atol=5e-4)
    # Its optimiser stops early by up to 1e-3 where the likelihood is flat.
    assert_allclose(ours.estimate, theirs["b"], rtol=2e-3)
    assert_allclose(ours.weight, theirs["delta"][1], rtol=5e-3)
    if theirs["se"] is not None and ours.tau2 > 0:
        assert_allclose(ours.se, theirs["se"], rtol=2e-3)


def test_the_gradient_of_the_selection_model_is_its_derivative() -> None:
    rng = np.random.default_rng(11)
    v = rng.uniform(0.02, 0.3, 12)
    y, cut = rng.normal(0.3, 0.5, 12), 1.96 * np.sqrt(v)
    theta, width = np.array([0.25, 0.1, 0.6]), 1e-6
    slope = selection._gradient(theta, y, v, cut, y >= cut)
    for i, unit in enumerate(np.eye(3)):
        ends = [selection._value(theta + s * width * unit, y, v, cut, y >= cut) for s in (1, -1)]
        assert slope[i] == pytest.approx((ends[0] - ends[1]) / (2 * width), rel=1e-6)


def test_the_selection_model_finds_what_was_hidden() -> None:
    """Studies of no effect, of which one in ten of the non-significant is seen: the adjusted mean comes down to it."""
    rng = np.random.default_rng(5)
    v = rng.uniform(0.02, 0.2, 4000)
    y = rng.normal(0.0, np.sqrt(v + 0.02))
    seen = (y / np.sqrt(v) > 1.96) | (rng.random(4000) < 0.1)
    result = pool(y[seen], v[seen])
    made = selection_model(result)
    assert result.estimate > 0.1
    assert abs(made.estimate) < 3 * made.se < 0.1
    assert made.weight == pytest.approx(0.1, abs=3 * made.weight_se)
    assert made.p_value < 1e-6


def test_studies_on_one_side_of_the_step_only() -> None:
    with pytest.raises(EvidenceError, match="all studies have p-values above the step"):
        selection_model(pool([0.1, 0.2, 0.05, 0.1], [0.5, 0.4, 0.3, 0.5]))


def test_egger_is_a_plain_regression() -> None:
    """The original form: effect over standard error on precision; its intercept is the slope on the standard error."""
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.4, (15, 30))
    y = rng.normal(0.2, np.sqrt(v)) + 0.5 * np.sqrt(v)
    statistic, p_value = egger_sets(y, v)
    for at in range(30):
        line = linregress(1 / np.sqrt(v[:, at]), y[:, at] / np.sqrt(v[:, at]))
        assert statistic[at] == pytest.approx(line.intercept / line.intercept_stderr, rel=1e-9)
        assert p_value[at] == pytest.approx(egger(pool(y[:, at], v[:, at]))["p_value"], rel=1e-9)


def test_a_set_with_equal_standard_errors_gets_no_answer_and_spoils_no_other() -> None:
    y, v = np.array([[0.1, 0.1], [0.4, 0.4], [0.2, 0.2]]), np.array([[0.1, 0.1], [0.1, 0.2], [0.1, 0.4]])
    statistic, p_value = egger_sets(y, v)
    assert np.isnan(statistic[0]) and np.isnan(p_value[0])
    assert p_value[1] == pytest.approx(egger(pool(y[:, 1], v[:, 1]))["p_value"])


def test_pet_peese_chooses_by_the_test_of_pet() -> None:
    rng = np.random.default_rng(4)
    v = rng.uniform(0.001, 0.1, 40)
    effect = pet_peese(pool(rng.normal(0.6, np.sqrt(v)), v))
    assert effect["chosen"] == "peese" and effect["peese"]["ci_low"] < 0.6 < effect["peese"]["ci_high"]
    none = pet_peese(pool(rng.normal(0, np.sqrt(v)) + 1.5 * np.sqrt(v), v))
    assert none["chosen"] == "pet" and none["pet"]["ci_low"] < 0 < none["pet"]["ci_high"]


def test_fail_safe_numbers_do_what_they_say() -> None:
    rng = np.random.default_rng(6)
    v = rng.uniform(0.02, 0.2, 12)
    y = rng.normal(0.5, np.sqrt(v))
    result = pool(y, v)
    n = fail_safe_n(result)["fail_safe_n"]
    z = np.sum(y / np.sqrt(v))
    assert z / np.sqrt(12 + n) <= norm.isf(0.05) < z / np.sqrt(12 + n - 1)
    n = fail_safe_n(result, method="rosenberg")["fail_safe_n"]
    w = 1 / v
    z = [np.sum(w * y) / np.sqrt(w.sum() + w.mean() * m) for m in (n, n - 1)]
    assert z[0] <= norm.isf(0.025) < z[1]
    n = fail_safe_n(result, method="orwin", target=0.1)["fail_safe_n"]
    assert y.sum() / (12 + n) <= 0.1 < y.sum() / (12 + n - 1)
    with pytest.raises(EvidenceError, match="between 0 and the mean"):
        fail_safe_n(result, method="orwin", target=2.0)


@pytest.mark.parametrize(
    ("deviation", "missing"),
    [
        # Ranks of the positive ones sum to 14: (4 * 14 - 30) / 9 = 2.9; the run above the highest negative rank is 4.
        ([-1.0, 2.0, 3.0, 4.0, 5.0], {"L0": 3, "R0": 3}),
        # 9 of 21: (36 - 42) / 11 < 0; no run; 6 - 0.5 - sqrt(72 - 36 + 0.25) < 0.
        ([-6.0, -4.0, -2.0, 1.0, 3.0, 5.0], {"L0": 0, "R0": 0, "Q0": 0}),
        # 18 of 21: (72 - 42) / 11 = 2.7; run of 3; 6 - 0.5 - sqrt(72 - 72 + 0.25) = 5.
        ([-1.0, -2.0, 3.0, 4.0, 5.0, 6.0], {"L0": 3, "R0": 3, "Q0": 5}),
    ],
)
def test_missing_studies_counted_by_hand(deviation: list[float], missing: dict[str, int]) -> None:
    for estimator, count in missing.items():
        assert _missing(np.array(deviation), estimator) == count


def test_a_mirrored_set_mirrors_trim_and_fill() -> None:
    found = oracle("bcg")
    one, other = trim_fill(_fit(found)), trim_fill(pool(-found.yi, found.vi, test="z"))
    assert (one.side, other.side, one.k0) == ("right", "left", other.k0)
    assert one.fitted.estimate[0] == pytest.approx(-other.fitted.estimate[0], rel=1e-9)


def test_the_tables_of_a_funnel() -> None:
    found = oracle("bcg")
    result = _fit(found)
    made = funnel(result, filled=trim_fill(result))
    assert [row["added"] for row in made["points"]] == [False] * 13 + [True]
    edge = [row for row in made["contours"] if row["level"] == 0.95]
    assert all(row["high"] == pytest.approx(norm.ppf(0.975) * row["se"]) for row in edge)
    for row in made["points"]:
        inside = abs(row["yi"]) < norm.ppf(0.975) * row["se"]
        assert inside == (row["p_value"] > 0.05)
    assert made["region"][0]["low"] == made["region"][0]["high"] == result.estimate


def test_cumulative_by_year_and_its_first_row() -> None:
    result = pool(HERE / "bcg.csv", measure="RR")
    rows = cumulative(result, "year")
    assert [rows[0]["study"], rows[-1]["study"]] == ["Aronson", "TPT Madras"]
    assert rows[-1]["estimate"] == pytest.approx(result.estimate)
    first = result.studies()[0]
    assert (rows[0]["ci_low"], rows[0]["ci_high"]) == pytest.approx((first["ci_low"], first["ci_high"]))


def _check_counts(ours: CountResult, theirs: dict[str, Any]) -> None:
    table = ours.table()
    assert table["estimate"] == pytest.approx(theirs["b"], rel=1e-12)
    assert table["se"] == pytest.approx(theirs["se"], rel=1e-12)
    assert [table["ci_low"], table["ci_high"]] == pytest.approx(theirs["ci"], rel=1e-12)
    assert table["q"] == pytest.approx(theirs["QE"], rel=1e-12)
    assert table["i2"] == pytest.approx(theirs["I2"], rel=1e-12)


@pytest.mark.parametrize("theirs", EXPECTED["bcg"]["mantel_haenszel"], ids=lambda row: row["measure"])
def test_mantel_haenszel(theirs: dict[str, Any]) -> None:
    _check_counts(mantel_haenszel(HERE / "bcg.csv", theirs["measure"]), theirs)


def test_peto_leaves_out_and_names_studies_without_events() -> None:
    found = oracle("yusuf1985_PETO")
    names = {"ai": "events_1", "n1i": "n_1", "ci": "events_2", "n2i": "n_2", "trial": "study"}
    ours = peto({own: [row[name] for row in found.raw] for name, own in names.items()})
    _check_counts(ours, found.expected["peto"])
    silent = [row["trial"] for row in found.raw if float(row["ai"]) + float(row["ci"]) == 0]
    assert len(silent) == 3 and ours.notes == (f"no information on this measure: {', '.join(silent)}",)


def test_one_study_by_mantel_haenszel_is_that_study() -> None:
    one = {"study": ["a"], "events_1": [10], "n_1": [50], "events_2": [20], "n_2": [60]}
    assert mantel_haenszel(one, "OR").estimate == pytest.approx(np.log(10 * 40 / (40 * 20)))
    assert mantel_haenszel(one, "RR").estimate == pytest.approx(np.log(0.2 / (20 / 60)))
    assert mantel_haenszel(one, "RD").estimate == pytest.approx(0.2 - 20 / 60)
    assert mantel_haenszel(one, "OR").se == pytest.approx(np.sqrt(1 / 10 + 1 / 40 + 1 / 20 + 1 / 40))


def test_what_cannot_be_done_is_said() -> None:
    two = pool([0.1, 0.3], [0.1, 0.2])
    for make in (egger, begg, pet_peese):
        with pytest.raises(EvidenceError, match="too few for a test of asymmetry"):
            make(two)
    with pytest.raises(EvidenceError, match="too few to leave one out"):
        leave_one_out(two)
    with pytest.raises(EvidenceError, match="same standard error"):
        egger(pool([0.1, 0.3, 0.2], [0.1, 0.1, 0.1]))
    none = {"study": ["a", "b"], "events_1": [0, 0], "n_1": [50, 20], "events_2": [0, 0], "n_2": [60, 20]}
    with pytest.raises(EvidenceError, match="no information"):
        mantel_haenszel(none)
    with pytest.raises(EvidenceError, match="no information"):
        peto(none)


def test_the_oracles_lie_where_the_tests_look() -> None:
    """If the folder beside the checkout is there, it holds every set that these tests name."""
    if not BESIDE.exists():
        pytest.skip(f"the oracles are not beside the checkout ({BESIDE})")
    assert all((BESIDE / f"{name}.json").exists() for name in NAMES if name not in EXPECTED)


def test_influence_where_all_studies_agree_leaves_out_what_is_not_defined() -> None:
    rows = influence(pool([0.5] * 4, [0.1] * 4))
    assert [row["study"] for row in rows] and len(rows) == 4
    assert all(row["cooks_distance"] is None and row["hat"] is not None for row in rows)
