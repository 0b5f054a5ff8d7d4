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
        """Weighted least squares with weights 1 / (variance + tau2)."""
        weights = 1.0 / (self.variance + tau2)
        weighted = self.design * weights[:, None]
        covariance = np.linalg.inv(weighted.T @ self.design)
        covariance = (covariance + covariance.T) / 2.0
        coefficients = covariance @ (weighted.T @ self.effect)
        residuals = self.effect - self.design @ coefficients
        q = float(weights @ residuals**2)
        return Fit(coefficients, covariance, residuals, weights, q, self.df)


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
    m, p = x.shape
    weights = 1.0 / (rows.variance + tau2[:, None])
    products = (x[:, :, None] * x[:, None, :]).reshape(m, p * p)
    information = (weights @ products).reshape(-1, p, p)
    coefficients = np.linalg.solve(information, ((weights * y) @ x)[:, :, None])[:, :, 0]
    squares = (y - coefficients @ x.T) ** 2
    log_likelihood = 0.5 * (np.log(weights).sum(axis=1) - (weights * squares).sum(axis=1))
    trace = weights.sum(axis=1)
    if restricted:
        log_likelihood -= 0.5 * np.linalg.slogdet(information)[1]
        second = (weights**2 @ products).reshape(-1, p, p)
        trace = trace - np.trace(np.linalg.solve(information, second), axis1=1, axis2=2)
    return log_likelihood, 0.5 * ((weights**2 * squares).sum(axis=1) - trace)


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

    Both ends are 0 when Q is small even at tau2 = 0 (the interval is empty above zero). (None, None) without df.
    """
    if rows.df <= 0:
        return None, None
    low, high = chi2.ppf([(1 - level) / 2, (1 + level) / 2], rows.df)
    residuals = rows.effect - rows.design @ np.linalg.lstsq(rows.design, rows.effect, rcond=None)[0]
    squares = float(residuals @ residuals)
    at_zero = rows.fit().q
    ends = []
    for bound in (high, low):
        if at_zero <= bound:
            ends.append(0.0)
        else:  # Q(tau2) <= squares / tau2, so the root lies below squares / bound
            top = squares / bound
            ends.append(
                float(brentq(lambda t, b=bound: rows.fit(t).q - b, 0.0, top, xtol=1e-14 * top, rtol=1e-12))
            )
    return ends[0], ends[1]
