"""Combining p values, and the sign test on directions of effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest, chi2, norm

from opentrd.evidence.errors import EvidenceError

# Below this a p value is taken as this: a printed 0.000 is small, not impossible.
SMALLEST = 1e-300


def one_sided(p: float, favours: bool) -> float:
    """The one-sided p (that the effect is beneficial) from a two-sided one and the direction of the estimate."""
    if not 0 <= p <= 1:
        raise EvidenceError("not a probability", field="p", value=p, expected="0 to 1")
    return p / 2 if favours else 1 - p / 2


def combine_p_values(
    p_values: Sequence[float],
    method: Literal["fisher", "stouffer"] = "fisher",
    *,
    weights: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Combine one-sided p values, all for the same direction (see :func:`one_sided`).

    Fisher: -2 sum(ln p) on 2k degrees of freedom. Stouffer: sum(w z) / sqrt(sum(w^2)), weights usually the root of the
    persons. The result answers "is there an effect in this direction in at least one study" and says nothing of its size
    (Cochrane Handbook, 12.2.1.2). Returns method, k, statistic, df (Fisher), p_value. Raises EvidenceError.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not len(p):
        raise EvidenceError("no p values", field="p_values", expected="one for each study")
    wrong = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(wrong):
        raise EvidenceError(
            "not a probability", row=int(wrong[0]) + 1, field="p", value=float(p[wrong[0]]), expected="0 to 1"
        )
    p = np.clip(p, SMALLEST, 1 - 1e-16)
    if method == "fisher":
        if weights is not None:
            raise EvidenceError(
                "Fisher's method takes no weights", field="weights", advice="use method stouffer"
            )
        statistic = float(-2 * np.log(p).sum())
        df = 2 * len(p)
        return {
            "method": method,
            "k": len(p),
            "statistic": statistic,
            "df": df,
            "p_value": float(chi2.sf(statistic, df)),
        }
    if method != "stouffer":
        raise EvidenceError("unknown method", field="method", value=method, expected="fisher or stouffer")
    w = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != p.shape or not (w > 0).all() or not np.isfinite(w).all():
        raise EvidenceError(
            "weights have to be one positive number for each study", field="weights", value=str(w)
        )
    statistic = float((w * norm.isf(p)).sum() / np.sqrt((w**2).sum()))
    return {
        "method": method, "k": len(p), "statistic": statistic, "df": None, "p_value": float(norm.sf(statistic))
    }  # fmt: skip


def sign_test(directions: Sequence[int], level: float = 0.95) -> dict[str, Any]:
    """Vote counting by direction: how many effects are beneficial, with the exact binomial test and interval.

    ``directions``: 1 beneficial, -1 harmful, 0 no direction can be told (left out and counted). Returns k, beneficial,
    harmful, unclear, share, ci_low, ci_high (Wilson), p_value (two-sided, against one half). It does not say how large
    effects are (Cochrane Handbook, 12.2.1.3). Raises EvidenceError.
    """
    wrong = [(row, value) for row, value in enumerate(directions, 1) if value not in (-1, 0, 1)]
    if wrong:
        raise EvidenceError(
            "not a direction", row=wrong[0][0], field="direction", value=wrong[0][1], expected="1, 0 or -1"
        )
    good, bad = directions.count(1), directions.count(-1)
    if not good + bad:
        raise EvidenceError("no study has a direction", field="directions", value=len(directions))
    found = binomtest(good, good + bad, 0.5)
    interval = found.proportion_ci(level, method="wilson")
    return {
        "k": good + bad, "beneficial": good, "harmful": bad, "unclear": directions.count(0),
        "share": good / (good + bad), "ci_low": float(interval.low), "ci_high": float(interval.high),
        "p_value": float(found.pvalue),
    }  # fmt: skip
