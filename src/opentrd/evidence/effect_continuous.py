"""Effect sizes of means: mean difference, Hedges' standardised mean difference, ratio of means, standardised mean change.

Sources: Hedges, J Educ Stat 1981;6:107-128 (the correction, here exact, by gamma functions); Hedges & Olkin, Statistical
Methods for Meta-Analysis, 1985 (large-sample variance of the SMD); Hedges, Gurevitch & Curtis, Ecology 1999;80:1150-1156
(ratio of means); Becker, Br J Math Stat Psychol 1988;41:257-278 and Gibbons et al., J Educ Stat 1993;18:271-279
(standardised mean change by raw scores and by change scores).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from opentrd.evidence.effect_checks import Columns, Floats

COLUMNS = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")


def hedges_correction(df: ArrayLike) -> Floats:
    """The factor that takes the bias out of a standardised mean difference with ``df`` degrees of freedom (exact)."""
    half = np.asarray(df, dtype=float) / 2
    return np.asarray(np.exp(gammaln(half) - gammaln(half - 0.5)) / np.sqrt(half))


def _checked(columns: Columns) -> tuple[Floats, ...]:
    columns.finite("mean_1", "mean_2")
    columns.above(0, "sd_1", "sd_2")
    columns.above(1, "n_1", "n_2")
    return tuple(columns[name] for name in COLUMNS)


def mean_difference(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Mean of group 1 minus mean of group 2, in the unit of the scale; variances of the groups not taken as equal."""
    m1, s1, n1, m2, s2, n2 = _checked(columns)
    return m1 - m2, s1**2 / n1 + s2**2 / n2


def standardised_mean_difference(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Hedges' g: difference in pooled standard deviations, corrected for bias."""
    m1, s1, n1, m2, s2, n2 = _checked(columns)
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    g = hedges_correction(df) * (m1 - m2) / pooled
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def ratio_of_means(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log of mean 1 / mean 2; both means must have the same sign, and the scale a true zero."""
    m1, s1, n1, m2, s2, n2 = _checked(columns)
    columns.require(
        (m1 * m2) > 0, "mean_1", "a ratio needs two means of the same sign, and none of them 0",
        "means of one sign", "use MD or SMD for this outcome",
    )  # fmt: skip
    return np.log(m1 / m2), s1**2 / (n1 * m1**2) + s2**2 / (n2 * m2**2)


def mean_change_raw(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Change from before to after in standard deviations before treatment (one group; needs the correlation r)."""
    change, r, n = _change(columns)
    d = hedges_correction(n - 1) * change / columns["sd_before"]
    return d, 2 * (1 - r) / n + d**2 / (2 * n)


def mean_change_standardised(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Change from before to after in standard deviations of the change (one group; needs the correlation r)."""
    change, r, n = _change(columns)
    before, after = columns["sd_before"], columns["sd_after"]
    d = hedges_correction(n - 1) * change / np.sqrt(before**2 + after**2 - 2 * r * before * after)
    return d, 1 / n + d**2 / (2 * n)


def _change(columns: Columns) -> tuple[Floats, Floats, Floats]:
    columns.finite("mean_before", "mean_after", "r")
    columns.above(0, "sd_before")
    if "sd_after" in columns.values:
        columns.above(0, "sd_after")
    columns.above(2, "n")
    columns.require(np.abs(columns["r"]) < 1, "r", "not a correlation", "a number between -1 and 1")
    return columns["mean_after"] - columns["mean_before"], columns["r"], columns["n"]
