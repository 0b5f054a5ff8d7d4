"""How much each direct comparison, and each study, contributes to each network estimate.

A row of the hat matrix is a flow of evidence from one treatment to the other through the network, without loops. It is cut into
paths; each comparison on a path of n steps gets 1/n of its flow. Two ways of cutting:
``shortest-path`` takes the shortest path off again and again (Papakonstantinou, Nikolakopoulou, Rücker et al. 2018,
DOI 10.12688/f1000research.14770.3; it depends on which of several shortest paths comes first: here the one with the larger
flow, then by name); ``random-walk`` weighs all paths by a walk that follows the flow (Davies, Papakonstantinou, Nikolakopoulou,
Rücker and Galla 2022, DOI 10.1002/sim.9346), here summed over path lengths instead of listing paths.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.result import NetworkResult
from opentrd.evidence.network.structure import Array

METHODS = ("shortest-path", "random-walk")
_TINY = 1e-12

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Contribution:
    """``comparisons[i, e]``: share (rows sum to 1) of direct comparison e in the network estimate i; ``studies[i, s]``: of study s.

    ``estimates`` names the rows (all pairs), ``direct`` the columns of ``comparisons``, ``study_names`` those of ``studies``.
    """

    method: str
    estimates: tuple[Pair, ...]
    direct: tuple[Pair, ...]
    comparisons: Array
    study_names: tuple[str, ...]
    studies: Array

    def rows(self) -> list[dict[str, object]]:
        """One row per network estimate and direct comparison with a share above zero."""
        return [
            {
                "treatment_1": estimate[0],
                "treatment_2": estimate[1],
                "direct_1": edge[0],
                "direct_2": edge[1],
                "share": float(self.comparisons[i, e]),
                "method": self.method,
            }
            for i, estimate in enumerate(self.estimates)
            for e, edge in enumerate(self.direct)
            if self.comparisons[i, e] > 0
        ]


def contribution(result: NetworkResult, method: str = "shortest-path") -> Contribution:
    """Contribution matrix of the pooled network at its tau2.

    Studies of several arms enter by the weights of their pairs that give the same network (Rücker 2012, DOI 10.1002/jrsm.1058).
    Raises EvidenceError for an unknown method, and where such a weight is negative so that there is no flow.
    """
    if method not in METHODS:
        raise EvidenceError(f"the method {method!r} is not known", expected=" or ".join(METHODS))
    by_study = _pair_weights(result)
    weights = by_study.sum(axis=0)
    names, size = result.treatments, len(result.treatments)
    if (weights < -_TINY * weights.max()).any():
        i, j = np.unravel_index(int(weights.argmin()), weights.shape)
        raise EvidenceError(
            f"{names[i]} against {names[j]} has a negative weight among the pairs of a study of several arms: "
            "there is no flow of evidence to divide",
            expected="variances of pairs that can come from independent arms",
            advice="check the variances of that study",
        )
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    direct = [(i, j) for i, j in pairs if weights[i, j] > _TINY * weights.max()]
    laplacian = np.diag(weights.sum(axis=1)) - weights
    potentials = np.linalg.pinv(laplacian)
    shares = np.zeros((len(pairs), len(direct)))
    cut = _shortest_paths if method == "shortest-path" else _random_walk
    for row, (a, b) in enumerate(pairs):
        level = potentials[:, a] - potentials[:, b]
        flow = np.maximum(weights * (level[:, None] - level[None, :]), 0.0)
        flow[flow < 1e-11] = 0.0
        divided = cut(flow, level, a, b)
        shares[row] = [divided[i, j] + divided[j, i] for i, j in direct]
    shares /= shares.sum(axis=1, keepdims=True)
    fractions = np.array([by_study[:, i, j] / weights[i, j] for i, j in direct])
    return Contribution(
        method,
        tuple((names[i], names[j]) for i, j in pairs),
        tuple((names[i], names[j]) for i, j in direct),
        shares,
        tuple(study.name for study in result.network.studies),
        shares @ fractions,
    )


def _pair_weights(result: NetworkResult) -> Array:
    """Weight of each pair in each study, shape (studies, treatments, treatments): minus the off-diagonal of its Laplacian."""
    network = result.network
    fit = result.rows.fit(result.tau2 or 0.0)
    found = np.zeros((len(network.studies), len(network.treatments), len(network.treatments)))
    for index in range(len(network.studies)):
        mine = network.study_of_row == index
        rows = network.incidence[mine]
        found[index] = -(rows * fit.weights[mine, None]).T @ rows
        np.fill_diagonal(found[index], 0.0)
    return found


def _shortest_paths(flow: Array, level: Array, start: int, end: int) -> Array:
    left, shares = flow.copy(), np.zeros_like(flow)
    while True:
        path = _shortest(left, start, end)
        if path is None:
            return shares
        steps = list(itertools.pairwise(path))
        amount = min(left[step] for step in steps)
        for step in steps:
            left[step] -= amount
            if left[step] < 1e-11:
                left[step] = 0.0
            shares[step] += amount / len(steps)


def _shortest(flow: Array, start: int, end: int) -> list[int] | None:
    """A shortest path along positive flow; among equals the one whose smallest flow is largest."""
    paths: dict[int, tuple[float, list[int]]] = {start: (np.inf, [start])}
    seen = {start}
    while paths:
        if end in paths:
            return paths[end][1]
        following: dict[int, tuple[float, list[int]]] = {}
        for node in sorted(paths):
            width, path = paths[node]
            for beside in np.flatnonzero(flow[node] > 0):
                if int(beside) in seen:
                    continue
                wide = min(width, float(flow[node, beside]))
                if int(beside) not in following or wide > following[int(beside)][0]:
                    following[int(beside)] = (wide, [*path, int(beside)])
        seen |= set(following)
        paths = following
    return None


def _random_walk(flow: Array, level: Array, start: int, end: int) -> Array:
    """Sum over all paths of (flow of the path) / (its length), by number of steps before and after each edge."""
    size = len(flow)
    leaving = flow.sum(axis=1)
    chance = np.divide(flow, leaving[:, None], out=np.zeros_like(flow), where=leaving[:, None] > 0)
    arriving = np.zeros((size, size))  # [steps, node]: flow that reaches the node after so many steps
    arriving[0, start] = 1.0
    reaching = np.zeros((size, size))  # [steps, node]: chance to be at the end after so many more steps
    reaching[0, end] = 1.0
    chance[end] = 0.0
    for step in range(1, size):
        arriving[step] = arriving[step - 1] @ chance
        reaching[step] = chance @ reaching[step - 1]
    steps = np.arange(size)
    per_step = 1.0 / (steps[:, None] + steps[None, :] + 1.0)
    return np.asarray((arriving.T @ per_step @ reaching) * chance)
