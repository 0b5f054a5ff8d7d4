"""Restricted and full maximum likelihood for a covariance that is linear in its parameters, in blocks of studies.

V = S + theta_1 K_1 + theta_2 K_2 + ..., block-diagonal: S is the known sampling covariance, each K_j a known pattern.
Source: Harville, JASA 1977;72:320-338 (score and expected information).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from opentrd.evidence.effect_checks import Floats


@dataclass(frozen=True)
class Blocks:
    """G blocks padded to m rows. ``y`` (G, m), ``x`` (G, m, p), ``s`` (G, m, m), ``patterns`` (J, G, m, m); ``has`` says
    which rows are real; padding has y = 0, x = 0 and variance 1."""

    y: Floats
    x: Floats
    s: Floats
    patterns: Floats
    has: Floats


@dataclass(frozen=True)
class Evaluated:
    """Everything at one theta: minus the log-likelihood, its gradient and expected information, and the fit."""

    value: float
    gradient: Floats
    information: Floats
    coefficients: Floats
    covariance: Floats


def blocks(y: Floats, x: Floats, s: Floats, patterns: Sequence[Floats], groups: Sequence[str]) -> Blocks:
    """Cut (k, k) matrices into the blocks that ``groups`` makes."""
    names = list(dict.fromkeys(groups))
    members = [np.flatnonzero([group == name for group in groups]) for name in names]
    m = max(len(rows) for rows in members)
    shape = (len(names), m, m)
    made = Blocks(
        np.zeros(shape[:2]), np.zeros((*shape[:2], x.shape[1])), np.tile(np.eye(m), (len(names), 1, 1)),
        np.zeros((len(patterns), *shape)), np.zeros(shape[:2]),
    )  # fmt: skip
    for g, rows in enumerate(members):
        n = len(rows)
        made.y[g, :n], made.x[g, :n], made.has[g, :n] = y[rows], x[rows], 1.0
        made.s[g, :n, :n] = s[np.ix_(rows, rows)]
        for j, pattern in enumerate(patterns):
            made.patterns[j, g, :n, :n] = pattern[np.ix_(rows, rows)]
    return made


def evaluate(data: Blocks, theta: Floats, *, restricted: bool, information: bool = True) -> Evaluated:
    """Minus the (restricted) log-likelihood at ``theta``, maximised over the coefficients, and its derivatives (the
    information only where it is asked for: it costs most)."""
    v = data.s + np.tensordot(theta, data.patterns, axes=1)
    sign, logs = np.linalg.slogdet(v)
    if (sign <= 0).any():
        empty = np.zeros(0)
        return Evaluated(np.inf, np.zeros(len(theta)), np.eye(len(theta)), empty, empty)
    inverse = np.linalg.inv(v)
    weighted = inverse @ data.x
    normal = np.einsum("gmi,gmj->ij", data.x, weighted)
    covariance = np.linalg.inv(normal)
    coefficients = covariance @ np.einsum("gmi,gm->i", weighted, data.y)
    residual = data.y - data.x @ coefficients
    pulled = (inverse @ residual[..., None])[..., 0]
    n, p = float(data.has.sum()), len(normal)
    value = n * np.log(2 * np.pi) + logs.sum() + float((residual * pulled).sum())
    if restricted:
        plain = np.linalg.slogdet(np.einsum("gmi,gmj->ij", data.x, data.x))[1]
        value += float(np.linalg.slogdet(normal)[1] - plain) - p * np.log(2 * np.pi)
    count = len(theta)
    flat = data.patterns.reshape(count, -1)
    traces = flat @ inverse.ravel()
    quadratic = flat @ (pulled[:, :, None] * pulled[:, None, :]).ravel()
    if restricted:
        spread = weighted @ covariance @ np.swapaxes(weighted, 1, 2)
        traces = traces - flat @ spread.ravel()
    gradient = 0.5 * (traces - quadratic)
    if not information:
        return Evaluated(0.5 * value, gradient, np.eye(count), coefficients, covariance)
    products = inverse @ data.patterns
    inner = np.einsum("gmi,jgmn,gno->jio", weighted, data.patterns, weighted)
    pairs = np.einsum("jgmn,lgnm->jl", products, products)
    if restricted:
        for j in range(count):
            for k in range(count):
                twice = np.einsum(
                    "gmi,gmn,gnq,gqo->io", weighted, data.patterns[j], products[k], weighted, optimize=True
                )
                pairs[j, k] += np.sum((covariance @ inner[j]) * (covariance @ inner[k]).T)
                pairs[j, k] -= 2 * np.sum(covariance * twice)
    return Evaluated(0.5 * value, gradient, 0.25 * (pairs + pairs.T), coefficients, covariance)


def maximise(
    data: Blocks, starts: Sequence[Floats], to_theta: Callable[[Floats], tuple[Floats, Floats]],
    lowest: Sequence[float | None], *, restricted: bool,
) -> Floats:  # fmt: skip
    """theta at the highest of the maxima reached from ``starts``.

    ``to_theta``: from free parameters (bounded below by ``lowest``) to theta and its Jacobian (theta by free). The last
    digits come from scoring steps, where theta is inside its bounds.
    """

    def target(free: Floats) -> tuple[float, Floats]:
        theta, jacobian = to_theta(free)
        made = evaluate(data, theta, restricted=restricted, information=False)
        return made.value, jacobian.T @ made.gradient

    best_value, best = np.inf, np.asarray(starts[0])
    for start in starts:
        found = minimize(
            target, start, jac=True, method="L-BFGS-B", bounds=[(low, None) for low in lowest],
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
        )  # fmt: skip
        if found.fun < best_value - 1e-10:
            best_value, best = float(found.fun), np.asarray(found.x, dtype=float)
    inside = np.array([low is None or value > low + 1e-8 for low, value in zip(lowest, best, strict=True)])
    for _ in range(200):
        theta, jacobian = to_theta(best)
        made = evaluate(data, theta, restricted=restricted)
        slope = (jacobian.T @ made.gradient)[inside]
        curve = (jacobian.T @ made.information @ jacobian)[np.ix_(inside, inside)]
        if not inside.any():
            break
        step = np.zeros(len(best))
        step[inside] = np.linalg.lstsq(curve, slope, rcond=None)[0]
        new = best - step
        if any(low is not None and value < low for low, value in zip(lowest, new, strict=True)):
            break
        if evaluate(data, to_theta(new)[0], restricted=restricted).value > made.value + 1e-12 * abs(
            made.value
        ):
            break
        best = new
        if np.max(np.abs(step)) <= 1e-13 * max(1.0, float(np.max(np.abs(best)))):
            break
    return to_theta(best)[0]
