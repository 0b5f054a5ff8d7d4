"""Weighted least squares for many sets of studies at once, and what the likelihood of tau2 needs of it.

Arrays inside this folder have the set first and the study last, (B, k), because the last axis is the fast one. A study
that a set does not have carries weight zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.roots import Floats, Truths


@dataclass(frozen=True)
class Sets:
    """B sets of up to k studies.

    ``y``, ``v``: estimates and their sampling variances (B, k), filled with 0 and 1 where absent; ``has``: which are
    there; ``basis``: an orthonormal basis of the moderators, (k, p) shared or (B, k, p); ``back``: the matrix that leads
    from coefficients of the basis to those of the moderators, (p, p) or (B, p, p); ``n``: number of studies (B,).
    """

    y: Floats
    v: Floats
    has: Truths
    basis: Floats
    back: Floats
    n: Floats

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.basis.shape[-1])

    @property
    def df(self) -> Floats:
        """Residual degrees of freedom, k - p, of each set."""
        return self.n - self.p

    def take(self, which: Truths | slice) -> Sets:
        """Some of the sets."""
        own = self.basis.ndim == 3
        return Sets(
            self.y[which],
            self.v[which],
            self.has[which],
            self.basis[which] if own else self.basis,
            self.back[which] if own else self.back,
            self.n[which],
        )


def make_sets(y: Floats, v: Floats, has: Truths, x: Floats) -> Sets:
    """Sets from arrays (B, k) and moderators (k, p) or (B, k, p), intercept included.

    The moderators are replaced by an orthonormal basis: a year or a dose in milligrams beside an intercept would cost
    half the digits in the normal equations.
    """
    if x.ndim == 3:
        x = np.where(has[:, :, None], x, 0.0)
    basis, back = np.linalg.qr(x)
    size = np.sqrt((x**2).sum(axis=-2))
    loose = np.abs(np.diagonal(back, axis1=-2, axis2=-1)) <= 1e-12 * size
    if loose.any():
        where = np.argwhere(loose)[0]
        raise EvidenceError(
            "the moderators follow from each other, or there are too few studies for them",
            row=f"set {where[0] + 1}" if x.ndim == 3 else None, field=f"coefficient {where[-1] + 1}",
            expected="more studies than coefficients, and moderators that vary apart", advice="use fewer moderators",
        )  # fmt: skip
    return Sets(
        np.where(has, y, 0.0),
        np.where(has, v, 1.0),
        has,
        basis,
        np.linalg.inv(back),
        has.sum(axis=1).astype(float),
    )


@dataclass(frozen=True)
class Fit:
    """Weighted least squares at given weights: coefficients of the basis, their covariance, residuals."""

    weights: Floats
    coefficients: Floats
    inverse: Floats
    residuals: Floats

    @property
    def q(self) -> Floats:
        """Weighted sum of squared residuals."""
        return _sum(self.weights * self.residuals**2)


def fit(sets: Sets, tau2: Floats | float) -> Fit:
    """Weighted least squares with weights 1 / (v + tau2); ``tau2`` is (B,) or (B, G) for a grid of G values."""
    tau2 = np.asarray(tau2, dtype=np.float64)
    y, v, has = sets.y, sets.v, sets.has
    if tau2.ndim == 2:
        y, v, has = y[:, None, :], v[:, None, :], has[:, None, :]
    weights = has / (v + tau2[..., None])
    return weighted(sets, y, weights)


def weighted(sets: Sets, y: Floats, weights: Floats) -> Fit:
    """Weighted least squares with any weights (B, k) or (B, G, k)."""
    matrix, right = cross(sets.basis, weights), _right(sets.basis, weights * y)
    if sets.p == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / matrix
        coefficients = inverse[..., 0] * right
    else:
        inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        coefficients = (inverse @ right[..., None])[..., 0]
    return Fit(weights, coefficients, inverse, y - predicted(sets.basis, coefficients))


def cross(basis: Floats, weights: Floats) -> Floats:
    """X'WX for weights (..., k)."""
    p = basis.shape[-1]
    if basis.ndim == 2:
        products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), p * p)
        return (weights @ products).reshape(*weights.shape[:-1], p, p)
    if weights.ndim == 3:
        return np.asarray(np.einsum("bgk,bki,bkj->bgij", weights, basis, basis, optimize=True))
    return np.asarray(np.einsum("bk,bki,bkj->bij", weights, basis, basis, optimize=True))


def _right(basis: Floats, values: Floats) -> Floats:
    if basis.ndim == 2:
        return np.asarray(values @ basis)
    return np.asarray(np.einsum("bgk,bki->bgi" if values.ndim == 3 else "bk,bki->bi", values, basis))


def predicted(basis: Floats, coefficients: Floats) -> Floats:
    """X times the coefficients, for each study."""
    if basis.ndim == 2:
        return np.asarray(coefficients @ basis.T)
    return np.asarray(
        np.einsum("bgi,bki->bgk" if coefficients.ndim == 3 else "bi,bki->bk", coefficients, basis)
    )


def trace_p(sets: Sets, fitted: Fit) -> Floats:
    """tr(P) of P = W - WX(X'WX)^-1 X'W."""
    w = fitted.weights
    return _sum(w) - trace(fitted.inverse, cross(sets.basis, w**2))


def trace(left: Floats, right: Floats) -> Floats:
    """tr(left right) of two stacks of symmetric matrices."""
    return np.asarray((left * right).sum(axis=(-2, -1)))


def score(sets: Sets, tau2: Floats, *, restricted: bool) -> Floats:
    """Twice the derivative of the (restricted) log-likelihood by tau2."""
    fitted = fit(sets, tau2)
    w = fitted.weights
    spread = trace_p(sets, fitted) if restricted else _sum(w)
    return _sum((w * fitted.residuals) ** 2) - spread


def grid_score(sets: Sets, grid: Floats, *, restricted: bool) -> Floats:
    """The same on a grid (B, G), by sums instead of residuals: three times faster, and exact enough for a sign."""
    count, p = len(sets.y), sets.p
    # Centred first, so that the squares below do not cancel.
    y = weighted(sets, sets.y, sets.has.astype(float)).residuals[..., None]
    basis = np.broadcast_to(sets.basis, (count, *sets.basis.shape[-2:]))
    products = (basis[..., :, None] * basis[..., None, :]).reshape(count, -1, p * p)
    features = np.concatenate([products, basis * y, y**2, np.ones_like(y)], axis=2)
    weights = sets.v[:, None, :] + grid[:, :, None]
    np.divide(1.0, weights, out=weights)
    if not sets.has.all():
        weights *= sets.has[:, None, :]
    first = weights @ features
    np.square(weights, out=weights)
    second = weights @ features
    shape, right = (count, grid.shape[1], p, p), slice(p * p, p * p + p)
    inverse = np.linalg.inv(first[..., : p * p].reshape(shape)) if p > 1 else 1 / first[..., :1, None]
    squares = second[..., : p * p].reshape(shape)
    coefficients = (
        (inverse @ first[..., right, None])[..., 0] if p > 1 else inverse[..., 0] * first[..., right]
    )
    pull = (squares @ coefficients[..., None])[..., 0] if p > 1 else squares[..., 0] * coefficients
    rest = second[..., -2] + _sum(coefficients * (pull - 2 * second[..., right]))
    return np.asarray(rest - first[..., -1] + (trace(inverse, squares) if restricted else 0.0))


def log_likelihood(sets: Sets, tau2: Floats, *, restricted: bool) -> Floats:
    """The (restricted) log-likelihood at tau2, maximised over the coefficients; ``tau2`` (B,)."""
    fitted = fit(sets, tau2)
    logs = _sum(np.where(sets.has, np.log(sets.v + tau2[:, None]), 0.0))
    value = sets.n * np.log(2 * np.pi) + logs + fitted.q
    if restricted:
        plain = np.linalg.slogdet(cross(sets.basis, sets.has.astype(float)))[1]
        value += np.linalg.slogdet(cross(sets.basis, fitted.weights))[1] - plain - sets.p * np.log(2 * np.pi)
    return np.asarray(-0.5 * value)


def _sum(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=-1))
