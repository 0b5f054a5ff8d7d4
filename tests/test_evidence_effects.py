"""Effect sizes: worked by hand, their laws, what a zero cell does, and what is said about impossible numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from opentrd.evidence import MEASURES, EvidenceError, effect_sizes
from opentrd.evidence.effect_continuous import hedges_correction
from opentrd.evidence.effect_single import from_double_arcsine

FOUR = {"events_1": 30, "n_1": 60, "events_2": 15, "n_2": 60}
MEANS = {"mean_1": 12.0, "sd_1": 6.0, "n_1": 40, "mean_2": 15.0, "sd_2": 7.0, "n_2": 50}


@pytest.mark.parametrize(
    ("measure", "numbers", "yi", "vi"),
    [
        ("RR", FOUR, np.log(2), 1 / 30 - 1 / 60 + 1 / 15 - 1 / 60),
        ("OR", FOUR, np.log(3), 1 / 30 + 1 / 30 + 1 / 15 + 1 / 45),
        ("RD", FOUR, 0.25, 0.25 / 60 + 0.25 * 0.75 / 60),
        ("PETO", FOUR, (30 - 22.5) / (60 * 60 * 45 * 75 / (120**2 * 119)), 120**2 * 119 / (60 * 60 * 45 * 75)),
        ("AS", FOUR, np.pi / 4 - np.pi / 6, 2 / 240),
        ("MD", MEANS, -3.0, 36 / 40 + 49 / 50),
        ("ROM", MEANS, np.log(0.8), 36 / (40 * 144) + 49 / (50 * 225)),
        ("COR", {"r": 0.5, "n": 30}, 0.5, 0.75**2 / 29),
        ("ZCOR", {"r": 0.5, "n": 30}, np.log(3) / 2, 1 / 27),
        ("PR", {"events": 5, "n": 20}, 0.25, 0.25 * 0.75 / 20),
        ("PLO", {"events": 5, "n": 20}, np.log(1 / 3), 1 / 5 + 1 / 15),
        ("PAS", {"events": 5, "n": 20}, np.pi / 6, 1 / 80),
        ("PFT", {"events": 1, "n": 3}, (np.pi / 6 + np.pi / 4) / 2, 1 / 14),
        ("IRR", {"events_1": 10, "time_1": 100, "events_2": 5, "time_2": 200}, np.log(4), 0.3),
        ("IRD", {"events_1": 10, "time_1": 100, "events_2": 5, "time_2": 200}, 0.075, 10 / 1e4 + 5 / 4e4),
        ("HR", {"o_minus_e": -5, "v": 20}, -0.25, 0.05),
        ("ARAW", {"alpha": 0.9, "items": 20, "n": 102}, 0.9, 40 * 0.01 / 1900),
        ("ABT", {"alpha": 0.9, "items": 20, "n": 102}, np.log(10), 40 / 1900),
    ],
)  # fmt: skip
def test_worked_by_hand(measure: str, numbers: dict[str, Any], yi: float, vi: float) -> None:
    made = effect_sizes(measure, **numbers)
    assert made[0] == pytest.approx([yi], rel=1e-12)
    assert made[1] == pytest.approx([vi], rel=1e-12)


def test_hedges_g() -> None:
    pooled = np.sqrt((39 * 36 + 49 * 49) / 88)
    g, v = effect_sizes("SMD", **MEANS)
    assert g[0] == pytest.approx(-3 / pooled * hedges_correction(88), rel=1e-12)
    assert v[0] == pytest.approx(1 / 40 + 1 / 50 + g[0] ** 2 / 180, rel=1e-12)
    # The usual approximation 1 - 3 / (4 df - 1) is near, and the exact factor has a closed form at 2: sqrt(1/pi) * ...
    assert_allclose(hedges_correction([10, 88]), 1 - 3 / (4 * np.array([10, 88]) - 1), rtol=5e-4)
    assert hedges_correction(2) == pytest.approx(1 / np.sqrt(np.pi), rel=1e-12)


def test_standardised_mean_change() -> None:
    before_after = {"mean_before": 30.0, "mean_after": 18.0, "sd_before": 6.0, "r": 0.5, "n": 25}
    d, v = effect_sizes("SMCR", **before_after)
    assert d[0] == pytest.approx(-2 * hedges_correction(24))
    assert v[0] == pytest.approx(2 * 0.5 / 25 + d[0] ** 2 / 50)
    # With equal standard deviations and r = 1/2 the change varies as much as the scores: both forms agree.
    assert effect_sizes("SMCC", sd_after=6.0, **before_after)[0] == pytest.approx(d)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 39), st.integers(1, 39), st.sampled_from(["RR", "OR", "RD", "AS", "PETO"]))
def test_exchanging_the_groups_turns_the_sign(a: int, c: int, measure: str) -> None:
    one = effect_sizes(measure, events_1=a, n_1=40, events_2=c, n_2=55)
    other = effect_sizes(measure, events_1=c, n_1=55, events_2=a, n_2=40)
    assert_allclose(one[0], -other[0], atol=1e-12)
    assert_allclose(one[1], other[1])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.sampled_from(["OR", "RD", "AS"]))
def test_counting_the_others_turns_the_sign(a: int, measure: str) -> None:
    one = effect_sizes(measure, events_1=a, n_1=40, events_2=7, n_2=55)
    other = effect_sizes(measure, events_1=40 - a, n_1=40, events_2=48, n_2=55)
    assert_allclose(one[0], -other[0], atol=1e-12)
    assert_allclose(one[1], other[1])


ZERO = {"events_1": [0, 10], "n_1": [20, 40], "events_2": [4, 5], "n_2": [30, 40]}


@pytest.mark.parametrize(
    ("policy", "cells"),
    [
        ("only", [(0.5, 20.5, 4.5, 26.5), (10, 30, 5, 35)]),
        ("all", [(0.5, 20.5, 4.5, 26.5), (10.5, 30.5, 5.5, 35.5)]),
        ("always", [(0.5, 20.5, 4.5, 26.5), (10.5, 30.5, 5.5, 35.5)]),
        ("opposite", [(0.4, 20.4, 4.6, 26.6), (10, 30, 5, 35)]),
    ],
)
def test_zero_cells_by_policy(policy: str, cells: list[tuple[float, ...]]) -> None:
    expected = [(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d) for a, b, c, d in cells]
    yi, vi = effect_sizes("OR", zero_cells=policy, **ZERO)
    assert yi == pytest.approx([y for y, _ in expected])
    assert vi == pytest.approx([v for _, v in expected])


def test_a_risk_difference_is_not_moved_by_a_zero_cell() -> None:
    yi, vi = effect_sizes("RD", events_1=[0, 0], n_1=[20, 20], events_2=[4, 0], n_2=[30, 30])
    assert yi == pytest.approx([-4 / 30, 0])
    assert vi[0] == pytest.approx(4 * 26 / 30**3)
    assert vi[1] == pytest.approx(0.5 * 20.5 / 21**3 + 0.5 * 30.5 / 31**3)
    assert effect_sizes("RD", zero_cells="only", **ZERO)[0][0] == pytest.approx(0.5 / 21 - 4.5 / 31)


def test_without_a_policy_a_zero_cell_is_an_error_that_names_one() -> None:
    with pytest.raises(EvidenceError, match=r'row 1, field events_1.*zero_cells="only"'):
        effect_sizes("OR", zero_cells="none", **ZERO)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.data())
def test_the_double_arcsine_leads_back(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    yi, _ = effect_sizes("PFT", events=x, n=n)
    assert from_double_arcsine(yi, n)[0] == pytest.approx(x / n, abs=1e-7)


@pytest.mark.parametrize(
    ("measure", "numbers", "value"),
    [
        ("OR", FOUR, 3), ("ROM", MEANS, 0.8), ("ZCOR", {"r": 0.5, "n": 30}, 0.5), ("PLO", {"events": 5, "n": 20}, 0.25),
        ("PAS", {"events": 5, "n": 20}, 0.25), ("ABT", {"alpha": 0.9, "items": 20, "n": 90}, 0.9),
        ("AHW", {"alpha": 0.9, "items": 20, "n": 90}, 0.9), ("MD", MEANS, -3),
    ],
)  # fmt: skip
def test_the_way_back_to_the_scale_people_read(measure: str, numbers: dict[str, Any], value: float) -> None:
    assert MEASURES[measure].back(effect_sizes(measure, **numbers)[0])[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("measure", "numbers", "said"),
    [
        ("OR", {**FOUR, "events_1": 61}, "field events_1: there are more events than persons in n_1 (found '61')"),
        ("OR", {**FOUR, "events_2": -1}, "field events_2: a count is negative"),
        ("OR", {**FOUR, "n_1": 0, "events_1": 0}, "field n_1: the value is too small"),
        ("MD", {**MEANS, "sd_1": 0}, "field sd_1: the value is too small (found '0')"),
        ("SMD", {**MEANS, "n_2": 1}, "field n_2"),
        ("MD", {**MEANS, "mean_1": float("nan")}, "field mean_1: a number is missing"),
        ("ROM", {**MEANS, "mean_1": -2}, "means of one sign"),
        ("ZCOR", {"r": 1.2, "n": 30}, "not a correlation"),
        ("ZCOR", {"r": 0.2, "n": 3}, "field n"),
        ("PETO", {**FOUR, "events_1": 0, "events_2": 0}, "holds no information"),
        ("PR", {"events": 0, "n": 0}, "field n"),
        ("HR", {"o_minus_e": 1, "v": 0}, "field v"),
        ("ABT", {"alpha": 1, "items": 20, "n": 90}, "alpha must be below 1"),
        ("OR", {"events_1": 1, "n_1": 3}, "field events_2: the column is missing"),
        ("OR", {**FOUR, "events_1": "many"}, "field events_1: the values are not all numbers"),
        ("OR", {**FOUR, "events_1": [1, 2], "n_1": [4, 4, 4]}, "do not have the same length"),
    ],
)  # fmt: skip
def test_impossible_numbers_are_named(measure: str, numbers: dict[str, Any], said: str) -> None:
    with pytest.raises(EvidenceError) as error:
        effect_sizes(measure, **numbers)
    assert said in str(error.value)


def test_a_policy_that_does_not_fit_is_refused() -> None:
    with pytest.raises(EvidenceError, match="does not fit MD"):
        effect_sizes("MD", zero_cells="only", **MEANS)
    with pytest.raises(EvidenceError, match="does not fit OR"):
        effect_sizes("OR", zero_cells="variance", **FOUR)
