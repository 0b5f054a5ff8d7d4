"""The network: which study compares which treatments, with the exact covariance inside studies of several arms.

A study with arms a, b, c, ... is kept as the contrasts of its arms to its first one, with their covariance matrix. The
between-study variance tau2 adds tau2 on the diagonal and tau2/2 beside it (every contrast of a study has the same
heterogeneity; Higgins and Whitehead 1996, DOI 10.1002/(SICI)1097-0258(19961230)15:24<2733::AID-SIM562>3.0.CO;2-0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ONE = np.ones((1, 1))
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Study:
    """One study: its arms in order, the contrasts of the others to the first, and their covariance.

    ``effects``: shape (arms - 1,), treatment minus first treatment, on the analysis scale (log for ratios).
    ``covariance``: shape (arms - 1, arms - 1). ``rows``: the rows of the input this study was read from.
    """

    name: str
    treatments: tuple[str, ...]
    effects: Array
    covariance: Array
    rows: tuple[Row, ...] = ()

    @property
    def design(self) -> str:
        """The set of treatments compared, as sorted text joined by ``:`` (a name that holds one stands in quotes)."""
        return ":".join(f'"{name}"' if ":" in name else name for name in sort_names(self.treatments))

    def pair(self, first: str, second: str) -> tuple[float, float]:
        """Effect and variance of ``first`` minus ``second`` in this study."""
        weights = self.pair_weights(first, second)
        return float(weights @ self.effects), float(weights @ self.covariance @ weights)

    def pair_weights(self, first: str, second: str) -> Array:
        """The combination of the study's contrasts that is ``first`` minus ``second``."""
        full = np.zeros(len(self.treatments))
        full[self.treatments.index(first)] += 1.0
        full[self.treatments.index(second)] -= 1.0
        return full[1:]


@dataclass(frozen=True, eq=False)
class Network:
    """All studies, and the same data as independent rows.

    With V the covariance of a study and S = (I + J)/2 the shape of its heterogeneity there is one matrix T with
    T S T' = I and T V T' = diag(``variance``): the rows T y then have variances ``variance + tau2`` and no covariance,
    for every tau2. So the whole network is a regression on independent rows, exactly.
    """

    studies: tuple[Study, ...]
    treatments: tuple[str, ...]
    measure: str | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def _independent(self) -> tuple[tuple[Array, Array], ...]:
        return tuple(_transform(study.covariance) for study in self.studies)

    @cached_property
    def transforms(self) -> tuple[Array, ...]:
        """T of each study, shape (arms - 1, arms - 1)."""
        return tuple(transform for transform, _ in self._independent)

    @cached_property
    def variance(self) -> Array:
        """Sampling variance of each independent row, shape (m,)."""
        return np.concatenate([variance for _, variance in self._independent])

    @cached_property
    def effect(self) -> Array:
        """The independent rows T y, shape (m,)."""
        return np.concatenate(
            [t @ study.effects for t, study in zip(self.transforms, self.studies, strict=True)]
        )

    @cached_property
    def incidence(self) -> Array:
        """Design matrix of the independent rows over all treatments, shape (m, treatments)."""
        return self.stack([self.arms_of(study) for study in self.studies])

    @cached_property
    def study_of_row(self) -> NDArray[np.intp]:
        """Index of the study of each independent row, shape (m,)."""
        return np.repeat(np.arange(len(self.studies)), [len(study.treatments) - 1 for study in self.studies])

    @cached_property
    def designs(self) -> dict[str, tuple[int, ...]]:
        """Design -> indices of its studies, designs in the order of their names."""
        found: dict[str, list[int]] = {}
        for index, study in enumerate(self.studies):
            found.setdefault(study.design, []).append(index)
        return {name: tuple(found[name]) for name in sort_names(found)}

    @cached_property
    def comparisons(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Pair of treatments (sorted) -> indices of the studies that compare them directly."""
        found: dict[tuple[str, str], list[int]] = {}
        for index, study in enumerate(self.studies):
            names = sort_names(study.treatments)
            for place, first in enumerate(names):
                for second in names[place + 1 :]:
                    found.setdefault((first, second), []).append(index)
        return {pair: tuple(found[pair]) for pair in sorted(found, key=lambda p: (_key(p[0]), _key(p[1])))}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.treatments)}

    def arms_of(self, study: Study) -> Array:
        """Contrasts of a study over all treatments, shape (arms - 1, treatments): +1 the arm, -1 the first arm."""
        rows = np.zeros((len(study.treatments) - 1, len(self.treatments)))
        rows[:, self._place[study.treatments[0]]] = -1.0
        for row, name in enumerate(study.treatments[1:]):
            rows[row, self._place[name]] = 1.0
        return rows

    def stack(self, blocks: Sequence[Array]) -> Array:
        """Bring one block of rows per study (arms - 1 rows each) into the independent rows, shape (m, columns)."""
        return np.vstack([t @ block for t, block in zip(self.transforms, blocks, strict=True)])

    def parts(self) -> list[tuple[str, ...]]:
        """The connected parts of the network, the largest first."""
        return connected_parts(self.treatments, [study.treatments for study in self.studies])


def _key(name: str) -> tuple[str, str]:
    return name.casefold(), name


def sort_names(names: Any) -> list[str]:
    """Names in one order that does not depend on the locale: without case first, then by code point."""
    return sorted(names, key=_key)


def connected_parts(nodes: Sequence[str], groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Parts of the graph in which every group of nodes hangs together, the largest first, each sorted."""
    parent = {node: node for node in nodes}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for group in groups:
        for other in group[1:]:
            parent[root(other)] = root(group[0])
    found: dict[str, list[str]] = {}
    for node in nodes:
        found.setdefault(root(node), []).append(node)
    return sorted((tuple(sort_names(part)) for part in found.values()), key=lambda part: (-len(part), part))


def heterogeneity_shape(contrasts: int) -> Array:
    """S = (I + J)/2: variances 1 and covariances 1/2 of the random effects of a study's contrasts."""
    return (np.eye(contrasts) + np.ones((contrasts, contrasts))) / 2.0


def _transform(covariance: Array) -> tuple[Array, Array]:
    """T and the variances with T V T' = diag(variances) and T S T' = I."""
    size = len(covariance)
    if size == 1:
        return _ONE, covariance[0]
    half = np.linalg.inv(np.linalg.cholesky(heterogeneity_shape(size)))
    variances, vectors = np.linalg.eigh(half @ covariance @ half.T)
    return vectors.T @ half, variances
