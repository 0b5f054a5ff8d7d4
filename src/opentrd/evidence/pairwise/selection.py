"""The three-parameter selection model: were studies that did not reach significance less likely to be seen?

A study with a one-sided p-value above a step is seen with a relative probability (``weight``) instead of 1. Mean, tau2 and
weight are estimated together by maximum likelihood. Sources: Hedges, Stat Sci 1992;7:246-255; Vevea & Hedges, Psychometrika
1995;60:419-435; for three parameters McShane, Boeckenholt & Hansen, Perspect Psychol Sci 2016;11:730-749.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr
from scipy.stats import chi2, norm

from opentrd.evidence.effect_checks import Floats, Truths
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.result import PairwiseResult, plain


@dataclass(frozen=True)
class Selection:
    """``estimate``, ``se``: the mean adjusted for selection; ``tau2``; ``weight``: relative probability that a study above
    the step is seen (1: no selection), with ``weight_se``; ``statistic``, ``p_value``: likelihood ratio test against the
    unadjusted ML model, 1 df; ``below``, ``above``: studies on both sides of the step; ``notes``."""

    estimate: float
    se: float
    tau2: float
    weight: float
    weight_se: float
    statistic: float
    p_value: float
    step: float
    alternative: str
    below: int
    above: int
    level: float
    log_likelihood: float
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, Any]:
        """All numbers, with the interval of the adjusted mean."""
        half = float(norm.ppf((1 + self.level) / 2)) * self.se
        names = (
            "estimate",
            "se",
            "tau2",
            "weight",
            "weight_se",
            "statistic",
            "p_value",
            "step",
            "below",
            "above",
        )
        made: dict[str, Any] = {name: plain(getattr(self, name)) for name in names}
        made |= {"ci_low": plain(self.estimate - half), "ci_high": plain(self.estimate + half)}
        return made | {"alternative": self.alternative, "notes": list(self.notes)}


def selection_model(
    result: PairwiseResult, *, step: float = 0.025, alternative: str | None = None
) -> Selection:
    """Fit the three-parameter selection model.

    ``step``: the one-sided p-value above which studies may be missing. ``alternative``: the direction of effects that are
    sought, ``greater`` or ``less`` than 0; by default that of the pooled effect. Raises EvidenceError when all studies lie
    on one side of the step: then the weight cannot be estimated.
    """
    if len(result.terms) > 1:
        raise EvidenceError("the selection model is made without moderators", advice="pool without mods")
    if not 0 < step < 1:
        raise EvidenceError("this step is not possible", field="step", value=step, expected="between 0 and 1")
    if alternative is None:
        alternative = "greater" if result.estimate > 0 else "less"
    if alternative not in ("greater", "less"):
        raise EvidenceError("not known", field="alternative", value=alternative, expected="greater or less")
    sign = 1.0 if alternative == "greater" else -1.0
    y, v = sign * result.data.yi, result.data.vi
    cut = float(norm.isf(step)) * np.sqrt(v)
    below = y >= cut
    if below.all() or not below.any():
        raise EvidenceError(
            f"all studies have p-values {'below' if below.all() else 'above'} the step, so its weight cannot be estimated",
            field="step", value=step, expected="studies on both sides", advice="choose another step",
        )  # fmt: skip
    plain_fit = result.refit(model="ML", test="z")
    mean, tau2 = sign * float(plain_fit.coefficients[0, 0]), float(plain_fit.tau2[0])
    unadjusted = float(np.sum(norm.logpdf(y, mean, np.sqrt(v + tau2))))
    best = _maximise(y, v, cut, below, mean, tau2)
    top = -_value(best, y, v, cut, below)
    at_zero = best[1] <= 1e-10 * float(v.mean())
    free = np.array([True, not at_zero, True])
    information = _information(best, y, v, cut, below)[np.ix_(free, free)]
    covariance = np.linalg.pinv(information)
    statistic = max(0.0, 2 * (top - unadjusted))
    notes = []
    if min(below.sum(), (~below).sum()) < 4:
        notes.append("fewer than four studies on one side of the step: the weight is hardly known")
    if at_zero:
        notes.append("tau2 is estimated as 0")
    return Selection(
        estimate=sign * float(best[0]), se=float(np.sqrt(covariance[0, 0])), tau2=0.0 if at_zero else float(best[1]),
        weight=float(best[2]), weight_se=float(np.sqrt(max(covariance[-1, -1], 0.0))), statistic=statistic,
        p_value=float(chi2.sf(statistic, 1)), step=step, alternative=alternative, below=int(below.sum()),
        above=int((~below).sum()), level=result.fitted.level, log_likelihood=top, notes=tuple(notes),
    )  # fmt: skip


def _value(theta: Floats, y: Floats, v: Floats, cut: Floats, below: Truths) -> float:
    """Minus the log-likelihood at (mean, tau2, weight)."""
    mean, tau2, weight = theta
    spread = np.sqrt(v + tau2)
    seen = ndtr((mean - cut) / spread)
    total = seen + weight * (1 - seen)
    normal = np.sum(((y - mean) / spread) ** 2) / 2 + np.sum(np.log(spread)) + len(y) * np.log(2 * np.pi) / 2
    return float(normal - np.sum(~below) * np.log(weight) + np.sum(np.log(total)))


def _gradient(theta: Floats, y: Floats, v: Floats, cut: Floats, below: Truths) -> Floats:
    mean, tau2, weight = theta
    spread2 = v + tau2
    spread = np.sqrt(spread2)
    z = (cut - mean) / spread
    seen, density = ndtr(-z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    total = seen + weight * (1 - seen)
    residual = y - mean
    by_mean = -np.sum(residual / spread2) + np.sum((1 - weight) * density / spread / total)
    by_tau2 = np.sum(0.5 / spread2 - 0.5 * residual**2 / spread2**2)
    by_tau2 += np.sum((1 - weight) * density * z / (2 * spread2) / total)
    by_weight = -float(np.sum(~below)) / weight + np.sum((1 - seen) / total)
    return np.array([by_mean, by_tau2, by_weight])


def _information(theta: Floats, y: Floats, v: Floats, cut: Floats, below: Truths) -> Floats:
    """The observed information, by central differences of the exact gradient."""
    made = np.empty((3, 3))
    for i in range(3):
        width = 1e-5 * max(
            abs(theta[i]), float(np.sqrt(v.mean())) if i == 0 else float(v.mean()) if i == 1 else 0.1
        )
        # At tau2 = 0 there is no value to the left.
        width = min(width, theta[i] / 2) if i > 0 and theta[i] > 0 else width
        left = theta[i] if i == 1 and theta[i] == 0 else theta[i] - width
        ends = [np.where(np.arange(3) == i, at, theta) for at in (left, theta[i] + width)]
        slopes = [_gradient(end, y, v, cut, below) for end in ends]
        made[i] = (slopes[1] - slopes[0]) / (theta[i] + width - left)
    return np.asarray((made + made.T) / 2)


def _maximise(y: Floats, v: Floats, cut: Floats, below: Truths, mean: float, tau2: float) -> Floats:
    """The global maximum: several starts, then Newton steps on the exact gradient."""
    scale = float(v.mean())
    bounds = [(None, None), (0.0, None), (1e-8, None)]
    found: list[tuple[float, Floats]] = []
    for weight in (0.05, 0.3, 1.0, 3.0):
        for spread in (0.0, tau2 + 0.1 * scale, 4 * tau2 + scale):
            for start in (mean, 0.0):
                made = minimize(
                    _value, np.array([start, spread, weight]), args=(y, v, cut, below), jac=_gradient,
                    method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
                )  # fmt: skip
                found.append((float(made.fun), np.asarray(made.x, dtype=float)))
    value, theta = min(found, key=lambda pair: pair[0])
    for _ in range(30):
        free = np.array([True, theta[1] > 0, True])
        slope = _gradient(theta, y, v, cut, below)
        step = np.zeros(3)
        step[free] = np.linalg.lstsq(
            _information(theta, y, v, cut, below)[np.ix_(free, free)], slope[free], rcond=None
        )[0]
        new = theta - step
        if new[1] < 0 or new[2] <= 0 or not np.isfinite(new).all():
            break
        reached = _value(new, y, v, cut, below)
        if reached > value + 1e-12 * abs(value):
            break
        value, done = reached, bool(np.max(np.abs(step)) < 1e-13)
        theta = new
        if done:
            break
    return theta
