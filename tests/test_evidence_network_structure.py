"""What a network rests on: contributions, splits, net heat, components and regression, on cases that can be worked by hand."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_oracles import Rows, simulated
from opentrd.evidence import EvidenceError
from opentrd.evidence.network import (
    NetworkResult,
    contribution,
    interaction,
    net_heat,
    node_splits,
    pool_components,
    pool_network,
    random_inconsistency,
    regress_network,
    side,
)
from opentrd.evidence.network.contribution import METHODS


def _contrast(study: str, first: str, second: str, yi: float, vi: float = 0.1, **more: Any) -> dict[str, Any]:
    return {"study": study, "treatment_1": first, "treatment_2": second, "yi": yi, "vi": vi, **more}


def _arms(study: str, levels: dict[str, float], variance: float = 0.05, **more: Any) -> Rows:
    return [
        _contrast(study, a, b, levels[a] - levels[b], 2 * variance, **more)
        for a, b in itertools.combinations(levels, 2)
    ]


TRIANGLE = [_contrast("a", "A", "B", 1.0), _contrast("b", "B", "C", 1.0), _contrast("c", "A", "C", 1.4)]


# --- contributions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_contributions_of_a_triangle_of_equal_trials(method: str) -> None:
    """Direct evidence carries 2/3, the path through the third treatment 1/3, half of it on each side."""
    found = contribution(pool_network(TRIANGLE, model="common"), method)
    row = dict(zip(found.direct, found.comparisons[found.estimates.index(("A", "B"))], strict=True))
    assert row == {
        ("A", "B"): pytest.approx(2 / 3),
        ("A", "C"): pytest.approx(1 / 6),
        ("B", "C"): pytest.approx(1 / 6),
    }
    studies = dict(zip(found.study_names, found.studies[found.estimates.index(("A", "B"))], strict=True))
    assert studies == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 6), "c": pytest.approx(1 / 6)}
    assert {r["method"] for r in found.rows()} == {method}


def test_a_three_arm_trial_contributes_by_itself() -> None:
    rows = _arms("t", {"A": 0.0, "B": 1.0, "C": 2.0}) + _arms("u", {"A": 0.0, "B": 1.0, "C": 2.0}, 0.15)
    found = contribution(pool_network(rows, model="common"))
    assert found.studies == pytest.approx(np.tile([0.75, 0.25], (3, 1)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_random_walk_is_the_sum_over_all_paths(seed: int) -> None:
    """Against listing every path of the flow and its probability."""
    result = pool_network(simulated(seed, treatments=5, studies=8), model="REML")
    found = contribution(result, "random-walk")
    assert found.comparisons.sum(axis=1) == pytest.approx(np.ones(len(found.estimates)))
    assert found.studies.sum(axis=1) == pytest.approx(np.ones(len(found.estimates)))
    rows = result.rows
    weights = result.network.incidence.T @ (
        result.network.incidence * rows.fit(result.tau2 or 0.0).weights[:, None]
    )
    potential = np.linalg.pinv(weights)
    for row, (first, second) in enumerate(found.estimates):
        a, b = result.place(first), result.place(second)
        level = potential[:, a] - potential[:, b]
        flow = np.maximum(-weights * (level[:, None] - level[None, :]), 0.0)
        flow[flow < 1e-11] = 0.0
        expected = dict.fromkeys(found.direct, 0.0)
        for path, chance in _paths(flow, [a], b, 1.0):
            for i, j in itertools.pairwise(path):
                pair = tuple(result.treatments[k] for k in sorted((i, j)))
                expected[pair] += chance / (len(path) - 1)
        assert list(found.comparisons[row]) == pytest.approx(list(expected.values()), abs=1e-8)


def _paths(flow: np.ndarray, path: list[int], end: int, chance: float) -> list[tuple[list[int], float]]:
    here = path[-1]
    if here == end:
        return [(path, chance)]
    return [
        found
        for beside in np.flatnonzero(flow[here])
        for found in _paths(
            flow, [*path, int(beside)], end, chance * float(flow[here, beside] / flow[here].sum())
        )
    ]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_direct_evidence_never_contributes_less_than_its_share_of_the_flow(seed: int) -> None:
    result = pool_network(simulated(seed), model="DL")
    league = {(row["treatment_1"], row["treatment_2"]): row for row in result.league()}
    for method in METHODS:
        found = contribution(result, method)
        for row, pair in enumerate(found.estimates):
            if pair in found.direct:
                share = found.comparisons[row, found.direct.index(pair)]
                assert share == pytest.approx(league[pair]["direct_share"], abs=1e-8)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(EvidenceError, match="shortest-path or random-walk"):
        contribution(pool_network(TRIANGLE), "magic")


# --- direct and indirect -------------------------------------------------------------------------------------------


def test_a_split_by_hand() -> None:
    """A - C directly 1.4, through B 2.0 with twice the variance: difference -0.6, variance 0.3."""
    result = pool_network(TRIANGLE, model="common")
    for rows in (side(result), node_splits(result)):
        row = next(r for r in rows if (r["treatment_1"], r["treatment_2"]) == ("A", "C"))
        assert (row["direct"], row["indirect"]) == (pytest.approx(1.4), pytest.approx(2.0))
        assert row["difference"] == pytest.approx(-0.6)
        assert row["se_difference"] == pytest.approx(math.sqrt(0.3))
        assert row["p"] == pytest.approx(0.27332, abs=1e-5)
        assert row["reason"] is None
    assert all(row["exact"] for row in side(result))
    assert result.total.value == pytest.approx(0.36 / 0.3)
    found = interaction(result)
    assert (found.between.value, found.between.df, found.tau2) == (pytest.approx(1.2), 1, 0.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_back_calculation_and_full_model_agree_on_two_arm_studies(seed: int) -> None:
    """Only at the same tau2, so at the common effect."""
    rows = [
        row
        for row in simulated(seed, studies=14)
        if {row["treatment_1"], row["treatment_2"]} == _chain(int(row["study"][1:]))
    ]
    result = pool_network(rows, model="common")
    for back, full in zip(side(result), node_splits(result), strict=True):
        assert back["exact"] and back["reason"] == full["reason"]
        for name in ("direct", "indirect", "difference", "se_difference", "p"):
            if back["reason"] is None:
                assert back[name] == pytest.approx(full[name], rel=1e-6, abs=1e-9)


def _chain(study: int) -> set[str]:
    return {"ABCDE"[study % 5], "ABCDE"[(study + 1) % 5]}


def test_a_comparison_inside_three_arm_trials_only_cannot_be_split() -> None:
    rows = _arms("t", {"A": 0, "B": 1, "C": 2})
    rows += [_contrast("u", "A", "C", -1.5), _contrast("v", "A", "C", -2.5)]
    for row in node_splits(pool_network(rows)):
        if {row["treatment_1"], row["treatment_2"]} != {"A", "C"}:
            assert row["reason"].startswith("no indirect evidence") and row["direct"] is None


# --- net heat ------------------------------------------------------------------------------------------------------


def test_net_heat_of_a_triangle() -> None:
    """One loop: whichever side is set apart, all inconsistency goes, so every column takes each design's own share."""
    result = pool_network(TRIANGLE, model="common")
    heat = net_heat(result)
    assert heat.designs == ("A:B", "A:C", "B:C")
    assert heat.heat == pytest.approx(np.full((3, 3), 1.2 / 3))
    assert heat.hat.diagonal() == pytest.approx([2 / 3] * 3)
    assert len(heat.rows()) == 9
    assert net_heat(result, random=True).heat == pytest.approx(
        heat.heat
    )  # one study each: no tau2 within designs


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_heat_of_a_detached_design_adds_up(seed: int) -> None:
    result = pool_network(simulated(seed), model="common")
    found, heat = interaction(result), net_heat(result)
    assert sum(found.per_design.values()) == pytest.approx(result.between.value, rel=1e-6, abs=1e-9)
    for column, design in enumerate(heat.designs):
        gone = found.common.value - found.detached[design].value
        assert heat.heat[:, column].sum() == pytest.approx(gone, rel=1e-6, abs=1e-9)
        assert heat.heat[column, column] == pytest.approx(found.per_design[design], abs=1e-9)


def test_random_inconsistency_of_a_made_network() -> None:
    """Designs that disagree and studies of one design that agree: the variance goes to the designs."""
    rows = [
        _contrast(f"{pair}{i}", pair[0], pair[1], value + 0.02 * i, 0.02)
        for pair, value in (("AB", 1.0), ("BC", 1.0), ("AC", 4.0), ("BD", 0.0), ("CD", -3.0), ("AD", 2.0))
        for i in range(4)
    ]
    found = random_inconsistency(pool_network(rows))
    assert found.tau2 < 0.01 and found.tau2_inconsistency > 0.5
    assert found.effects[found.treatments.index(pool_network(rows).reference)] == 0
    with pytest.raises(EvidenceError, match="too few contrasts"):
        random_inconsistency(pool_network(TRIANGLE))


# --- components ----------------------------------------------------------------------------------------------------


EFFECTS = {"placebo": 0.0, "SSRI": 0.5, "SNRI": 0.6, "lithium": 0.4, "ketamine": 0.9}


def _sum(treatment: str) -> float:
    return sum(EFFECTS[part.strip()] for part in treatment.split("+"))


def _additive(pairs: list[tuple[str, str]], more: float = 0.0) -> Rows:
    return [
        _contrast(f"s{i}", a, b, _sum(a) - _sum(b) + more * (-1) ** i, 0.05 + 0.01 * i)
        for i, (a, b) in enumerate(pairs)
    ]


PAIRS = [
    ("SSRI", "placebo"), ("SNRI", "placebo"), ("SSRI + lithium", "SSRI"), ("SNRI + lithium", "SNRI"),
    ("SSRI + lithium", "placebo"), ("SSRI+ketamine", "SSRI"), ("SSRI", "placebo"), ("SNRI + lithium", "SSRI + lithium"),
]  # fmt: skip


def test_components_are_found_again() -> None:
    result = pool_components(_additive(PAIRS), inactive="placebo")
    found = {row["component"]: row["estimate"] for row in result.components()}
    assert found == {name: pytest.approx(EFFECTS[name]) for name in ("SSRI", "SNRI", "lithium", "ketamine")}
    assert result.additive.value == pytest.approx(0, abs=1e-12) and result.tau2 == 0.0
    untried = result.combination(["SNRI", "ketamine"], against=["SSRI", "lithium"])
    assert untried["estimate"] == pytest.approx(0.6)
    assert untried["se"] > 0
    table = result.table()
    assert table["q_additive_df"] == len(PAIRS) - 4 and len(table["parts"]) == 1
    with pytest.raises(EvidenceError, match="'lamotrigine' is not in the network"):
        result.combination(["lamotrigine"])


def test_additivity_is_tested_against_the_network_without_it() -> None:
    rows = _additive(PAIRS, more=0.3)
    result, plain = pool_components(rows, inactive="placebo"), pool_network(rows)
    assert result.standard.value == pytest.approx(plain.total.value)
    assert result.standard.df == plain.total.df
    assert result.difference.value == pytest.approx(result.additive.value - plain.total.value)
    assert result.difference.df == result.additive.df - plain.total.df == 1
    more = pool_components(rows, inactive="placebo", interactions=[("SSRI", "lithium")])
    assert "SSRI*lithium" in more.names and more.difference.df == 0


def test_without_combinations_it_is_the_network() -> None:
    rows = simulated(3)
    plain, result = pool_network(rows, reference="A"), pool_components(rows, inactive="A")
    assert result.tau2 == pytest.approx(plain.tau2)
    other = {(row["treatment_1"], row["treatment_2"]): row for row in plain.league()}
    for row in result.league():
        same = other[row["treatment_1"], row["treatment_2"]]
        assert (row["estimate"], row["se"]) == (pytest.approx(same["estimate"]), pytest.approx(same["se"]))


def test_a_common_component_joins_a_network_in_two_parts() -> None:
    rows = _additive([("SSRI + lithium", "SSRI"), ("SNRI + lithium", "SNRI"), ("SSRI + ketamine", "SSRI")])
    with pytest.raises(EvidenceError, match="2 parts"):
        pool_network(rows)
    result = pool_components(rows)
    assert len(result.parts) == 2
    found = {row["component"]: row for row in result.components()}
    assert found["lithium"]["estimate"] == pytest.approx(0.4)
    assert found["ketamine"]["estimate"] == pytest.approx(0.9)
    assert found["SSRI"]["estimate"] is None and found["SSRI"]["reason"].startswith("cannot be estimated")
    league = {(row["treatment_1"], row["treatment_2"]): row["estimate"] for row in result.league()}
    assert league["SSRI + lithium", "SSRI"] == pytest.approx(0.4)
    assert league["SNRI + lithium", "SSRI"] is None
    assert result.standard.df == 0 and result.difference.p is not None


# --- regression ----------------------------------------------------------------------------------------------------


def _with_baseline(slope: dict[str, float]) -> Rows:
    rng = np.random.default_rng(11)
    rows: Rows = []
    for i in range(16):
        baseline = 20.0 + i
        a, b = (("A", "P"), ("B", "P"), ("A", "B"), ("B", "P"))[i % 4]
        effect = {name: 0.2 * ord(name) % 3 + slope.get(name, 0.0) * (baseline - 27.5) for name in "ABP"}
        rows.append(
            _contrast(f"s{i}", a, b, effect[a] - effect[b], rng.uniform(0.02, 0.1), baseline=baseline)
        )
    return rows


def test_slopes_are_found_again() -> None:
    common = pool_network(_with_baseline({"A": 0.05, "B": 0.05}), reference="P")
    found = regress_network(common, "baseline")
    assert [row["estimate"] for row in found.rows()] == [pytest.approx(0.05)]
    assert found.centre == 27.5 and found.tau2 == pytest.approx(0.0, abs=1e-9)
    assert found.tau2_without is not None
    own = pool_network(_with_baseline({"A": 0.05, "B": -0.1}), reference="P")
    found = regress_network(own, "baseline", "independent")
    slopes = {row["treatment"]: row["estimate"] for row in found.rows()}
    assert slopes == {"A": pytest.approx(0.05), "B": pytest.approx(-0.1)}
    middle = {(r["treatment_1"], r["treatment_2"]): r for r in found.league()}
    later = {(r["treatment_1"], r["treatment_2"]): r for r in found.league(at=37.5)}
    assert later["A", "B"]["estimate"] - middle["A", "B"]["estimate"] == pytest.approx(1.5)
    assert later["A", "P"]["estimate"] - middle["A", "P"]["estimate"] == pytest.approx(0.5)
    assert later["A", "P"]["se"] > middle["A", "P"]["se"]
    assert found.df == 2 and found.p < 0.05
    with pytest.raises(EvidenceError, match="common or independent"):
        regress_network(own, "baseline", "random")


def test_a_slope_that_cannot_be_estimated_is_named() -> None:
    rows = [*_with_baseline({"A": 0.05}), _contrast("x", "C", "P", 1.0, baseline=30.0)]
    found = regress_network(pool_network(rows, reference="P"), "baseline", "independent")
    assert found.not_estimable == ("C",)
    named = {row["treatment"]: row for row in found.rows()}["C"]
    assert named["estimate"] is None and named["reason"].startswith("cannot be estimated")
    league = {(r["treatment_1"], r["treatment_2"]): r for r in found.league(at=40)}
    assert league["C", "P"]["estimate"] is None and league["A", "P"]["estimate"] is not None


def test_two_treatments_are_a_pairwise_meta_regression() -> None:
    from opentrd.evidence import pool

    rng = np.random.default_rng(4)
    yi, vi, x = rng.normal(0.3, 0.5, 12), rng.uniform(0.02, 0.2, 12), rng.normal(0, 1, 12)
    rows = [_contrast(f"s{i}", "A", "P", float(yi[i]), float(vi[i]), dose=float(x[i])) for i in range(12)]
    found = regress_network(_pooled(rows), "dose")
    pairwise = pool(yi, vi, mods={"dose": x}, test="z")
    assert found.tau2 == pytest.approx(pairwise.table()["tau2"], rel=1e-5, abs=1e-9)
    slope = found.rows()[0]
    weights = 1 / (vi + (found.tau2 or 0.0))
    design = np.column_stack([np.ones(12), x - x.mean()])
    covariance = np.linalg.inv(design.T @ (design * weights[:, None]))
    assert slope["estimate"] == pytest.approx(float((covariance @ design.T @ (weights * yi))[1]))
    assert slope["se"] == pytest.approx(float(covariance[1, 1] ** 0.5))


def _pooled(rows: Rows) -> NetworkResult:
    return pool_network(rows, reference="P")
