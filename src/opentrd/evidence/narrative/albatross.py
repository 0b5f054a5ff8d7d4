"""The data of an albatross plot: persons against p, with the contours along which an effect size would lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import atanh, log
from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence.errors import EvidenceError

Row = Mapping[str, Any]


def albatross(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One point for each study: n, p_value, direction, and x: the signed place, log10(p) on the harmful side and -log10(p)
    on the beneficial one.

    ``rows``: study, n (persons), p_value (two-sided) and direction (1 beneficial, -1 harmful). A p printed as "< 0.001" has to
    be given as 0.001 with ``p_relation`` "<": the point is then marked ``at_least``. Raises EvidenceError (Harrison et al.
    2017, doi 10.1002/jrsm.1239).
    """
    points = []
    for number, row in enumerate(rows, 1):
        p, n, direction = row.get("p_value"), row.get("n"), row.get("direction")
        if p is None or not 0 < p <= 1:
            raise EvidenceError(
                "not a p value that can be drawn",
                row=number,
                field="p_value",
                value=p,
                expected="above 0, at most 1",
            )
        if n is None or n < 1:
            raise EvidenceError(
                "a point needs its persons", row=number, field="n", value=n, expected="1 or more"
            )
        if direction not in (-1, 1):
            raise EvidenceError(
                "a point needs a direction",
                row=number,
                field="direction",
                value=direction,
                expected="1 or -1",
            )
        points.append(
            {
                "study": row["study"], "n": n, "p_value": p, "direction": direction,
                "x": -direction * float(np.log10(p)), "at_least": row.get("p_relation") == "<",
            }
        )  # fmt: skip
    return points


def albatross_contours(
    effects: Sequence[float],
    measure: str,
    *,
    ratio: float = 1.0,
    baseline_risk: float | None = None,
    p_values: Sequence[float] = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 1e-4, 1e-5, 1e-6),
) -> list[dict[str, Any]]:
    """Points of the contour of each effect size: the persons at which it would give each two-sided p.

    SMD: n = z^2 (1 + q)^2 / (q d^2), with q the ratio of the group sizes. Correlation: n = z^2 / atanh(r)^2 + 3. OR with
    ``baseline_risk``: the variance of the log odds ratio from the two risks. These follow from z = effect / standard error
    under simple designs, as in Harrison et al. 2017; they are rough for small studies.

    ``measure``: SMD, r or OR. Rows: effect, p_value, n. Raises EvidenceError.
    """
    if not ratio > 0:
        raise EvidenceError("not a ratio of group sizes", field="ratio", value=ratio, expected="above 0")
    rows = []
    for effect in effects:
        per_z = _per_z(effect, measure, ratio, baseline_risk)
        for p in p_values:
            z = float(norm.isf(p / 2))
            rows.append({"effect": effect, "p_value": p, "n": per_z * z**2 + (3 if measure == "r" else 0)})
    return rows


def _per_z(effect: float, measure: str, ratio: float, baseline_risk: float | None) -> float:
    """Persons for one unit of z squared."""
    groups = (1 + ratio) ** 2 / ratio
    if measure == "SMD" and effect:
        return groups / effect**2
    if measure == "r" and 0 < abs(effect) < 1:
        return 1 / atanh(effect) ** 2
    if measure == "OR" and effect > 0 and effect != 1:
        if baseline_risk is None or not 0 < baseline_risk < 1:
            raise EvidenceError(
                "an odds ratio needs the risk of the control group", field="baseline_risk", value=baseline_risk,
                expected="between 0 and 1",
            )  # fmt: skip
        odds = effect * baseline_risk / (1 - baseline_risk)
        treated = odds / (1 + odds)
        # Variance of the log odds ratio times the persons, for groups of shares ratio/(1+ratio) and 1/(1+ratio).
        share = ratio / (1 + ratio)
        spread = 1 / (share * treated * (1 - treated)) + 1 / (
            (1 - share) * baseline_risk * (1 - baseline_risk)
        )
        return spread / log(effect) ** 2
    if measure not in ("SMD", "r", "OR"):
        raise EvidenceError(
            "no contours for this measure", field="measure", value=measure, expected="SMD, r or OR"
        )
    raise EvidenceError(
        "no contour for this effect size", field="effects", value=effect, expected="an effect"
    )
