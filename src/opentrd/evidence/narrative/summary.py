"""The spread of estimates that cannot be pooled: median, quartiles, range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opentrd.evidence.errors import EvidenceError


def summarise_estimates(estimates: Sequence[float], measures: Sequence[str] | None = None) -> dict[str, Any]:
    """Number, median, quartiles (linear interpolation) and range of estimates on one scale.

    ``measures``: the measure of each estimate; different measures in one summary are refused, because their numbers do not
    mean the same. It gives no weight to precision: say so where it is shown (Cochrane Handbook, 12.2.1.1).
    Raises EvidenceError.
    """
    values = np.asarray(estimates, dtype=float)
    if values.ndim != 1 or not len(values):
        raise EvidenceError("no estimates", field="estimates", expected="one number for each study")
    if not np.isfinite(values).all():
        where = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
        raise EvidenceError("not a number", row=where, field="estimate", value=float(values[where - 1]))
    if measures is not None:
        if len(measures) != len(values):
            raise EvidenceError("not one measure for each estimate", field="measures", value=len(measures))
        kinds = sorted(set(measures))
        if len(kinds) > 1:
            raise EvidenceError(
                "different measures cannot be summarised together", field="measures", value=", ".join(kinds),
                expected="one measure", advice="summarise each measure by itself, or use the sign test",
            )  # fmt: skip
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        "k": len(values), "median": float(middle), "quartile_low": float(low), "quartile_high": float(high),
        "least": float(values.min()), "most": float(values.max()), "measure": measures[0] if measures else None,
    }  # fmt: skip
