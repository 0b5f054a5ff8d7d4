"""Profile-likelihood intervals of the variances of a multilevel model.

Source: Hardy & Thompson, Stat Med 1996;15:619-629. An end is where twice the loss of log-likelihood, maximised over all
other variances, is the quantile of chi2 with one degree of freedom.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.covariance import evaluate, maximise
from opentrd.evidence.pairwise.multilevel import MultilevelResult


def variance_intervals(result: MultilevelResult, *, level: float = 0.95) -> list[dict[str, Any]]:
    """One row for each variance of :func:`pool_multilevel`: component, estimate, low, high.

    ``high`` is None when the likelihood does not fall far enough within 1,000 times the spread of the estimates. Takes
    some tenths of a second for each component.
    """
    if result.correlation is not None or len(result.components) != len(result.blocks.patterns):
        raise EvidenceError("profile intervals are made for models with nested levels only")
    best = np.array(list(result.components.values()))
    limit = float(chi2.ppf(level, 1))
    furthest = 1000 * (float(np.var(result.data.yi)) + float(best.max()))
    rows = []
    for j, (name, estimate) in enumerate(result.components.items()):

        def loss(value: float, j: int = j) -> float:
            return 2 * (result.log_likelihood - _profile(result, best, j, value)) - limit

        low = 0.0 if estimate <= 0 or loss(0.0) <= 0 else float(brentq(loss, 0.0, estimate, rtol=1e-9))
        start, end = estimate, max(2 * estimate, float(np.var(result.data.yi)) / 10)
        while loss(end) < 0 and end < furthest:
            start, end = end, 2 * end
        high = float(brentq(loss, start, end, rtol=1e-9)) if loss(end) >= 0 else None
        rows.append({"component": name, "estimate": estimate, "low": low, "high": high})
    return rows


def _profile(result: MultilevelResult, best: Floats, j: int, value: float) -> float:
    """The highest log-likelihood with component ``j`` held at ``value``."""
    restricted, count = result.model == "REML", len(best)
    others = np.array([i for i in range(count) if i != j])
    if not len(others):
        return -evaluate(result.blocks, np.array([value]), restricted=restricted, information=False).value
    jacobian = np.eye(count)[:, others]

    def to_theta(free: Floats) -> tuple[Floats, Floats]:
        theta = np.full(count, value)
        theta[others] = free
        return theta, jacobian

    starts = [best[others], best[others] + float(np.mean(best)), np.zeros(len(others))]
    theta = maximise(result.blocks, starts, to_theta, [0.0] * len(others), restricted=restricted)
    return -evaluate(result.blocks, theta, restricted=restricted, information=False).value
