"""Network meta-analysis on a network that anyone can look up, and laws that hold on any network."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_oracles import simulated
from opentrd.evidence import EvidenceError, pool
from opentrd.evidence.network import (
    NetworkResult,
    adjusted_funnel,
    edges,
    interaction,
    nodes,
    pool_network,
    random_inconsistency,
    side,
)

SET = Path(__file__).parent / "evidence_network_set"
EXPECTED: dict[str, Any] = json.loads((SET / "expected.json").read_text(encoding="utf-8"))


def _diabetes(model: str, **options: Any) -> NetworkResult:
    return pool_network(
        SET / "diabetes.csv", measure="MD", model=model, reference="placebo", small_is_good=True, **options
    )


@pytest.mark.parametrize("model", ["common", "DL", "REML", "ML"])
def test_diabetes_as_metafor(model: str) -> None:
    expected, result = EXPECTED[model], _diabetes(model)
    rows = {row["treatment_1"]: row for row in result.league(reference="placebo")}
    assert result.tau2 == pytest.approx(expected["tau2"], rel=1e-5)
    for name, value in expected["estimate"].items():
        assert rows[name]["estimate"] == pytest.approx(value, abs=1e-6)
        assert rows[name]["ci_low"] < value < rows[name]["ci_high"]
    for name, value in expected.get("se", {}).items():
        assert rows[name]["se"] == pytest.approx(value, abs=1e-6)
    if "p_score" in expected:
        assert result.table()["p_score"] == pytest.approx(expected["p_score"], abs=1e-6)


def test_diabetes_consistency_as_metafor() -> None:
    result, q = _diabetes("REML"), EXPECTED["q"]
    assert (result.total.value, result.total.df) == (pytest.approx(q["total"]), q["df"])
    assert (result.within.value, result.within.df) == (pytest.approx(q["within"]), q["df_within"])
    assert (result.between.value, result.between.df) == (pytest.approx(q["between"]), q["df_between"])
    assert result.i2 == pytest.approx(0.814, abs=5e-4)
    both = random_inconsistency(result)
    assert both.tau2 == pytest.approx(EXPECTED["random_inconsistency"]["tau2"], rel=1e-5)
    assert both.tau2_inconsistency == pytest.approx(0.0, abs=1e-9)
    found = {frozenset((row["treatment_1"], row["treatment_2"])): row for row in side(result)}
    for row in EXPECTED["side"]:
        ours = found[frozenset((row["treat1"], row["treat2"]))]
        sign = 1 if ours["treatment_1"] == row["treat1"] else -1
        assert sign * ours["direct"] == pytest.approx(row["direct"], abs=1e-6)
        if row["p"] is None:
            assert ours["p"] is None and "no indirect evidence" in ours["reason"]
        else:
            assert sign * ours["indirect"] == pytest.approx(row["indirect"], abs=1e-5)
            assert ours["p"] == pytest.approx(row["p"], abs=1e-5)


def test_design_by_treatment_interaction_with_moments() -> None:
    """The heterogeneity within designs by moments takes nearly all of the inconsistency."""
    found = interaction(_diabetes("DL"))
    assert found.tau2 == pytest.approx(0.1442, abs=5e-5)
    assert (found.between.value, found.between.df) == (pytest.approx(2.19, abs=5e-3), 7)
    assert found.common.value == pytest.approx(EXPECTED["q"]["between"])
    assert sum(found.per_design.values()) == pytest.approx(found.common.value)
    assert found.detached["rosiglitazone:sulfonylurea"].value < found.common.value / 3
    untouched = found.detached["placebo:sitagliptin"]
    assert (untouched.value, untouched.df) == (pytest.approx(found.common.value), 7)


def test_the_table_is_json_and_transitivity_stands_before_the_league() -> None:
    table = json.loads(json.dumps(_diabetes("REML").table()))
    keys = list(table)
    assert keys.index("transitivity") < keys.index("league") < keys.index("p_score")
    assert {"tau2", "q_total", "q_within", "q_between", "treatments", "league", "p_score"} <= set(keys)
    assert table["orientation"] == "treatment_1 minus treatment_2"
    league = {(row["treatment_1"], row["treatment_2"]): row for row in table["league"]}
    assert len(league) == 90
    one, other = league["metformin", "placebo"], league["placebo", "metformin"]
    assert one["estimate"] == -other["estimate"] < -1
    assert (one["ci_low"], one["ci_high"]) == (-other["ci_high"], -other["ci_low"])
    assert one["pi_low"] < one["ci_low"] and one["pi_high"] > one["ci_high"]


def test_no_rank_without_certainty_and_position() -> None:
    rows = {row["treatment"]: row for row in _diabetes("REML").p_scores()}
    assert {row["certainty"] for row in rows.values()} == {"not assessed"}
    assert rows["sitagliptin"]["only_through"] == "placebo" and rows["sitagliptin"]["studies"] == 1
    assert rows["sitagliptin"]["persons"] == 106
    assert rows["metformin"]["only_through"] is None
    for row in rows.values():
        assert row["p_score_low"] <= row["p_score"] <= row["p_score_high"]
        assert 1 <= row["rank_low"] <= row["rank_high"] <= 10
        assert row["sucra"] == pytest.approx(row["p_score"], abs=0.02)
    assert rows["placebo"]["rank_low"] >= 9
    given = _diabetes("REML", certainty={"metformin": "moderate"}).p_scores()
    assert {row["certainty"] for row in given} == {"moderate", "not assessed"}


def test_rankogram_is_seeded_and_adds_up() -> None:
    result = _diabetes("REML")
    first, again, other = result.rankogram(), result.rankogram(), result.rankogram(seed=1)
    assert np.array_equal(first.probability, again.probability)
    assert not np.array_equal(first.probability, other.probability)
    assert first.probability.sum(axis=0) == pytest.approx(np.ones(10))
    assert first.probability.sum(axis=1) == pytest.approx(np.ones(10))
    assert len(first.rows()) == 100


def test_transitivity_of_arms_and_of_contrasts() -> None:
    arms = [
        {"study": "a", "treatment": "lithium", "mean": 10, "sd": 5, "n": 30, "definition": "two trials", "baseline": 24},
        {"study": "a", "treatment": "placebo", "mean": 12, "sd": 5, "n": 30, "definition": "two trials", "baseline": 25},
        {"study": "b", "treatment": "ketamine", "mean": 8, "sd": 5, "n": 30, "definition": "one trial", "baseline": 31},
        {"study": "b", "treatment": "placebo", "mean": 12, "sd": 5, "n": 30, "definition": "", "baseline": 33},
    ]  # fmt: skip
    rows = {row["treatment"]: row for row in pool_network(arms, measure="MD").transitivity()}
    assert rows["placebo"]["baseline"] == "29 [25, 33]"
    assert rows["placebo"]["definition"] == "two trials (1); not given in 1"
    assert rows["lithium"]["stage"] == "not given"
    contrasts = [
        {"study": "a", "treatment_1": "lithium", "treatment_2": "placebo", "yi": -2, "vi": 1, "stage_1": 3, "stage_2": 4},
        {"study": "b", "treatment_1": "ketamine", "treatment_2": "placebo", "yi": -4, "vi": 1, "stage_1": 5, "stage_2": 6},
    ]  # fmt: skip
    rows = {row["treatment"]: row for row in pool_network(contrasts).transitivity()}
    assert (rows["lithium"]["stage"], rows["placebo"]["stage"]) == ("3 [3, 3]", "5 [4, 6]")


@pytest.mark.parametrize("model", ["common", "REML"])
def test_all_pairs_of_a_study_of_several_arms_say_what_its_arms_say(model: str) -> None:
    arms = _diabetes(model)
    contrasts = [
        {"study": row["study"], "treatment_1": row["treatment_1"], "treatment_2": row["treatment_2"],
         "yi": row["estimate"], "vi": row["se"] ** 2}
        for row in arms.studies()
    ]  # fmt: skip
    assert len(contrasts) == 28
    _same(arms, pool_network(contrasts, model=model, reference="placebo"))


def test_rows_of_the_plots() -> None:
    result = _diabetes("DL")
    placed = {row["treatment"]: row for row in nodes(result)}
    assert all(row["x"] ** 2 + row["y"] ** 2 == pytest.approx(1.0) for row in placed.values())
    lines = {(row["treatment_1"], row["treatment_2"]): row for row in edges(result)}
    assert len(lines) == 15 and lines["placebo", "rosiglitazone"]["studies"] == 6
    assert lines["acarbose", "metformin"]["multi_arm"] == 1
    order = ["placebo", *(name for name in result.treatments if name != "placebo")]
    points = adjusted_funnel(result, order)
    assert len(points) == 28 and {row["treatment_2"] for row in points if row["study"] == "Costa 1997"} == {
        "placebo"
    }
    alone = next(row for row in points if row["study"] == "Hermansen 2007")
    assert (alone["adjusted"], alone["estimate"]) == (pytest.approx(0.0), pytest.approx(-0.57))
    with pytest.raises(EvidenceError, match="each treatment once"):
        adjusted_funnel(result, order[1:])


def test_certainty_column_gives_the_weakest_word() -> None:
    rows = [
        {"study": "a", "treatment_1": "A", "treatment_2": "B", "yi": 1, "vi": 1, "certainty": "moderate"},
        {"study": "b", "treatment_1": "C", "treatment_2": "B", "yi": 1, "vi": 1, "certainty": "very low"},
    ]
    certainty = {row["treatment"]: row["certainty"] for row in pool_network(rows).p_scores()}
    assert certainty == {"A": "moderate", "B": "very low", "C": "very low"}


def test_without_degrees_of_freedom_tau2_is_not_known() -> None:
    """Two studies of two comparisons: nothing is left over, and the answer says so."""
    rows = [
        {"study": "a", "treatment_1": "A", "treatment_2": "B", "yi": 1.0, "vi": 0.5},
        {"study": "b", "treatment_1": "C", "treatment_2": "B", "yi": 2.0, "vi": 0.25},
    ]
    result = pool_network(rows, model="REML", test="knapp-hartung")
    assert (result.tau2, result.tau2_low, result.total.p) == (None, None, None)
    assert any("tau2 cannot be estimated" in note for note in result.notes)
    row = next(r for r in result.league() if (r["treatment_1"], r["treatment_2"]) == ("A", "C"))
    assert (row["estimate"], row["se"]) == (pytest.approx(-1.0), pytest.approx(math.sqrt(0.75)))
    assert row["pi_low"] is None


# --- laws --------------------------------------------------------------------------------------------------------


def _numbers(result: NetworkResult) -> dict[tuple[str, str], tuple[float, float]]:
    return {(row["treatment_1"], row["treatment_2"]): (row["estimate"], row["se"]) for row in result.league()}


def _same(one: NetworkResult, other: NetworkResult) -> None:
    first, second = _numbers(one), _numbers(other)
    assert set(first) == set(second)
    for pair, values in first.items():
        assert values == pytest.approx(second[pair], rel=1e-7, abs=1e-9)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-6, abs=1e-10)
    assert one.total.value == pytest.approx(other.total.value, rel=1e-8)
    assert one.between.value == pytest.approx(other.between.value, rel=1e-7, abs=1e-9)


MODEL = st.sampled_from(["common", "DL", "REML", "ML"])
SEED = st.integers(0, 10_000)


@settings(max_examples=25, deadline=None)
@given(seed=SEED, model=MODEL)
def test_order_of_rows_and_sign_of_rows_do_not_matter(seed: int, model: str) -> None:
    rows = simulated(seed)
    turned = [
        {**row, "treatment_1": row["treatment_2"], "treatment_2": row["treatment_1"], "yi": -row["yi"]}
        if place % 2
        else row
        for place, row in enumerate(rows)
    ]
    random.Random(seed).shuffle(turned)
    _same(pool_network(rows, model=model), pool_network(turned, model=model))


@settings(max_examples=25, deadline=None)
@given(seed=SEED, model=MODEL)
def test_names_and_reference_do_not_matter(seed: int, model: str) -> None:
    rows = simulated(seed)
    names = sorted({row[side_] for row in rows for side_ in ("treatment_1", "treatment_2")})
    new = dict(zip(names, reversed([f"drug {name}" for name in names]), strict=True))
    renamed = [
        {**row, "treatment_1": new[row["treatment_1"]], "treatment_2": new[row["treatment_2"]]}
        for row in rows
    ]
    one = _numbers(pool_network(rows, model=model, reference=names[0]))
    other = _numbers(pool_network(renamed, model=model, reference=new[names[-1]]))
    for (first, second), values in one.items():
        assert values == pytest.approx(other[new[first], new[second]], rel=1e-7, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=SEED, model=MODEL, scale=st.floats(0.01, 100))
def test_scale(seed: int, model: str, scale: float) -> None:
    rows = simulated(seed)
    scaled = [{**row, "yi": row["yi"] * scale, "vi": row["vi"] * scale**2} for row in rows]
    one, other = pool_network(rows, model=model), pool_network(scaled, model=model)
    assert other.tau2 == pytest.approx(one.tau2 * scale**2, rel=1e-5, abs=1e-8 * scale**2)
    assert list(other.effects) == pytest.approx(list(one.effects * scale), rel=1e-5, abs=1e-8 * scale)
    assert other.total.value == pytest.approx(one.total.value, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=SEED)
def test_tau2_is_never_negative_and_lies_at_the_top_of_its_likelihood(seed: int) -> None:
    rows = simulated(seed, tau=0.1)
    for model in ("DL", "REML", "ML"):
        result = pool_network(rows, model=model)
        assert result.tau2 is not None and result.tau2 >= 0
        if model != "DL":
            here = _log_likelihood(result, result.tau2, model)
            for other in np.concatenate([np.linspace(0, 4, 60), [result.tau2 * 0.99, result.tau2 * 1.01]]):
                assert _log_likelihood(result, float(other), model) <= here + 1e-9


def _log_likelihood(result: NetworkResult, tau2: float, model: str) -> float:
    """Written once more, with the block matrices of the studies and nothing transformed."""
    value, information, right = 0.0, 0.0, 0.0
    blocks = []
    keep = [place for place, name in enumerate(result.treatments) if name != result.reference]
    for study in result.network.studies:
        size = len(study.effects)
        v = study.covariance + tau2 * (np.eye(size) + np.ones((size, size))) / 2
        x = result.network.arms_of(study)[:, keep]
        inverse = np.linalg.inv(v)
        information = information + x.T @ inverse @ x
        right = right + x.T @ inverse @ study.effects
        value -= 0.5 * float(np.linalg.slogdet(v)[1])
        blocks.append((study.effects, x, inverse))
    b = np.linalg.solve(information, right)
    value -= 0.5 * sum(float((y - x @ b) @ w @ (y - x @ b)) for y, x, w in blocks)
    if model == "REML":
        value -= 0.5 * float(np.linalg.slogdet(information)[1])
    return value


@settings(max_examples=20, deadline=None)
@given(
    seed=SEED,
    k=st.integers(2, 12),
    test=st.sampled_from(["z", "knapp-hartung"]),
    model=MODEL,
)
def test_two_treatments_are_a_pairwise_meta_analysis(seed: int, k: int, test: str, model: str) -> None:
    test = "z" if model == "common" else test
    rng = np.random.default_rng(seed)
    yi, vi = rng.normal(0.3, 0.6, k), rng.uniform(0.01, 0.5, k)
    rows = [
        {"study": f"s{i}", "treatment_1": "ketamine", "treatment_2": "midazolam", "yi": y, "vi": v}
        for i, (y, v) in enumerate(zip(yi, vi, strict=True))
    ]
    network = pool_network(rows, model=model, test=test, reference="midazolam")
    pairwise = pool(yi, vi, model=model, test=test).table()
    row = network.league(reference="midazolam")[0]
    for name in ("estimate", "se", "ci_low", "ci_high"):
        assert row[name] == pytest.approx(pairwise[name], rel=1e-6, abs=1e-9)
    assert network.tau2 == pytest.approx(pairwise["tau2"], rel=1e-5, abs=1e-9)
    assert (network.total.value, network.total.df) == (
        pytest.approx(pairwise["q"], rel=1e-7),
        pairwise["q_df"],
    )
    if model != "common":
        for ours, theirs in ((network.tau2_low, "tau2_low"), (network.tau2_high, "tau2_high")):
            assert (ours is None) == (pairwise[theirs] is None)
            if ours is not None:
                assert ours == pytest.approx(pairwise[theirs], rel=1e-5, abs=1e-9)


def test_studies_that_agree_too_well_have_no_interval_of_tau2() -> None:
    rows = [
        {"study": f"s{i}", "treatment_1": "A", "treatment_2": "B", "yi": 0.5 + 0.001 * i, "vi": 0.5}
        for i in range(8)
    ]
    result = pool_network(rows)
    assert (result.tau2, result.tau2_low, result.tau2_high) == (0.0, None, None)
    assert any("better than chance" in note for note in result.notes)


@settings(max_examples=15, deadline=None)
@given(seed=SEED)
def test_coverage_of_own_simulation_is_no_worse_than_chance_allows(seed: int) -> None:
    """A network whose truth is known: the truth lies within six standard errors of every estimate."""
    truth = dict(zip("ABCDE", np.random.default_rng(seed).normal(0, 0.5, 5), strict=True))
    for row in pool_network(simulated(seed, studies=12), model="REML").league():
        true = truth[row["treatment_1"]] - truth[row["treatment_2"]]
        assert abs(row["estimate"] - true) < 6 * row["se"] + 1e-9
