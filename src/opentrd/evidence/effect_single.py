"""Effect sizes of one group, of rates, of survival, and of reliability.

Sources: Fisher, Metron 1921;1:3-32 (z of a correlation); Freeman & Tukey, Ann Math Stat 1950;21:607-611, and Miller, Am
Stat 1978;32:138 (double arcsine and its way back); Rothman, Greenland & Lash, Modern Epidemiology, 2008 (rates); Yusuf et
al., Prog Cardiovasc Dis 1985;27:335-371, and Parmar, Torri & Stewart, Stat Med 1998;17:2815-2834 (log hazard ratio from
O - E); Hakstian & Whalen, Psychometrika 1976;41:219-231, and Bonett, J Educ Behav Stat 2002;27:335-340 (alpha).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from opentrd.evidence.effect_checks import Columns, Floats


def correlation(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """A correlation as it is."""
    r, n = _correlation(columns)
    return r, (1 - r**2) ** 2 / (n - 1)


def fisher_z(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Fisher's z of a correlation."""
    r, n = _correlation(columns)
    return np.arctanh(r), 1 / (n - 3)


def _correlation(columns: Columns) -> tuple[Floats, Floats]:
    columns.finite("r")
    columns.above(3, "n")
    columns.require(
        np.abs(columns["r"]) < 1, "r", "not a correlation", "a number between -1 and 1, ends excluded"
    )
    return columns["r"], columns["n"]


def proportion(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """A proportion as it is."""
    x, n = _corrected(columns, policy)
    return x / n, _positive(columns, x * (n - x) / n**3)


def logit_proportion(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log odds of a proportion."""
    x, n = _corrected(columns, policy)
    with np.errstate(divide="ignore"):
        vi = _positive(columns, 1 / x + 1 / (n - x))
        return np.log(x / (n - x)), vi


def arcsine_proportion(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Arcsine of the root of a proportion; needs no correction."""
    columns.counts("events", "n")
    return np.arcsin(np.sqrt(columns["events"] / columns["n"])), 1 / (4 * columns["n"])


def double_arcsine(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Freeman and Tukey's double arcsine (half the sum, as in their variance 1 / (4n + 2)); needs no correction."""
    columns.counts("events", "n")
    x, n = columns["events"], columns["n"]
    yi = (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2
    return yi, 1 / (4 * n + 2)


def harmonic_mean(n: ArrayLike) -> float:
    """The harmonic mean of sample sizes, all above 0."""
    sizes = np.asarray(n, dtype=float)
    return float(len(sizes) / np.sum(1 / sizes))


def from_double_arcsine(yi: ArrayLike, n: ArrayLike) -> Floats:
    """The proportion of a double arcsine; ``n``: for a pooled value the harmonic mean of the sample sizes (Miller)."""
    t, n = 2 * np.asarray(yi, dtype=float), np.asarray(n, dtype=float)
    # Outside the range of the transformation the proportion is 0 or 1.
    lowest, highest = np.arcsin(np.sqrt(1 / (n + 1))), np.pi - np.arcsin(np.sqrt(1 / (n + 1)))
    inside = np.clip(t, lowest, highest)
    sine = np.sin(inside)
    root = np.sqrt(np.maximum(1 - (sine + (sine - 1 / sine) / n) ** 2, 0.0))
    return np.asarray((1 - np.sign(np.cos(inside)) * root) / 2)


def _corrected(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    columns.counts("events", "n")
    x, n = columns["events"], columns["n"]
    edge = (x == 0) | (x == n)
    add = np.zeros(len(x))
    if policy == "only":
        add = np.where(edge, 0.5, 0.0)
    elif policy == "always" or (policy == "all" and edge.any()):
        add = np.full(len(x), 0.5)
    return x + add, n + 2 * add


def _positive(columns: Columns, vi: Floats) -> Floats:
    columns.require(
        np.isfinite(vi) & (vi > 0), "events", "with no events, or only events, the variance is not defined",
        "events and non-events", 'choose zero_cells="only" or a measure that needs no correction (PFT, PAS)',
    )  # fmt: skip
    return vi


def rate_ratio(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log ratio of two incidence rates."""
    x1, t1, x2, t2 = _rates(columns, policy)
    with np.errstate(divide="ignore"):
        yi, vi = np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2
    return yi, _rate_variance(columns, vi)


def rate_difference(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Difference of two incidence rates, events per unit of time."""
    x1, t1, x2, t2 = _rates(columns, policy)
    return x1 / t1 - x2 / t2, _rate_variance(columns, x1 / t1**2 + x2 / t2**2)


def _rates(columns: Columns, policy: str) -> tuple[Floats, Floats, Floats, Floats]:
    columns.above(0, "time_1", "time_2")
    columns.finite("events_1", "events_2")
    for field in ("events_1", "events_2"):
        columns.require(columns[field] >= 0, field, "a count is negative", "0 or more events")
    x1, x2 = columns["events_1"], columns["events_2"]
    zero = (x1 == 0) | (x2 == 0)
    add = np.zeros(len(x1))
    if policy == "only":
        add = np.where(zero, 0.5, 0.0)
    elif policy == "always" or (policy == "all" and zero.any()):
        add = np.full(len(x1), 0.5)
    return x1 + add, columns["time_1"], x2 + add, columns["time_2"]


def _rate_variance(columns: Columns, vi: Floats) -> Floats:
    columns.require(
        np.isfinite(vi) & (vi > 0), "events_1", "without events the variance is not defined",
        "events in both groups", 'choose zero_cells="only"',
    )  # fmt: skip
    return vi


def log_hazard_ratio(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Log hazard ratio (O - E) / V from the log-rank test, with variance 1 / V."""
    columns.finite("o_minus_e")
    columns.above(0, "v")
    return columns["o_minus_e"] / columns["v"], 1 / columns["v"]


def alpha_raw(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """Cronbach's alpha as it is."""
    alpha, m, n = _alpha(columns)
    return alpha, 2 * m * (1 - alpha) ** 2 / ((m - 1) * (n - 2))


def alpha_cube_root(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """1 minus the cube root of 1 - alpha (Hakstian & Whalen)."""
    alpha, m, n = _alpha(columns)
    vi = 18 * m * (n - 1) * (1 - alpha) ** (2 / 3) / ((m - 1) * (9 * n - 11) ** 2)
    return 1 - np.cbrt(1 - alpha), vi


def alpha_log(columns: Columns, policy: str) -> tuple[Floats, Floats]:
    """-log(1 - alpha) (Bonett)."""
    alpha, m, n = _alpha(columns)
    return -np.log(1 - alpha), 2 * m / ((m - 1) * (n - 2))


def _alpha(columns: Columns) -> tuple[Floats, Floats, Floats]:
    columns.finite("alpha")
    columns.above(1, "items")
    columns.above(2, "n")
    columns.require(columns["alpha"] < 1, "alpha", "alpha must be below 1", "a number below 1")
    return columns["alpha"], columns["items"], columns["n"]
