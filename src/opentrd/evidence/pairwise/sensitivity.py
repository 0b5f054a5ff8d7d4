"""How much a result rests on single studies: leave-one-out, influence, cumulative meta-analysis.

Source of the diagnostics: Viechtbauer & Cheung, Res Synth Methods 2010;1:112-125. Cumulative: Lau et al., N Engl J Med
1992;327:248-254. All fits of one analysis are made in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opentrd.evidence.arguments import said
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.models import PooledSets
from opentrd.evidence.pairwise.result import PairwiseResult, plain


def leave_one_out(result: PairwiseResult) -> list[dict[str, Any]]:
    """One row for each study: the result without it (estimate, se, ci_low, ci_high, p_value, tau2, i2, q, q_p)."""
    without = _without_each(result)
    return [{"study": name, **_row(without, i)} for i, name in enumerate(result.data.study)]


def influence(result: PairwiseResult) -> list[dict[str, Any]]:
    """One row for each study: how the result changes without it.

    ``rstudent``: its residual from the model without it, over its standard error; ``dffits``: change of its fitted value
    in standard errors; ``cooks_distance``: squared distance of all coefficients, in their covariance; ``cov_ratio``:
    determinant of the covariance without it over that with it (these two None where the standard error of the result is 0);
    ``tau2_without``, ``q_without``; ``hat``: leverage;
    ``weight`` (per cent).
    """
    f, x, data = result.fitted, result.x, result.data
    without = _without_each(result)
    own = np.einsum("kij,ki,kj->k", without.covariance, x, x)
    gone = np.einsum("ki,ki->k", x, without.coefficients)
    weight = 1 / (data.vi + result.tau2)
    hat = weight * np.einsum("ki,ij,kj->k", x, np.linalg.inv((x.T * weight) @ x), x)
    shift = f.coefficients[0] - without.coefficients
    # Studies that agree wholly have, by Knapp and Hartung, a standard error of 0: there is no distance in units of it.
    whole = f.covariance[0]
    inverse = np.linalg.inv(whole) if np.linalg.det(whole) > 0 else np.full_like(whole, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {
            "rstudent": (data.yi - gone) / np.sqrt(data.vi + without.tau2 + own),
            "dffits": (x @ f.coefficients[0] - gone) / np.sqrt(hat * (data.vi + without.tau2)),
            "cooks_distance": np.einsum("ki,ij,kj->k", shift, inverse, shift),
            "cov_ratio": np.linalg.det(without.covariance) / np.linalg.det(f.covariance[0]),
            "tau2_without": without.tau2, "q_without": without.q, "hat": hat,
            "weight": 100 * weight / weight.sum(),
        }  # fmt: skip
    return [
        {"study": name} | {key: plain(column[i]) for key, column in columns.items()}
        for i, name in enumerate(data.study)
    ]


def cumulative(result: PairwiseResult, order: Sequence[float] | str | None = None) -> list[dict[str, Any]]:
    """One row for each study added, in file order or by ``order`` (a column, such as the year, or one value a study).

    The first row is the first study by itself, with a normal interval.
    """
    if len(result.terms) > 1:
        raise EvidenceError("a cumulative meta-analysis has no moderators", advice="pool without mods")
    data = result.data
    keys = data.raw.numbers(order) if isinstance(order, str) else order
    where = np.arange(len(data))
    if keys is not None:
        try:
            values = np.asarray(keys, dtype=float)
        except (TypeError, ValueError):
            values = np.zeros(())
        if values.shape != where.shape or not np.isfinite(values).all():
            raise EvidenceError(
                "the order needs one number for each study", file=data.raw.file,
                field=order if isinstance(order, str) else "order", expected=f"the name of a column, or {len(data)} numbers",
                value=None if isinstance(order, str) else said(order),
            )  # fmt: skip
        where = np.argsort(values, kind="stable")
    has = np.tril(np.ones((len(data), len(data)), dtype=bool)).T
    yi, vi = data.yi[where][:, None], data.vi[where][:, None]
    fits = result.refit(has=has, yi=yi, vi=vi)
    rows = [{"study": data.study[at], "k": i + 1, **_row(fits, i)} for i, at in enumerate(where)]
    alone = result.refit(has=has[:, :1], yi=yi, vi=vi, test="z")
    rows[0] |= {
        key: value for key, value in _row(alone, 0).items() if key in ("se", "ci_low", "ci_high", "p_value")
    }
    return rows


def _without_each(result: PairwiseResult) -> PooledSets:
    k = len(result.data)
    if k <= len(result.terms) + 1:
        raise EvidenceError(
            f"{k} studies are too few to leave one out", expected=f"at least {len(result.terms) + 2} studies"
        )
    has = ~np.eye(k, dtype=bool)
    for at in range(k):
        if np.linalg.matrix_rank(result.x[has[:, at]]) < len(result.terms):
            raise EvidenceError(
                f"study {result.data.study[at]!r} cannot be left out: a moderator would be the same in all others"
            )
    return result.refit(has=has)


def _row(fits: PooledSets, i: int) -> dict[str, Any]:
    columns = {
        "estimate": fits.coefficients[i, 0], "se": fits.se[i, 0], "ci_low": fits.ci_low[i, 0],
        "ci_high": fits.ci_high[i, 0], "p_value": fits.p_value[i, 0], "tau2": fits.tau2[i], "i2": fits.i2[i],
        "q": fits.q[i], "q_p": fits.q_p[i],
    }  # fmt: skip
    return {key: plain(value) for key, value in columns.items()}
