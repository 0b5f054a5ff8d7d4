"""What a funnel plot is drawn from. Source of the contours: Peters et al., J Clin Epidemiol 2008;61:991-996."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.pairwise.trim_fill import TrimFill


def funnel(
    result: PairwiseResult, *, levels: Sequence[float] = (0.90, 0.95, 0.99), filled: TrimFill | None = None,
    steps: int = 50,
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Three tables for a contour-enhanced funnel.

    ``points``: study, yi, se, added (by trim and fill), p_value; ``contours``: level, se, low, high, between which a study
    is not significant at that level against 0; ``region``: se, low, high, in which 95 % of studies fall around the pooled
    effect if nothing but chance makes them differ.
    """
    data = result.data
    yi, vi = (filled.yi, filled.vi) if filled is not None else (data.yi, data.vi)
    names = [*data.study, *(["added"] * (len(yi) - len(data)))]
    se = np.sqrt(vi)
    points = [
        {
            "study": name, "yi": float(y), "se": float(s), "added": i >= len(data),
            "p_value": 2 * float(norm.sf(abs(y / s))),
        }
        for i, (name, y, s) in enumerate(zip(names, yi, se, strict=True))
    ]  # fmt: skip
    heights = np.linspace(0.0, float(se.max()) * 1.05, steps)
    contours = [
        {"level": level, "se": float(h), "low": -float(h) * q, "high": float(h) * q}
        for level in levels
        for q in (float(norm.ppf((1 + level) / 2)),)
        for h in heights
    ]
    half = float(norm.ppf(0.975))
    region = [
        {"se": float(h), "low": result.estimate - half * float(h), "high": result.estimate + half * float(h)}
        for h in heights
    ]
    return {"points": points, "contours": contours, "region": region}
