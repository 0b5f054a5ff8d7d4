"""Ranks with their uncertainty: P-scores, rankogram and SUCRA.

P-score of a treatment: the mean, over the others, of the one-sided certainty that it is better (Rücker and Schwarzer 2015,
DOI 10.1186/s12874-015-0060-8). Its interval and the ranks come from seeded draws of the effects from their multivariate
normal distribution; SUCRA: Salanti, Ades and Ioannidis 2011, DOI 10.1016/j.jclinepi.2010.03.016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from opentrd.evidence.network.structure import Array

DRAWS = 4000
SEED = 20260101
_PIECE = 500


@dataclass(frozen=True, eq=False)
class Rankogram:
    """``probability[i, r]``: how often treatment i has rank r + 1 (1 = best), shape (treatments, treatments).

    ``sucra`` (treatments,): surface under the cumulative ranking. ``rank_low`` and ``rank_high``: interval of the rank.
    """

    treatments: tuple[str, ...]
    probability: Array
    sucra: Array
    rank_low: Array
    rank_high: Array
    draws: int
    seed: int

    def rows(self) -> list[dict[str, object]]:
        """One row per treatment and rank."""
        return [
            {"treatment": name, "rank": rank + 1, "probability": float(self.probability[place, rank])}
            for place, name in enumerate(self.treatments)
            for rank in range(len(self.treatments))
        ]


def standard_errors(covariance: Array) -> Array:
    """Standard errors of all differences, shape (n, n), from the covariance of the effects."""
    diagonal = np.diag(covariance)
    squares = diagonal[:, None] + diagonal[None, :] - 2.0 * covariance
    np.fill_diagonal(squares, 0.0)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def p_scores(effects: Array, covariance: Array, *, small_is_good: bool) -> Array:
    """P-scores, shape (..., n) for effects of shape (..., n)."""
    n = effects.shape[-1]
    errors = standard_errors(covariance)
    np.fill_diagonal(errors, 1.0)
    sign = -1.0 if small_is_good else 1.0
    better = ndtr(sign * (effects[..., :, None] - effects[..., None, :]) / errors)
    return np.asarray((better.sum(axis=-1) - 0.5) / (n - 1))


def draw_effects(effects: Array, covariance: Array, draws: int, seed: int) -> Array:
    """Draws from the normal distribution of the effects, shape (draws, n)."""
    values, vectors = np.linalg.eigh(covariance)
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(effects)))
    return np.asarray(effects + normal @ half.T)


def p_score_interval(
    effects: Array,
    covariance: Array,
    *,
    small_is_good: bool,
    level: float,
    draws: int = DRAWS,
    seed: int = SEED,
) -> tuple[Array, Array]:
    """Interval of each P-score: its quantiles when the effects are drawn and their standard errors kept."""
    sample = draw_effects(effects, covariance, draws, seed)
    scores = np.vstack(
        [
            p_scores(sample[start : start + _PIECE], covariance, small_is_good=small_is_good)
            for start in range(0, draws, _PIECE)
        ]
    )
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def rankogram(
    treatments: tuple[str, ...],
    effects: Array,
    covariance: Array,
    *,
    small_is_good: bool,
    level: float,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Rankogram:
    """Ranks over seeded draws (1 = best)."""
    sample = draw_effects(effects, covariance, draws, seed)
    order = np.argsort(sample if small_is_good else -sample, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(treatments))[None, :], axis=1)
    n = len(treatments)
    probability = np.stack([np.bincount(ranks[:, place], minlength=n) for place in range(n)]) / draws
    sucra = np.cumsum(probability, axis=1)[:, :-1].mean(axis=1)
    low, high = np.quantile(
        ranks + 1, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf"
    ).astype(float)
    return Rankogram(treatments, probability, sucra, low, high, draws, seed)
