"""Trim and fill: studies added until the funnel is symmetric.

Source: Duval & Tweedie, Biometrics 2000;56:455-463 and JASA 2000;95:89-98.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.asymmetry import egger
from opentrd.evidence.pairwise.models import PooledSets
from opentrd.evidence.pairwise.result import PairwiseResult, plain


@dataclass(frozen=True)
class TrimFill:
    """``k0``: studies added on ``side`` (left or right); ``yi``, ``vi``: all estimates, the ``k0`` added ones last;
    ``fitted``: the model on all of them."""

    estimator: str
    side: str
    k0: int
    yi: Floats
    vi: Floats
    fitted: PooledSets

    def table(self) -> dict[str, Any]:
        """estimator, side, k0, and the estimate with its interval and tau2 after filling."""
        f = self.fitted
        values = {
            "estimate": f.coefficients[0, 0], "se": f.se[0, 0], "ci_low": f.ci_low[0, 0],
            "ci_high": f.ci_high[0, 0], "p_value": f.p_value[0, 0], "tau2": f.tau2[0], "i2": f.i2[0],
        }  # fmt: skip
        made = {name: plain(value) for name, value in values.items()}
        return {"estimator": self.estimator, "side": self.side, "k0": self.k0, **made}


def trim_fill(
    result: PairwiseResult, *, estimator: str = "L0", side: str | None = None, trim_by: str | None = None
) -> TrimFill:
    """Estimate the number of missing studies by L0, R0 or Q0, add their mirror images, and pool again.

    ``side``: where studies are missing; by default left when the effect grows with the standard error (Egger's regression
    in the model of the result), else right. ``trim_by``: the model that finds the centre while trimming, by default that of
    the result; packages differ here, and ``common`` is the other usual choice. The final pooling is by the result's model.
    """
    if estimator not in ("L0", "R0", "Q0"):
        raise EvidenceError("not known", field="estimator", value=estimator, expected="L0, R0 or Q0")
    if len(result.terms) > 1:
        raise EvidenceError("trim and fill is made without moderators", advice="pool without mods")
    if side is None:
        side = "left" if (egger(result, method="model", test="z")["slope"] or 0.0) > 0 else "right"
    if side not in ("left", "right"):
        raise EvidenceError("not known", field="side", value=side, expected="left or right")
    sign = 1.0 if side == "left" else -1.0
    order = np.argsort(sign * result.data.yi, kind="stable")
    y, v = sign * result.data.yi[order], result.data.vi[order]
    k, k0, seen = len(y), 0, set[int]()
    centre, trimming = 0.0, {"mods": None, "test": "z", "model": trim_by or result.fitted.model}
    # The count can swing between two values: it stops at the first that comes again.
    while k0 not in seen:
        seen.add(k0)
        kept = slice(0, k - k0)
        centre = float(result.refit(yi=y[kept], vi=v[kept], **trimming).coefficients[0, 0])
        k0 = min(_missing(y - centre, estimator), k - 2)
    added_y, added_v = 2 * centre - y[k - k0 :], v[k - k0 :]
    yi = np.concatenate([result.data.yi, sign * added_y])
    vi = np.concatenate([result.data.vi, added_v])
    return TrimFill(estimator, side, k0, yi, vi, result.refit(yi=yi, vi=vi, mods=None))


def _missing(deviation: Floats, estimator: str) -> int:
    """How many studies are missing on the left, from the signed ranks of the deviations."""
    k = len(deviation)
    signed = np.sign(deviation) * rankdata(np.abs(deviation), method="ordinal")
    if estimator == "R0":
        # The run of highest ranks that are all on the right, beyond what chance makes.
        found = k - float(np.max(-signed[signed < 0], initial=0.0)) - 1
    else:
        total = float(signed[signed > 0].sum())
        if estimator == "L0":
            found = (4 * total - k * (k + 1)) / (2 * k - 1)
        else:
            found = k - 0.5 - np.sqrt(max(2 * k**2 - 4 * total + 0.25, 0.0))
    return max(0, round(found))
