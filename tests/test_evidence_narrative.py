"""Synthesis without pooling, against known values and other implementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opentrd import knowledge
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.narrative import (
    albatross,
    albatross_contours,
    combine_p_values,
    effect_direction,
    harvest,
    one_sided,
    sign_test,
    summarise_estimates,
)
from opentrd.evidence.narrative.direction import direction_of

P = [0.01, 0.20, 0.30]


def test_summary_of_estimates() -> None:
    found = summarise_estimates([0.1, 0.4, 0.2, 0.3], ["SMD"] * 4)
    assert (found["k"], found["median"], found["least"], found["most"]) == (4, 0.25, 0.1, 0.4)
    assert (found["quartile_low"], found["quartile_high"]) == pytest.approx((0.175, 0.325))


def test_fisher_by_hand_and_by_scipy() -> None:
    found = combine_p_values(P)
    assert found["statistic"] == pytest.approx(-2 * np.log(0.01 * 0.2 * 0.3))
    assert found["df"] == 6
    assert found["p_value"] == pytest.approx(stats.combine_pvalues(P, "fisher").pvalue, rel=1e-12)


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 3.0]])
def test_stouffer_by_scipy(weights: list[float] | None) -> None:
    found = combine_p_values(P, "stouffer", weights=weights)
    expected = stats.combine_pvalues(P, "stouffer", weights=weights)
    assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-12)
    assert found["statistic"] == pytest.approx(expected.statistic, rel=1e-12)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(values: list[float], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    for method in ("fisher", "stouffer"):
        first, second = combine_p_values(values, method), combine_p_values(shuffled, method)
        assert first["p_value"] == pytest.approx(second["p_value"], rel=1e-9)


@given(st.floats(0.0001, 0.9999))
def test_one_study_combined_is_itself(p: float) -> None:
    assert combine_p_values([p])["p_value"] == pytest.approx(p, rel=1e-9)
    assert combine_p_values([p], "stouffer")["p_value"] == pytest.approx(p, rel=1e-9)


def test_a_printed_zero_is_small_and_not_impossible() -> None:
    assert combine_p_values([0.0, 0.5])["p_value"] < 1e-200


def test_directions_turn_two_sided_into_one_sided() -> None:
    assert one_sided(0.04, True) == 0.02
    assert one_sided(0.04, False) == 0.98


def test_sign_test_by_hand() -> None:
    """Eight of ten: 2 x (45 + 10 + 1) / 1024 = 0.109375."""
    found = sign_test([1] * 8 + [-1] * 2 + [0])
    assert found["p_value"] == pytest.approx(0.109375)
    assert (found["k"], found["unclear"], found["share"]) == (10, 1, 0.8)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize(
    ("estimate", "measure", "better", "direction"),
    [(-2.0, "MD", "lower", 1), (2.0, "MD", "lower", -1), (0.8, "HR", "lower", 1), (1.2, "RR", "higher", 1),
     (0.8, "RR", "higher", -1), (0.3, "SMD", None, 0), (None, "MD", "lower", 0), (1.0, "OR", "higher", 0)],
)  # fmt: skip
def test_direction_of_an_effect(
    estimate: float | None, measure: str, better: str | None, direction: int
) -> None:
    assert direction_of({"estimate": estimate, "measure": measure, "better": better}) == direction


def row(study: str, estimate: float, outcome: str = "MADRS") -> dict[str, Any]:
    return {
        "study": study, "outcome": outcome, "estimate": estimate, "measure": "MD", "better": "lower",
        "contrast": "between", "n": 50,
    }  # fmt: skip


def test_effect_direction_needs_agreement() -> None:
    rows = [row("a", -1), row("a", -2), row("a", 1), row("b", 1), {**row("c", 1), "better": None}]
    words = {found["study"]: found["direction"] for found in effect_direction(rows, agreement=0.7)}
    assert words == {"a": "conflicting", "b": "worse", "c": "unclear"}
    assert effect_direction(rows, agreement=0.6)[0]["direction"] == "better"


def test_harvest_stands_in_columns_by_direction_and_trust() -> None:
    rows = effect_direction([row("a", -1), row("b", -1), row("c", 1)], agreement=0.7)
    judged = [
        {**found, "risk_of_bias": risk} for found, risk in zip(rows, ("high", "low", None), strict=True)
    ]
    bars = harvest(judged)
    assert [(bar["study"], bar["column"], bar["height"], bar["judged"]) for bar in bars] == [
        ("c", "worse", 1, False), ("b", "better", 3, True), ("a", "better", 1, True),
    ]  # fmt: skip


@pytest.mark.parametrize(("measure", "effect"), [("SMD", 0.3), ("r", 0.25), ("OR", 2.0)])
def test_a_study_on_its_contour_has_the_p_of_the_contour(measure: str, effect: float) -> None:
    """Take the persons of a contour point, compute z for that effect by its own standard error, and get p back."""
    for point in albatross_contours([effect], measure, baseline_risk=0.4, p_values=[0.2, 0.05, 0.001]):
        n = point["n"]
        if measure == "SMD":
            se = np.sqrt(4 / n)
            z = effect / se
        elif measure == "r":
            z = np.arctanh(effect) * np.sqrt(n - 3)
        else:
            odds = effect * 0.4 / 0.6
            treated = odds / (1 + odds)
            se = np.sqrt(2 / n * (1 / treated + 1 / (1 - treated) + 1 / 0.4 + 1 / 0.6))
            z = np.log(effect) / se
        assert 2 * stats.norm.sf(z) == pytest.approx(point["p_value"], rel=1e-9)


def test_points_of_an_albatross_plot() -> None:
    points = albatross(
        [
            {"study": "a", "n": 60, "p_value": 0.01, "direction": 1},
            {"study": "b", "n": 39, "p_value": 0.001, "p_relation": "<", "direction": -1},
        ]
    )
    assert [point["x"] for point in points] == pytest.approx([2.0, -3.0])
    assert [point["at_least"] for point in points] == [False, True]


def test_the_known_effects_of_trd_trials_can_be_counted_by_direction() -> None:
    """What the systematic reviews could have computed: between-group effects of trials on symptoms, by direction."""
    trials = {
        r["study"]
        for r in knowledge.table("study").to_pylist()
        if r["design"].startswith("randomised") and (r["failed_trials_required"] or 0) >= 1
    }
    rows = [
        r
        for r in knowledge.table("effect").to_pylist()
        if r["study"] in trials and r["contrast"] == "between" and r["analysis"] == "primary" and r["better"]
    ]
    found = sign_test([direction_of(r) for r in rows])
    assert found["beneficial"] > found["harmful"]
    assert len(effect_direction(rows, agreement=0.7)) <= len(rows)


@pytest.mark.parametrize(
    "call",
    [
        lambda: summarise_estimates([]),
        lambda: summarise_estimates([1.0, float("nan")]),
        lambda: summarise_estimates([1.0, 2.0], ["SMD", "OR"]),
        lambda: combine_p_values([]),
        lambda: combine_p_values([0.1, 1.1]),
        lambda: combine_p_values([0.1], weights=[1.0]),
        lambda: combine_p_values([0.1, 0.2], "stouffer", weights=[1.0, 0.0]),
        lambda: combine_p_values([0.1], "tippett"),  # type: ignore[arg-type]
        lambda: one_sided(2.0, True),
        lambda: sign_test([2]),
        lambda: sign_test([0, 0]),
        lambda: effect_direction([row("a", 1)], agreement=0.5),
        lambda: effect_direction([{**row("a", 1), "contrast": "within"}], agreement=0.7),
        lambda: harvest([{"study": "a", "outcome": "x", "direction": "up"}]),
        lambda: harvest([{"study": "a", "outcome": "x", "direction": "better", "risk_of_bias": "medium"}]),
        lambda: albatross([{"study": "a", "n": 10, "p_value": 0.0, "direction": 1}]),
        lambda: albatross([{"study": "a", "n": None, "p_value": 0.1, "direction": 1}]),
        lambda: albatross([{"study": "a", "n": 10, "p_value": 0.1, "direction": 0}]),
        lambda: albatross_contours([0.0], "SMD"),
        lambda: albatross_contours([2.0], "OR"),
        lambda: albatross_contours([0.3], "HR"),
        lambda: albatross_contours([0.3], "SMD", ratio=0),
    ],
)
def test_what_cannot_be_synthesised_is_a_message(call: Any) -> None:
    with pytest.raises(EvidenceError):
        call()
