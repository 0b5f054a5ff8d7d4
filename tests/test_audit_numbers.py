"""The arithmetic behind the rules: nothing that true data can give is ever objected to."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opentrd.evidence.audit import numbers
from opentrd.evidence.audit.rules_reference_list import issn_is_valid
from opentrd.evidence.audit.rules_scale import debit_possible, grim_possible, grimmer_possible
from opentrd.evidence.audit.rules_tests import count_tests, p_of

scores = st.lists(st.integers(0, 60), min_size=2, max_size=40)


@given(scores, st.integers(1, 3))
def test_a_true_mean_and_sd_of_whole_scores_are_possible(values: list[int], decimals: int) -> None:
    mean = numbers.to_number(f"{statistics.fmean(values):.{decimals}f}")
    sd = numbers.to_number(f"{statistics.stdev(values):.{decimals}f}")
    assert grim_possible(mean, len(values))
    assert grimmer_possible(mean, sd, len(values))


@given(st.lists(st.integers(1, 7), min_size=6, max_size=60).filter(lambda values: len(values) % 3 == 0))
def test_means_of_several_items_are_possible(values: list[int]) -> None:
    persons = [sum(values[at : at + 3]) / 3 for at in range(0, len(values), 3)]
    mean = numbers.to_number(f"{statistics.fmean(persons):.2f}")
    sd = numbers.to_number(f"{statistics.stdev(persons):.2f}")
    assert grim_possible(mean, len(persons), items=3)
    assert grimmer_possible(mean, sd, len(persons), items=3)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=80))
def test_a_true_share_is_possible(values: list[int]) -> None:
    mean = numbers.to_number(f"{statistics.fmean(values):.2f}")
    sd = numbers.to_number(f"{statistics.stdev(values):.2f}")
    assert debit_possible(mean, sd, len(values))


def test_the_example_of_the_grim_paper() -> None:
    # Brown & Heathers 2017: a mean of 5.19 cannot come from 28 whole scores.
    assert not grim_possible(numbers.to_number("5.19"), 28)
    assert grim_possible(numbers.to_number("5.18"), 28)


@pytest.mark.parametrize(
    ("kind", "value", "df1", "df2", "p"),
    [("chi2", 3.841459, 1, 0, 0.05), ("t", 2.228139, 10, 0, 0.05), ("F", 4.964603, 1, 10, 0.05), ("z", 1.959964, 0, 0, 0.05)],
)  # fmt: skip
def test_critical_values_of_the_tables_give_five_percent(
    kind: str, value: float, df1: float, df2: float, p: float
) -> None:
    assert p_of(kind, value, df1, df2) == pytest.approx(p, abs=1e-6)


def test_a_correlation_has_the_p_value_of_its_sample() -> None:
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    y = [2.0, 1.0, 4.0, 3.0, 7.0, 5.0, 4.0]
    known = stats.pearsonr(x, y)
    assert p_of("r", float(known.statistic), len(x) - 2, 0) == pytest.approx(float(known.pvalue))


def test_fisher_of_the_tea() -> None:
    # Fisher's tea tasting, 3 of 4 right: one-sided 17/70, two-sided 34/70.
    assert count_tests((3, 1), (4, 4))["Fisher"] == pytest.approx(34 / 70)


@pytest.mark.parametrize("issn", ["00332917", "14611457", "02698811", "01406736", "1570159X"])
def test_registered_issns_pass(issn: str) -> None:
    assert issn_is_valid(issn)
    turned = issn[:6] + ("1" if issn[6] != "1" else "2") + issn[7]
    assert not issn_is_valid(turned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-7.67 to -0.79", [(-7.67, -0.79)]),
        ("–0.65 to –0.14", [(-0.65, -0.14)]),
        ("0.21–1.75", [(0.21, 1.75)]),
        ("-2.23-3.65", [(-2.23, 3.65)]),
        ("−6.88 – 0.45", [(-6.88, 0.45)]),
        ("-11.16–-1.00", [(-11.16, -1.0)]),
        ("-7.67 to -0.79 -9.71 to -2.88", [(-7.67, -0.79), (-9.71, -2.88)]),
        ("1,610 to 2,798", [(1610, 2798)]),
        ("IL-6 and TSPO", []),
    ],
)
def test_ranges_as_journals_print_them(text: str, expected: list[tuple[float, float]]) -> None:
    assert [(low.value, high.value) for low, high, _, _ in numbers.ranges(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("twenty-three", 23), ("Four", 4), ("1,847", 1847), ("ninety", 90), ("few", None)]
)
def test_counts_in_words_and_digits(text: str, expected: int | None) -> None:
    assert numbers.count(text) == expected


@pytest.mark.parametrize(
    ("text", "shown"), [("p= 0.007", "p = 0.007"), ("P<.001", "p < .001"), ("p-value of 0.04", "p = 0.04"), ("map = 0.3", "")]
)  # fmt: skip
def test_p_values_as_journals_print_them(text: str, shown: str) -> None:
    found = numbers.p_values(text)
    assert (str(found[0][0]) if found else "") == shown
