"""What several parts of an evidence page need, worked out once; and analyses that a set of studies does not allow."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from opentrd.evidence import EvidenceError, influence
from opentrd.evidence.network import NetworkResult, contribution, node_splits
from opentrd.evidence.network.contribution import Contribution
from opentrd.evidence.pairwise.result import PairwiseResult

T = TypeVar("T")


@lru_cache(maxsize=2)
def contribution_of(result: NetworkResult) -> Contribution:
    """The contribution matrix by shortest paths; in a large network it takes seconds. Raises EvidenceError."""
    return contribution(result)


@lru_cache(maxsize=2)
def splits_of(result: NetworkResult) -> tuple[dict[str, Any], ...]:
    """Direct against indirect evidence for each comparison."""
    return tuple(node_splits(result))


def influence_of(result: PairwiseResult) -> list[dict[str, Any]]:
    """The diagnostics of each study. Raises EvidenceError also where the standard error of the result is 0."""
    try:
        return influence(result)
    except np.linalg.LinAlgError:
        raise EvidenceError(
            "the studies agree so well that the result has a standard error of 0: nothing can be set in relation to it",
            advice="pool with test z or knapp-hartung-adhoc",
        ) from None


def possible(make: Callable[[], T]) -> T | None:
    """What ``make`` gives, or None where the studies do not allow it."""
    try:
        return make()
    except EvidenceError:
        return None
