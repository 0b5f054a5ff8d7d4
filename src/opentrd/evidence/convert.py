"""From what a paper prints to what an analysis needs.

Sources: Cochrane Handbook for Systematic Reviews of Interventions, chapter 6 (standard errors from intervals, t and p;
change scores; combining groups) and chapter 23 (clusters, crossover trials: Elbourne et al., Int J Epidemiol
2002;31:140-149); Furukawa et al., Int Clin Psychopharmacol 2005;20:49-52 (response from mean and SD); Hasselblad &
Hedges, Psychol Bull 1995;117:167-178 (odds ratio and SMD); Wan et al., BMC Med Res Methodol 2014;14:135, and Luo et al.,
Stat Methods Med Res 2018;27:1785-1805 (quartiles).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

from opentrd.evidence.effect_checks import Columns, Floats
from opentrd.evidence.errors import EvidenceError

_LOG_ODDS_PER_SD = np.pi / np.sqrt(3)


def se_from_interval(
    low: ArrayLike, high: ArrayLike, *, level: float = 0.95, df: ArrayLike | None = None, ratio: bool = False
) -> Floats:
    """Standard error from a confidence interval of ``level``.

    ``df``: degrees of freedom when the interval is by t (small groups), else normal. ``ratio``: the ends are ratios; the
    standard error is then that of the logarithm.
    """
    given = Columns.of({"low": low, "high": high})
    given.finite("low", "high")
    given.require(given["low"] < given["high"], "low", "the interval has no width", "low below high")
    if ratio:
        given.above(0, "low", "high")
    one, other = (np.log(given[name]) if ratio else given[name] for name in ("low", "high"))
    return (other - one) / (2 * _quantile(level, df))


def se_from_t(estimate: ArrayLike, statistic: ArrayLike) -> Floats:
    """Standard error from an estimate and its t or z statistic."""
    given = Columns.of({"estimate": estimate, "statistic": statistic})
    given.finite("estimate", "statistic")
    given.require(
        (given["statistic"] != 0) & (given["estimate"] != 0), "statistic",
        "with an effect of 0 the statistic says nothing about its standard error", "an effect and a statistic not 0",
    )  # fmt: skip
    return np.abs(given["estimate"] / given["statistic"])


def se_from_p(estimate: ArrayLike, p_value: ArrayLike, *, df: ArrayLike | None = None) -> Floats:
    """Standard error from an estimate and its two-sided p-value, exact as printed (``p < 0.05`` gives only a bound).

    ``df``: degrees of freedom of the t test, else normal. Ratios go in as logarithms.
    """
    given = Columns.of({"estimate": estimate, "p_value": p_value})
    given.finite("estimate", "p_value")
    given.require(
        (given["p_value"] > 0) & (given["p_value"] < 1), "p_value", "not a usable p-value", "between 0 and 1",
        "p = 0.000 is a rounding: use its upper bound, 0.0005",
    )  # fmt: skip
    return np.abs(given["estimate"]) / _quantile(1 - given["p_value"], df)


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Floats:
    """Standard deviation of a group from the standard error of its mean."""
    given = Columns.of({"se": se, "n": n})
    given.above(0, "se", "n")
    return given["se"] * np.sqrt(given["n"])


def change_sd(sd_before: ArrayLike, sd_after: ArrayLike, r: ArrayLike) -> Floats:
    """Standard deviation of the change, from those before and after and their correlation ``r``."""
    given = _correlated({"sd_before": sd_before, "sd_after": sd_after, "r": r})
    one, other = given["sd_before"], given["sd_after"]
    return np.sqrt(one**2 + other**2 - 2 * given["r"] * one * other)


def change_correlation(sd_before: ArrayLike, sd_after: ArrayLike, sd_change: ArrayLike) -> Floats:
    """The correlation of before and after that three standard deviations imply; to impute it in other studies."""
    given = Columns.of({"sd_before": sd_before, "sd_after": sd_after, "sd_change": sd_change})
    given.above(0, "sd_before", "sd_after", "sd_change")
    one, other, change = given["sd_before"], given["sd_after"], given["sd_change"]
    r = (one**2 + other**2 - change**2) / (2 * one * other)
    given.require(
        np.abs(r) <= 1, "sd_change", "no correlation makes this standard deviation of the change",
        "between |sd_before - sd_after| and their sum", "look it up again: it may be a standard error",
    )  # fmt: skip
    return r


def response_from_mean(
    mean: ArrayLike, sd: ArrayLike, n: ArrayLike, cut: ArrayLike, *, lower_is_better: bool = True
) -> Floats:
    """Number of responders in a group, taken as normal, from mean and SD at the end of treatment.

    ``cut``: the score that a responder reaches: half of the mean at baseline for a response of 50 %, or the threshold of
    remission. Not rounded. In the reviews of antidepressants that tried it, imputed and real counts agreed (Furukawa
    2005); for one trial it can be off.
    """
    given = Columns.of({"mean": mean, "sd": sd, "n": n, "cut": cut})
    given.finite("mean", "cut")
    given.above(0, "sd", "n")
    z = (given["cut"] - given["mean"]) / given["sd"]
    return np.asarray(given["n"] * norm.cdf(z if lower_is_better else -z))


def smd_from_log_odds_ratio(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """Standardised mean difference of a log odds ratio, if the outcome behind it is logistic."""
    given = Columns.of({"yi": yi, "vi": vi})
    return given["yi"] / _LOG_ODDS_PER_SD, given["vi"] / _LOG_ODDS_PER_SD**2


def log_odds_ratio_from_smd(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """Log odds ratio of a standardised mean difference, if the outcome is logistic."""
    given = Columns.of({"yi": yi, "vi": vi})
    return given["yi"] * _LOG_ODDS_PER_SD, given["vi"] * _LOG_ODDS_PER_SD**2


def combine_groups(
    n_1: ArrayLike, mean_1: ArrayLike, sd_1: ArrayLike, n_2: ArrayLike, mean_2: ArrayLike, sd_2: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """n, mean and SD of two groups taken as one (two doses against one placebo, say)."""
    given = Columns.of(
        {"n_1": n_1, "mean_1": mean_1, "sd_1": sd_1, "n_2": n_2, "mean_2": mean_2, "sd_2": sd_2}
    )
    given.above(0, "n_1", "n_2", "sd_1", "sd_2")
    given.finite("mean_1", "mean_2")
    a, b = given["n_1"], given["n_2"]
    squares = (a - 1) * given["sd_1"] ** 2 + (b - 1) * given["sd_2"] ** 2
    squares = squares + a * b / (a + b) * (given["mean_1"] - given["mean_2"]) ** 2
    return a + b, (a * given["mean_1"] + b * given["mean_2"]) / (a + b), np.sqrt(squares / (a + b - 1))


def effective_sample(n: ArrayLike, cluster_size: ArrayLike, icc: ArrayLike) -> Floats:
    """Sample size (or number of events) of a cluster-randomised group over its design effect 1 + (m - 1) ICC."""
    given = Columns.of({"n": n, "cluster_size": cluster_size, "icc": icc})
    given.above(0, "n")
    given.finite("icc", "cluster_size")
    given.require(
        given["cluster_size"] >= 1, "cluster_size", "a cluster has at least one person", "1 or more"
    )
    given.require((given["icc"] >= 0) & (given["icc"] <= 1), "icc", "not an ICC", "between 0 and 1")
    return given["n"] / (1 + (given["cluster_size"] - 1) * given["icc"])


def crossover(
    mean_1: ArrayLike, sd_1: ArrayLike, mean_2: ArrayLike, sd_2: ArrayLike, n: ArrayLike, r: ArrayLike,
    *, standardised: bool = False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Effect and variance of a crossover trial analysed within persons, ``r`` being the correlation of the two periods.

    Mean difference, or standardised by the pooled SD of the periods.
    """
    given = _correlated({"sd_before": sd_1, "sd_after": sd_2, "r": r}, mean_1=mean_1, mean_2=mean_2, n=n)
    given.above(1, "n")
    given.finite("mean_1", "mean_2")
    one, other, count = given["sd_before"], given["sd_after"], given["n"]
    difference = given["mean_1"] - given["mean_2"]
    if not standardised:
        return difference, (one**2 + other**2 - 2 * given["r"] * one * other) / count
    d = difference / np.sqrt((one**2 + other**2) / 2)
    return d, (1 / count + d**2 / (2 * count)) * 2 * (1 - given["r"])


def mean_sd_from_quartiles(
    q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike
) -> tuple[Floats, Floats]:
    """Mean (Luo 2018) and SD (Wan 2014) of a group from quartiles and median; only for roughly symmetric outcomes."""
    given = Columns.of({"q1": q1, "median": median, "q3": q3, "n": n})
    given.finite("q1", "median", "q3")
    given.above(1, "n")
    given.require(
        (given["q1"] <= given["median"]) & (given["median"] <= given["q3"]), "median",
        "the median lies outside the quartiles", "q1 <= median <= q3",
    )  # fmt: skip
    count = given["n"]
    weight = 0.7 + 0.39 / count
    mean = weight * (given["q1"] + given["q3"]) / 2 + (1 - weight) * given["median"]
    return mean, (given["q3"] - given["q1"]) / (2 * norm.ppf((0.75 * count - 0.125) / (count + 0.25)))


def _correlated(values: dict[str, ArrayLike], **more: ArrayLike) -> Columns:
    given = Columns.of({**values, **more})
    given.above(0, "sd_before", "sd_after")
    given.finite("r")
    given.require(np.abs(given["r"]) <= 1, "r", "not a correlation", "a number between -1 and 1")
    return given


def _quantile(level: float | NDArray[np.float64], df: ArrayLike | None) -> Floats:
    if np.any(np.asarray(level) <= 0) or np.any(np.asarray(level) >= 1):
        raise EvidenceError(
            "this level is not possible", field="level", value=str(level), expected="between 0 and 1"
        )
    upper = (1 + np.asarray(level, dtype=float)) / 2
    return np.asarray(norm.ppf(upper) if df is None else t.ppf(upper, np.asarray(df, dtype=float)))
