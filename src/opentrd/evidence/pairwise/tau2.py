"""The variance between studies, tau2: eight estimators and its Q-profile interval, for many sets at once.

Every root is sought in a bracket that is proven to hold it, so that none is left unconverged; for ML and REML, whose
likelihood can have several maxima, these are sought on a grid and the highest is taken.

Sources: DerSimonian & Laird, Control Clin Trials 1986;7:177-188 (DL). Paule & Mandel, J Res NBS 1982;87:377-385 (PM),
the same estimator as empirical Bayes (EB), Morris, JASA 1983;78:47-55. Hedges & Olkin, Statistical Methods for
Meta-Analysis, 1985 (HE). Sidik & Jonkman, Appl Stat 2005;54:367-384 (SJ). Viechtbauer, J Educ Behav Stat
2005;30:261-293 (ML, REML). Viechtbauer, Stat Med 2007;26:37-52 (Q-profile).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.algebra import (
    Sets,
    cross,
    fit,
    grid_score,
    log_likelihood,
    score,
    trace,
    trace_p,
    weighted,
)
from opentrd.evidence.pairwise.roots import Floats, Truths, bracketed_root

MODELS = ("REML", "DL", "PM", "ML", "EB", "SJ", "HE", "common")
_GRID = 32


def estimate_tau2(sets: Sets, model: str) -> Floats:
    """tau2 of each set (B,) by ``model``; 0 for the common-effect model and for a set with no degree of freedom."""
    if model == "common":
        return np.zeros(len(sets.y))
    estimators = {
        "REML": lambda: _maximum(sets, restricted=True),
        "ML": lambda: _maximum(sets, restricted=False),
        "DL": lambda: _dersimonian_laird(sets),
        "PM": lambda: _paule_mandel(sets),
        "EB": lambda: _paule_mandel(sets),
        "SJ": lambda: _sidik_jonkman(sets),
        "HE": lambda: _hedges(sets),
    }
    if model not in estimators:
        raise EvidenceError(
            "this model is not known", field="model", value=model, expected="one of " + ", ".join(MODELS)
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = estimators[model]()
    return np.where(sets.df > 0, np.maximum(found, 0.0), 0.0)


def typical_variance(sets: Sets) -> Floats:
    """The typical sampling variance (k - p) / tr(P), which I2 and H2 set tau2 against (Higgins & Thompson 2002)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sets.df / trace_p(sets, fit(sets, np.zeros(len(sets.y)))))


def q_profile(sets: Sets, level: float) -> tuple[Floats, Floats]:
    """Lower and upper end of the interval of tau2: the values at which Q(tau2) is a quantile of chi2 with k - p df.

    An end below zero is 0; both are nan when the whole interval lies below zero (the estimates agree better than chance
    allows), and with no degree of freedom.
    """
    outside = (1 - level) / 2
    df = np.where(sets.df > 0, sets.df, np.nan)
    low = _q_root(sets, chi2.isf(outside, df))
    upper = chi2.ppf(outside, df)
    high = _q_root(sets, upper)
    empty = ~(fit(sets, np.zeros(len(sets.y))).q >= upper)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _q_root(sets: Sets, target: Floats) -> Floats:
    """Where Q(tau2), which falls, equals ``target``; 0 where it is below from the start."""
    # Q(t) lies between RSS / (largest v + t) and RSS / (smallest v + t), which brackets the root.
    rss, smallest, largest = _spread(sets)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(np.isfinite(target) & (target > 0), rss / target, 0.0)
    low, high = np.maximum(reach - largest, 0.0), np.maximum(reach - smallest, 0.0) * (1 + 1e-12)
    zero = np.zeros(len(sets.y))
    inside = fit(sets, zero).q > target
    root = bracketed_root(lambda t: fit(sets, t).q - target, np.where(inside, low, 0.0), high)
    return np.where(inside, root, 0.0)


def _spread(sets: Sets) -> tuple[Floats, Floats, Floats]:
    """Unweighted residual sum of squares, smallest and largest sampling variance of each set."""
    rss = weighted(sets, sets.y, sets.has.astype(float)).q
    smallest = np.where(sets.has, sets.v, np.inf).min(axis=1)
    largest = np.where(sets.has, sets.v, 0.0).max(axis=1)
    return rss, smallest, largest


def _dersimonian_laird(sets: Sets) -> Floats:
    common = fit(sets, np.zeros(len(sets.y)))
    return np.asarray((common.q - sets.df) / trace_p(sets, common))


def _hedges(sets: Sets) -> Floats:
    plain = weighted(sets, sets.y, sets.has.astype(float))
    expected = (sets.has * sets.v).sum(axis=1) - trace(plain.inverse, cross(sets.basis, sets.has * sets.v))
    return np.asarray((plain.q - expected) / sets.df)


def _sidik_jonkman(sets: Sets) -> Floats:
    mean = (sets.has * sets.y).sum(axis=1) / sets.n
    start = (sets.has * (sets.y - mean[:, None]) ** 2).sum(axis=1) / sets.n
    # Without any spread of the estimates the start is 0, and so is the estimate.
    safe = np.where(start > 0, start, 1.0)
    return np.where(start > 0, safe * fit(sets, safe).q / sets.df, 0.0)


def _paule_mandel(sets: Sets) -> Floats:
    return _q_root(sets, sets.df)


def _maximum(sets: Sets, *, restricted: bool) -> Floats:
    """The global maximum of the (restricted) likelihood."""
    grid = _grid(sets)
    slopes = grid_score(sets, grid, restricted=restricted)
    rising = slopes > 0
    peaks: Truths = rising[:, :-1] & ~rising[:, 1:]
    at_zero = ~rising[:, 0]
    best = np.zeros(len(sets.y))
    height = np.full(len(sets.y), -np.inf)
    several = peaks.sum(axis=1) + at_zero > 1
    if several.any():
        height[several & at_zero] = log_likelihood(
            sets.take(several & at_zero), best[several & at_zero], restricted=restricted
        )
    for nth in range(int(peaks.sum(axis=1).max(initial=0))):
        chosen = peaks & (peaks.cumsum(axis=1) == nth + 1)
        rows = chosen.any(axis=1)
        part, cell = sets.take(rows), chosen[rows].argmax(axis=1)
        ends = grid[rows]
        place = np.arange(len(cell))
        root = bracketed_root(
            lambda t, part=part: score(part, t, restricted=restricted),  # type: ignore[misc]
            ends[place, cell],
            ends[place, cell + 1],
        )
        compare = several[rows]
        reached = np.full(len(root), np.inf)
        if compare.any():
            reached[compare] = log_likelihood(part.take(compare), root[compare], restricted=restricted)
        better = reached > height[rows]
        best[rows] = np.where(better, root, best[rows])
        height[rows] = np.where(better, reached, height[rows])
    return best


def _grid(sets: Sets) -> Floats:
    """Values of tau2 from 0 to a bound above which both likelihoods fall, evenly spaced in log(v + tau2).

    y'PPy <= RSS / (vmin + t)^2 and tr(P) >= (k - p) / (vmax + t), so the score is negative once
    (k - p)(vmin + t)^2 > RSS (vmax + t).
    """
    rss, smallest, largest = _spread(sets)
    df = np.maximum(sets.df, 1.0)
    bound = (rss + np.sqrt(rss**2 + 4 * df * rss * (largest - smallest))) / (2 * df)
    ratio = np.maximum(bound / smallest, 1.0) * (1 + 1e-9)
    steps = np.linspace(0.0, 1.0, _GRID)
    return np.asarray(smallest[:, None] * (ratio[:, None] ** steps - 1))
