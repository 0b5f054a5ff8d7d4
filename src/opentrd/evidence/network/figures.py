"""The rows behind the network plot and the comparison-adjusted funnel plot; drawing is left to the pages.

Source of the funnel: Chaimani and Salanti 2012, DOI 10.1002/jrsm.57.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.position import positions
from opentrd.evidence.network.result import NetworkResult


def nodes(result: NetworkResult) -> list[dict[str, Any]]:
    """One row per treatment: studies, persons (None when not given), comparators, place on a circle (x, y from -1 to 1)."""
    angle = 2 * np.pi * np.arange(len(result.treatments)) / len(result.treatments)
    return [
        {**row, "x": float(np.sin(angle[place])), "y": float(np.cos(angle[place]))}
        for place, row in enumerate(positions(result.network))
    ]


def edges(result: NetworkResult) -> list[dict[str, Any]]:
    """One row per direct comparison: studies, how many of them have more than two arms, weight (1 / variance) at tau2."""
    rows = []
    for (first, second), members in result.network.comparisons.items():
        studies = [result.network.studies[index] for index in members]
        weight = sum(1.0 / (study.pair(first, second)[1] + (result.tau2 or 0.0)) for study in studies)
        rows.append(
            {
                "treatment_1": first,
                "treatment_2": second,
                "studies": len(studies),
                "multi_arm": sum(len(study.treatments) > 2 for study in studies),
                "weight": weight,
            }
        )
    return rows


def adjusted_funnel(result: NetworkResult, order: Sequence[str]) -> list[dict[str, Any]]:
    """One row per study and pair: its effect minus the pooled direct effect of its comparison, and its standard error.

    ``order``: the treatments from the one that small studies are expected to favour least (older, control) to the one they
    are expected to favour most (newer); each effect is the later minus the earlier one. Asymmetry means something only under
    such an expectation, so there is no default. Raises EvidenceError unless ``order`` names each treatment once.
    """
    if sorted(order) != sorted(result.treatments):
        raise EvidenceError(
            "the order does not name each treatment once",
            field="order",
            value="; ".join(order),
            expected=", ".join(result.treatments),
        )
    rows = []
    for pair, members in result.network.comparisons.items():
        earlier, later = sorted(pair, key=list(order).index)
        found = np.array([result.network.studies[index].pair(later, earlier) for index in members])
        weights = 1.0 / (found[:, 1] + (result.tau2 or 0.0))
        centre = float(weights @ found[:, 0] / weights.sum())
        rows += [
            {
                "study": result.network.studies[index].name,
                "treatment_1": later,
                "treatment_2": earlier,
                "estimate": float(effect),
                "adjusted": float(effect) - centre,
                "se": float(variance**0.5),
            }
            for index, (effect, variance) in zip(members, found, strict=True)
        ]
    return rows
