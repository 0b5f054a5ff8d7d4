"""Generalised least squares on independent rows, and the between-study variance by solvers that always converge.

Rows have variances ``variance + tau2`` (see ``structure.Network``), so common effect, DerSimonian-Laird, ML and REML are
those of a meta-regression. The score of ML and REML is negative beyond a bound that is known in closed form; between zero
and this bound every change of sign is bracketed on a grid and solved by Brent's method, and the root with the highest
likelihood is taken (there can be several).
Sources: generalised DerSimonian-Laird, Jackson, White and Riley 2012, DOI 10.1002/sim.5453, in the form for networks of
Rücker and Schwarzer 2014, DOI 10.1002/sim.6236; REML and ML, Harville 1977, DOI 10.1080/01621459.1977.10480998; interval of
tau2 by the Q profile, Jackson 2013, DOI 10.1002/jrsm.1081.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from opentrd.evidence.network.structure import Array

MODELS = ("common", "DL", "REML", "ML")
_GRID = 48
_STEPS = 500  # never reached: far from the root a step at least doubles the way
_LARGEST = 5_000_000
_SMALLEST = 1e-10  # of the upper bound: the first point of the grid beside zero


@dataclass(frozen=True)
class Fit:
    """Generalised least squares at one tau2.

    ``coefficients`` (p,), ``covariance`` (p, p), ``residuals`` (m,), ``weights`` (m,), ``q`` = sum of weight x residual^2.
    """

    coefficients: Array
    covariance: Array
    residuals: Array
    weights: Array
    q: float
    df: int


@dataclass(frozen=True)
class Rows:
    """Independent rows: ``effect`` (m,), ``design`` (m, p) of full column rank, ``variance`` (m,)."""

    effect: Array
    design: Array
    variance: Array

    @property
    def df(self) -> int:
        """Rows minus columns."""
        return int(self.design.shape[0] - self.design.shape[1])

    def fit(self, tau2: float = 0.0) -> Fit:
        """Weighted least squares with weights 1 / (variance + tau2), by QR."""
        weights = 1.0 / (self.variance + tau2)
        root = np.sqrt(weights)
        basis, triangle = np.linalg.qr(self.design * root[:, None])
        inverse = np.linalg.inv(triangle)
        coefficients = inverse @ (basis.T @ (root * self.effect))
        residuals = self.effect - self.design @ coefficients
        q = float(weights @ residuals**2)
        return Fit(coefficients, inverse @ inverse.T, residuals, weights, q, self.df)


def estimate_tau2(rows: Rows, model: str) -> float | None:
    """tau2 by ``model`` (common, DL, REML, ML); None when there are as many columns as rows, so that nothing is left."""
    if model == "common":
        return 0.0
    if rows.df <= 0:
        return None
    if model == "DL":
        return _moments(rows)
    return _likelihood(rows, restricted=model == "REML")


def _moments(rows: Rows) -> float:
    fit = rows.fit()
    leverage = np.einsum("ij,jk,ik->i", rows.design, fit.covariance, rows.design)
    trace = float(np.sum(fit.weights - fit.weights**2 * leverage))
    return max(0.0, (fit.q - rows.df) / trace)


def _profile(rows: Rows, tau2: Array, restricted: bool) -> tuple[Array, Array]:
    """Log-likelihood (up to a constant) and score at several tau2, shape (len(tau2),) each."""
    x, y = rows.design, rows.effect
    weights = 1.0 / (rows.variance + tau2[:, None])
    information = _products(x, weights)
    coefficients = np.linalg.solve(information, ((weights * y) @ x)[:, :, None])[:, :, 0]
    squares = (y - coefficients @ x.T) ** 2
    log_likelihood = 0.5 * (np.log(weights).sum(axis=1) - (weights * squares).sum(axis=1))
    trace = weights.sum(axis=1)
    if restricted:
        log_likelihood -= 0.5 * np.linalg.slogdet(information)[1]
        second = np.linalg.solve(information, _products(x, weights**2))
        trace = trace - np.trace(second, axis1=1, axis2=2)
    return log_likelihood, 0.5 * ((weights**2 * squares).sum(axis=1) - trace)


def _products(x: Array, weights: Array) -> Array:
    """X' W X for each row of weights, shape (len(weights), p, p)."""
    m, p = x.shape
    if m * p * p > _LARGEST:  # the outer products of a very large network do not fit into memory
        return np.stack([(x * row[:, None]).T @ x for row in weights])
    return (weights @ (x[:, :, None] * x[:, None, :]).reshape(m, p * p)).reshape(-1, p, p)


def _upper_bound(rows: Rows, restricted: bool) -> float:
    """A tau2 beyond which the score is negative.

    With r the unweighted residual sum of squares, y'PPy <= r / tau2^2 and the trace is at least df / (largest variance + tau2);
    the score is negative once df x tau2^2 > r x (largest variance + tau2).
    """
    df = rows.df if restricted else rows.design.shape[0]
    residuals = rows.effect - rows.design @ np.linalg.lstsq(rows.design, rows.effect, rcond=None)[0]
    squares, largest = float(residuals @ residuals), float(rows.variance.max())
    return float((squares + np.sqrt(squares**2 + 4.0 * df * squares * largest)) / (2.0 * df))


def _likelihood(rows: Rows, restricted: bool) -> float:
    upper = _upper_bound(rows, restricted) * 1.01
    if upper <= 0.0 or upper < 1e-14 * float(rows.variance.min()):
        return 0.0
    grid = np.concatenate([[0.0], upper * np.geomspace(_SMALLEST, 1.0, _GRID)])
    _, scores = _profile(rows, grid, restricted)
    candidates = [0.0] if scores[0] <= 0 else []
    for place in np.flatnonzero((scores[:-1] > 0) & (scores[1:] <= 0)):
        root = brentq(
            lambda value: float(_profile(rows, np.array([value]), restricted)[1][0]),
            grid[place],
            grid[place + 1],
            xtol=1e-14 * upper,
            rtol=1e-13,
        )
        candidates.append(float(root))
    if len(candidates) == 1:
        return candidates[0]
    likelihoods, _ = _profile(rows, np.array(candidates), restricted)
    return candidates[int(np.argmax(likelihoods))]


def tau2_interval(rows: Rows, level: float = 0.95) -> tuple[float | None, float | None]:
    """Interval of tau2 by the Q profile: all tau2 at which the generalised Q is not extreme for chi-squared on its df.

    (None, None) without df, and where Q is so small even at tau2 = 0 that no tau2 fits (the interval is empty).
    """
    if rows.df <= 0:
        return None, None
    low, high = chi2.ppf([(1 - level) / 2, (1 + level) / 2], rows.df)
    if rows.fit().q < low:
        return None, None
    return _where_q_is(rows, float(high)), _where_q_is(rows, float(low))


def _where_q_is(rows: Rows, bound: float) -> float:
    """The tau2 at which the generalised Q falls to ``bound``; 0 when it lies below already.

    Q is convex and falling in tau2, so Newton's steps from zero climb to the root and never pass it.
    """
    tau2 = 0.0
    for _ in range(_STEPS):
        fit = rows.fit(tau2)
        step = (fit.q - bound) / float(fit.weights**2 @ fit.residuals**2) if fit.q > bound else 0.0
        tau2 += step
        if step <= 1e-13 * tau2:
            break
    return tau2


def likelihood_interval(
    rows: Rows, tau2: float, *, restricted: bool, level: float = 0.95
) -> tuple[float, float]:
    """All tau2 whose (restricted) likelihood is not significantly below that of the estimate ``tau2``."""
    drop = float(chi2.ppf(level, 1)) / 2.0
    highest = float(_profile(rows, np.array([tau2]), restricted)[0][0])

    def above(value: float) -> float:
        return float(_profile(rows, np.array([value]), restricted)[0][0]) - highest + drop

    low = 0.0 if above(0.0) >= 0 else float(brentq(above, 0.0, tau2, xtol=1e-14 * tau2, rtol=1e-12))
    top = max(2.0 * tau2, float(rows.variance.min()))
    while above(top) > 0:  # the likelihood falls without end, so this ends
        top *= 2.0
    return low, float(brentq(above, tau2, top, xtol=1e-14 * top, rtol=1e-12))
