"""Dependent effects and subgroups: several levels, two outcomes, robust standard errors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from evidence_oracles import BESIDE, EXPECTED, HERE
from opentrd.evidence import EvidenceError, pool, pool_sets, variance_intervals
from opentrd.evidence.pairwise.algebra import log_likelihood
from opentrd.evidence.pairwise.covariance import blocks, evaluate
from opentrd.evidence.pairwise.multilevel import pool_bivariate, pool_multilevel
from opentrd.evidence.pairwise.robust import cluster_robust
from opentrd.evidence.pairwise.subgroups import subgroups


def test_three_levels() -> None:
    path = BESIDE / "mv_konstantopoulos2011.csv"
    if not path.exists():
        pytest.skip(f"the oracle konstantopoulos2011 is not beside the checkout ({BESIDE})")
    theirs = json.loads((BESIDE / "multilevel_models.json").read_text(encoding="utf-8"))[
        "konstantopoulos2011_3level"
    ]
    ours = pool_multilevel(path, ("district", "school"))
    row = ours.table()["coefficients"][0]
    assert_allclose(
        [row["estimate"], row["se"], row["ci_low"]], [theirs["b"], theirs["se"], theirs["ci_lb"]], rtol=1e-6
    )
    assert_allclose(list(ours.components.values()), theirs["sigma2"], rtol=1e-5)
    assert list(ours.components) == ["district", "school"]
    assert ours.log_likelihood == pytest.approx(theirs["logLik"], rel=1e-9)
    assert ours.q == pytest.approx(theirs["QE"], rel=1e-9)
    # Its other upper end is missing there.
    intervals = variance_intervals(ours)
    assert_allclose([intervals[0]["low"], intervals[0]["high"]], theirs["sigma2_ci"]["1"], rtol=1e-3)
    assert intervals[1]["low"] == pytest.approx(theirs["sigma2_ci"]["2"][0], rel=1e-3)
    robust = ours.robust(kind="CR1").rows[0]
    assert robust["se"] == pytest.approx(theirs["robust"]["se"], rel=1e-6)
    assert (robust["df"], robust["p_value"]) == (10, pytest.approx(theirs["robust"]["pval"], rel=1e-6))


def test_two_outcomes() -> None:
    theirs = EXPECTED["periodontal"]
    ours = pool_bivariate(HERE / "periodontal.csv")
    assert ours.terms == ("AL", "PD")
    assert_allclose(ours.coefficients, theirs["b"], rtol=1e-6)
    assert_allclose(np.sqrt(np.diag(ours.covariance)), theirs["se"], rtol=1e-6)
    assert_allclose(list(ours.components.values()), theirs["tau2"], rtol=1e-5)
    assert ours.correlation == pytest.approx(theirs["rho"], rel=1e-5)
    assert ours.log_likelihood == pytest.approx(theirs["logLik"], rel=1e-9)
    assert ours.q == pytest.approx(theirs["QE"], rel=1e-9)


def _rows(seed: int, studies: int = 12, each: int = 3) -> dict[str, list[object]]:
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.02, 0.2, studies * each)
    level = np.repeat(rng.normal(0, 0.4, studies), each)
    yi = 0.3 + level + rng.normal(0, np.sqrt(vi + 0.05))
    names = [f"s{i}" for i in range(studies) for _ in range(each)]
    return {"study": names, "yi": yi.tolist(), "vi": vi.tolist(), "dose": rng.uniform(0, 1, len(vi)).tolist()}


@pytest.mark.parametrize("model", ["REML", "ML"])
def test_one_effect_a_study_is_the_ordinary_model(model: str) -> None:
    rows = _rows(1, studies=15, each=1)
    many, one = pool_multilevel(rows, model=model), pool(rows, model=model, test="z")
    assert list(many.components.values()) == pytest.approx([one.tau2], rel=1e-7)
    assert many.coefficients[0] == pytest.approx(one.estimate, rel=1e-8)


def test_the_derivatives_of_the_likelihood() -> None:
    rows = _rows(2)
    y, v = np.array(rows["yi"], dtype=float), np.array(rows["vi"], dtype=float)
    x = np.column_stack([np.ones(len(y)), np.array(rows["dose"], dtype=float)])
    names = [str(name) for name in rows["study"]]
    same = np.array([[float(a == b) for a in names] for b in names])
    cut = blocks(y, x, np.diag(v), [same, np.eye(len(y))], names)
    theta, width = np.array([0.1, 0.05]), 1e-6
    for restricted in (True, False):
        made = evaluate(cut, theta, restricted=restricted)
        for i, unit in enumerate(np.eye(2)):
            ends = [evaluate(cut, theta + s * width * unit, restricted=restricted).value for s in (1, -1)]
            assert made.gradient[i] == pytest.approx((ends[0] - ends[1]) / (2 * width), rel=1e-5)
    # The expected information, tr(P K_j P K_l) / 2, by plain matrices.
    whole = np.linalg.inv(np.diag(v) + theta[0] * same + theta[1] * np.eye(len(y)))
    p = whole - whole @ x @ np.linalg.solve(x.T @ whole @ x, x.T @ whole)
    plain = [[np.trace(p @ a @ p @ b) / 2 for a in (same, np.eye(len(y)))] for b in (same, np.eye(len(y)))]
    assert_allclose(evaluate(cut, theta, restricted=True).information, plain, rtol=1e-9)


def test_profile_intervals_of_one_variance() -> None:
    """One level of single effects: the ends are where the likelihood of the ordinary model has fallen by 1.92."""
    rows = _rows(1, studies=15, each=1)
    made = pool_multilevel(rows)
    row = variance_intervals(made)[0]
    sets = pool(rows, test="z").fitted.sets
    top = log_likelihood(sets, np.array([row["estimate"]]), restricted=True)[0]
    for end in ("low", "high"):
        there = log_likelihood(sets, np.array([row[end]]), restricted=True)[0]
        assert row[end] == 0 or top - there == pytest.approx(chi2.ppf(0.95, 1) / 2, rel=1e-6)
    assert row["low"] < row["estimate"] < row["high"]
    with pytest.raises(EvidenceError, match="nested levels only"):
        variance_intervals(pool_bivariate(HERE / "periodontal.csv"))


def test_nothing_near_is_likelier_than_the_fit() -> None:
    for seed in range(5):
        rows = _rows(seed)
        made = pool_multilevel(rows)
        assert list(made.components) == ["study", "row"]
        names = [str(name) for name in rows["study"]]
        same = np.array([[float(a == b) for a in names] for b in names])
        cut = blocks(made.data.yi, made.x, np.diag(made.data.vi), [same, np.eye(len(names))], names)
        for a in np.linspace(0, 0.6, 13):
            for b in np.linspace(0, 0.3, 13):
                there = evaluate(cut, np.array([a, b]), restricted=True, information=False)
                assert -there.value <= made.log_likelihood + 1e-9


@pytest.mark.parametrize("mods", [None, "dose"])
def test_cr2_is_unbiased_when_the_model_is_right(mods: str | None) -> None:
    """CR2 is quadratic in the estimates: its sum over the columns of a root of their covariance is its expectation,
    which has to be the model's own covariance. CR0 falls short of it."""
    result = pool(_rows(3, studies=8, each=2), test="z", mods=mods)
    model = result.refit(test="z").covariance[0]
    columns = np.diag(np.sqrt(result.data.vi + result.tau2))
    expected = {
        kind: sum(
            cluster_robust(replace(result, data=replace(result.data, yi=column)), kind=kind).covariance
            for column in columns
        )
        for kind in ("CR0", "CR2")
    }
    assert_allclose(expected["CR2"], model, rtol=1e-9)
    assert (np.diag(expected["CR0"]) < 0.95 * np.diag(model)).all()


def test_cr2_of_single_studies_with_equal_weights_is_the_t_test() -> None:
    y = np.array([0.1, 0.5, 0.9, 0.2, 0.7])
    row = cluster_robust(pool(y, np.full(5, 0.3)), kind="CR2").rows[0]
    assert row["se"] == pytest.approx(np.std(y, ddof=1) / np.sqrt(5))
    assert row["df"] == pytest.approx(4)


def test_the_kinds_of_robust_differ_by_what_they_say() -> None:
    result = pool(_rows(4))
    zero, one = (cluster_robust(result, kind=kind).rows[0] for kind in ("CR0", "CR1"))
    assert one["se"] == pytest.approx(zero["se"] * np.sqrt(12 / 11))
    assert one["df"] == 11
    two = cluster_robust(result).rows[0]
    assert two["se"] > zero["se"] and two["df"] < 11


def test_subgroups_with_separate_and_with_shared_tau2() -> None:
    rows = {**_rows(5, studies=12, each=1), "control": ["sham"] * 6 + ["waiting list"] * 6}
    result = pool(rows, test="z")
    made = subgroups(result, "control")
    assert [row["subgroup"] for row in made.rows] == ["sham", "waiting list"]
    y, v = result.data.yi, result.data.vi
    parts = [pool_sets(y[:6], v[:6], test="z"), pool_sets(y[6:], v[6:], test="z")]
    difference = parts[0].estimate[0] - parts[1].estimate[0]
    assert made.statistic == pytest.approx(difference**2 / (parts[0].se[0, 0] ** 2 + parts[1].se[0, 0] ** 2))
    shared = subgroups(result, "control", tau2="shared")
    regression = pool(rows, test="z", mods="control")
    assert shared.statistic == pytest.approx(regression.table()["omnibus"])
    assert shared.rows[0]["tau2"] == shared.rows[1]["tau2"] == pytest.approx(regression.tau2)


def test_a_subgroup_of_one_study_is_shown_as_it_is() -> None:
    rows = {"study": ["a", "b", "c"], "yi": [0.1, 0.2, 0.9], "vi": [0.1, 0.2, 0.3], "arm": ["x", "x", "y"]}
    made = subgroups(pool(rows), "arm")
    assert (made.rows[1]["estimate"], made.rows[1]["tau2"]) == (pytest.approx(0.9), None)
    assert made.notes == ("y: one study, shown as it is; its variance between studies is not known",)
    json.dumps(made.table(), allow_nan=False)


def test_bad_input() -> None:
    rows = _rows(6, studies=4, each=2)
    result = pool(rows)
    for make, said in (
        (lambda: subgroups(result, "study", tau2="pooled"), "separate or shared"),
        (lambda: subgroups(result, "arm"), "field arm: the column is missing"),
        (lambda: cluster_robust(result, ["a"] * 8), "1 clusters are too few"),
        (lambda: cluster_robust(result, ["a", "b"]), "not one cluster for each row"),
        (lambda: cluster_robust(result, kind="CR9"), "CR0, CR1, CR2"),
        (lambda: pool_multilevel(rows, ("clinic",)), "field clinic: the column is missing"),
        (lambda: pool_multilevel({**rows, "study": ["a"] * 8}), "only one cluster"),
        (
            lambda: pool_multilevel({**rows, "clinic": ["a", "", *"bbccdd"]}, ("clinic",)),
            "row 3, field clinic: the cell is empty",
        ),
        (
            lambda: cluster_robust(pool({**rows, "arm": ["", *"abcdefg"]}), "arm"),
            "row 2, field arm: the cell is empty",
        ),
        (
            lambda: pool_multilevel({**rows, "clinic": list("xxxxyyyy")}, ("study", "clinic")),
            "each study has one clinic only",
        ),
        (lambda: pool_multilevel(rows, model="DL"), "REML or ML"),
        (lambda: pool_multilevel(rows, rho=1.5), "not a correlation"),
        (lambda: pool_bivariate(rows), "field outcome: the column is missing"),
        (lambda: pool_bivariate({**rows, "outcome": ["HDRS"] * 8}), "needs two outcomes"),
        (lambda: pool_bivariate({**rows, "outcome": ["HDRS"] * 7 + ["BDI"]}), "has the outcome twice"),
        (
            lambda: pool_bivariate({**rows, "outcome": ["HDRS", "BDI"] * 4, "covariance": [9.0] * 8}),
            "the covariance does not fit",
        ),
    ):
        with pytest.raises(EvidenceError) as error:
            make()
        assert said in str(error.value)
