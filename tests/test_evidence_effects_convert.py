"""Conversions: each undoes what a paper did."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from opentrd.evidence import EvidenceError, convert


def test_standard_errors_from_what_papers_print() -> None:
    assert convert.se_from_interval(0.2 - 1.959964 * 0.3, 0.2 + 1.959964 * 0.3) == pytest.approx(
        [0.3], rel=1e-6
    )
    half = t.ppf(0.95, 18) * 0.5
    assert convert.se_from_interval(1 - half, 1 + half, level=0.90, df=18) == pytest.approx([0.5])
    ends = np.exp(np.log(2) + np.array([-1, 1]) * norm.ppf(0.975) * 0.4)
    assert convert.se_from_interval(ends[0], ends[1], ratio=True) == pytest.approx([0.4])
    assert convert.se_from_t([-3.0, 2.0], [-2.0, 4.0]) == pytest.approx([1.5, 0.5])
    assert convert.se_from_p(-0.6, 2 * norm.sf(1.2)) == pytest.approx([0.5])
    assert convert.se_from_p(0.6, 2 * t.sf(1.2, 9), df=9) == pytest.approx([0.5])
    assert convert.sd_from_se(0.5, 36) == pytest.approx([3.0])


def test_change_from_before_and_after() -> None:
    """Real scores: the SD of the change is that of the differences, and the correlation comes back."""
    rng = np.random.default_rng(2)
    before = rng.normal(30, 6, 50)
    after = 0.6 * before + rng.normal(0, 5, 50)
    r = np.corrcoef(before, after)[0, 1]
    sd = [np.std(scores, ddof=1) for scores in (before, after, after - before)]
    assert convert.change_sd(sd[0], sd[1], r) == pytest.approx([sd[2]])
    assert convert.change_correlation(*sd) == pytest.approx([r])


def test_response_from_mean_and_sd() -> None:
    assert convert.response_from_mean(15, 6, 40, 15) == pytest.approx([20])
    assert convert.response_from_mean(12, 6, 40, 15) == pytest.approx([40 * norm.cdf(0.5)])
    assert convert.response_from_mean(12, 6, 40, 15, lower_is_better=False) == pytest.approx(
        [40 * norm.sf(0.5)]
    )


def test_odds_ratio_and_smd_lead_to_each_other() -> None:
    yi, vi = convert.smd_from_log_odds_ratio([1.2], [0.1])
    back = convert.log_odds_ratio_from_smd(yi, vi)
    assert (yi[0], back[0][0], back[1][0]) == pytest.approx((1.2 * np.sqrt(3) / np.pi, 1.2, 0.1))


def test_two_groups_as_one_are_the_pooled_scores() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(20, 5, 17), rng.normal(25, 7, 24)
    both = np.concatenate([one, other])
    made = convert.combine_groups(17, one.mean(), one.std(ddof=1), 24, other.mean(), other.std(ddof=1))
    assert [float(part[0]) for part in made] == pytest.approx([41, both.mean(), both.std(ddof=1)])


def test_clusters_and_crossover() -> None:
    assert convert.effective_sample(210, 22, 0.05) == pytest.approx([210 / 2.05])
    yi, vi = convert.crossover(20, 6, 17, 6, 25, 0.5)
    assert (yi[0], vi[0]) == pytest.approx((3, 36 / 25))
    d, vd = convert.crossover(20, 6, 17, 6, 25, 0.0, standardised=True)
    assert (d[0], vd[0]) == pytest.approx((0.5, 2 * (1 / 25 + 0.5**2 / 50)))


def test_quartiles_of_normal_scores() -> None:
    n = 100_000
    q1, median, q3 = 50 + 10 * norm.ppf([0.25, 0.5, 0.75])
    mean, sd = convert.mean_sd_from_quartiles(q1, median, q3, n)
    assert (mean[0], sd[0]) == pytest.approx((50, 10), rel=1e-4)
    # Of 39 persons the middle of the quartiles counts 0.7 + 0.01, the median the rest.
    mean, _ = convert.mean_sd_from_quartiles(4, 6, 12, 39)
    assert mean[0] == pytest.approx(0.71 * 8 + 0.29 * 6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: convert.se_from_interval(2, 1), "field low: the interval has no width"),
        (lambda: convert.se_from_interval(-1, 1, ratio=True), "field low: the value is too small"),
        (lambda: convert.se_from_interval(0, 1, level=95), "between 0 and 1"),
        (lambda: convert.se_from_t(0, 2), "not 0"),
        (lambda: convert.se_from_p(1, 0), "0.000 is a rounding"),
        (lambda: convert.change_sd(6, 5, 1.5), "not a correlation"),
        (lambda: convert.change_correlation(6, 5, 20), "no correlation makes"),
        (lambda: convert.effective_sample(100, 20, 2), "not an ICC"),
        (lambda: convert.mean_sd_from_quartiles(5, 4, 8, 30), "outside the quartiles"),
    ],
)
def test_impossible_numbers_are_named(make: object, said: str) -> None:
    with pytest.raises(EvidenceError) as error:
        make()  # type: ignore[operator]
    assert said in str(error.value)
