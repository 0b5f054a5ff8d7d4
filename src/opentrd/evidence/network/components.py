"""Component networks: the effect of a combination is the sum of the effects of its parts.

Augmentation is base + add-on, so trials of ``SSRI + lithium`` against ``SSRI`` and of ``SNRI + lithium`` against ``SNRI`` speak
of the same component, and a network in several parts can be joined by components that the parts share.
Source: Rücker, Petropoulou and Schwarzer 2020, DOI 10.1002/bimj.201800167; Welton, Caldwell, Adamopoulos and Vedhara 2009,
DOI 10.1093/aje/kwp014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence.arguments import check_level, check_pairs, check_words
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.build import build_network
from opentrd.evidence.network.designs import Q
from opentrd.evidence.network.estimate import MODELS, Rows, estimate_tau2, tau2_interval
from opentrd.evidence.network.structure import Array, Network, sort_names

NOT_ESTIMABLE = "cannot be estimated: no study or sum of studies tells it apart from other components"
_TINY = 1e-8


@dataclass(frozen=True, eq=False)
class ComponentResult:
    """A pooled component network.

    ``names``: components and interactions (``a*b``). ``effects`` and ``covariance``: of each on the analysis scale; only what
    lies in ``estimable`` (a projection) has a meaning. ``additive``: Q of this model; ``standard``: Q of the network without the
    assumption; ``difference``: their difference, a test of additivity. ``parts``: connected parts of the network.
    """

    network: Network
    model: str
    level: float
    names: tuple[str, ...]
    inactive: str | None
    matrix: Array
    effects: Array
    covariance: Array
    estimable: Array
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    additive: Q
    standard: Q
    difference: Q
    parts: tuple[tuple[str, ...], ...]

    def components(self) -> list[dict[str, Any]]:
        """One row per component: its incremental effect; None with a ``reason`` where it cannot be estimated."""
        rows = []
        for place, name in enumerate(self.names):
            weights = np.zeros(len(self.names))
            weights[place] = 1.0
            rows.append({"component": name, **self._estimate(weights)})
        return rows

    def league(self) -> list[dict[str, Any]]:
        """One row per ordered pair of treatments: treatment_1 minus treatment_2, also across parts of the network."""
        return [
            {"treatment_1": first, "treatment_2": second, **self._estimate(self.matrix[i] - self.matrix[j])}
            for i, first in enumerate(self.network.treatments)
            for j, second in enumerate(self.network.treatments)
            if i != j
        ]

    def combination(self, components: Sequence[str], against: Sequence[str] = ()) -> dict[str, Any]:
        """Effect of any combination minus another one (default: of nothing but the inactive), tried in a study or not.

        Raises EvidenceError for a component that no study has.
        """
        weights = np.zeros(len(self.names))
        for parts, sign in ((components, 1.0), (against, -1.0)):
            for name in parts:
                known = set(self.names) | ({self.inactive} if self.inactive else set())
                if name not in known:
                    raise EvidenceError(
                        f"the component {name!r} is not in the network", expected=", ".join(self.names)
                    )
            weights += sign * _indicator(set(parts), self.names)
        return self._estimate(weights)

    def table(self) -> dict[str, Any]:
        """Everything as one object that can be written as JSON."""
        return {
            "measure": self.network.measure,
            "model": self.model,
            "level": self.level,
            "k": len(self.network.studies),
            "treatments": list(self.network.treatments),
            "parts": [list(part) for part in self.parts],
            "inactive": self.inactive,
            "tau2": self.tau2,
            "tau2_low": self.tau2_low,
            "tau2_high": self.tau2_high,
            **{
                f"q_{name}{suffix}": value
                for name, q in (
                    ("additive", self.additive),
                    ("standard", self.standard),
                    ("difference", self.difference),
                )
                for suffix, value in (("", q.value), ("_df", q.df), ("_p", q.p))
            },
            "components": self.components(),
            "league": self.league(),
        }

    def _estimate(self, weights: Array) -> dict[str, Any]:
        names = ("estimate", "se", "ci_low", "ci_high", "p")
        if np.abs(weights - self.estimable @ weights).max() > _TINY:
            return {**dict.fromkeys(names), "reason": NOT_ESTIMABLE}
        estimate = float(weights @ self.effects)
        se = max(0.0, float(weights @ self.covariance @ weights)) ** 0.5
        half = float(norm.ppf((1 + self.level) / 2)) * se
        p = float(2 * norm.sf(abs(estimate) / se)) if se > 0 else None
        return {
            "estimate": estimate,
            "se": se,
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "p": p,
            "reason": None,
        }


def pool_components(
    data: Any,
    *,
    measure: str | None = None,
    model: str = "REML",
    separator: str = "+",
    inactive: str | None = None,
    interactions: Sequence[tuple[str, str]] = (),
    level: float = 0.95,
    zero_cells: str = "only",
    keep_double_zero: bool = False,
) -> ComponentResult:
    """Pool a network whose treatments are combinations, written with ``separator`` (``SSRI + lithium``).

    ``inactive``: the component without effect (placebo), whose effect is 0. ``interactions``: pairs of components that together
    may do more or less than their sum. Other arguments as in ``pool_network``; the network may have several parts.
    Raises EvidenceError when nothing can be estimated or a named component is not there.
    """
    check_words(measure=measure, separator=separator, inactive=inactive, zero_cells=zero_cells)
    check_pairs("interactions", interactions)
    check_level(level)
    if not separator:
        raise EvidenceError(
            "combinations are written with a separator", field="separator", value=separator, expected="+"
        )
    if model not in MODELS:
        raise EvidenceError(f"the model {model!r} is not known for networks", expected=", ".join(MODELS))
    network = build_network(
        data, measure, zero_cells=zero_cells, keep_double_zero=keep_double_zero, connected=False
    )
    sets = [_components(name, separator) for name in network.treatments]
    names = _names(sets, inactive, interactions)
    matrix = np.array([_indicator(members, names) for members in sets])
    whole = network.incidence @ matrix
    rows, basis = _reduced(network, whole)
    plain, _ = _reduced(network, network.incidence)
    if not basis.shape[1]:
        raise EvidenceError(
            "no component can be estimated: the arms of every study have the same components",
            expected="at least one study whose arms differ in a component",
            advice="check the separator and the inactive component",
        )
    tau2 = estimate_tau2(rows, model)
    low, high = (0.0, 0.0) if model == "common" else tau2_interval(rows, level)
    fit = rows.fit(tau2 or 0.0)
    additive, standard = rows.fit().q, plain.fit().q
    return ComponentResult(
        network=network,
        model=model,
        level=level,
        names=names,
        inactive=inactive,
        matrix=matrix,
        effects=basis @ fit.coefficients,
        covariance=basis @ fit.covariance @ basis.T,
        estimable=basis @ basis.T,
        tau2=tau2,
        tau2_low=low,
        tau2_high=high,
        additive=Q.of(additive, rows.df),
        standard=Q.of(standard, plain.df),
        difference=Q.of(additive - standard, rows.df - plain.df),
        parts=tuple(network.parts()),
    )


def _components(treatment: str, separator: str) -> set[str]:
    parts = [part.strip() for part in treatment.split(separator)]
    if "" in parts:
        raise EvidenceError(
            "a combination with an empty part",
            field="treatment",
            value=treatment,
            expected=f"components separated by {separator!r}",
            advice="correct the name or choose another separator",
        )
    if "*" in treatment:
        raise EvidenceError(
            "an asterisk in the name of a component, which marks interactions",
            field="treatment",
            value=treatment,
            expected="names without *",
            advice="write the name in another way",
        )
    if len(set(parts)) < len(parts):
        raise EvidenceError(
            "a combination that names a component twice",
            field="treatment",
            value=treatment,
            expected="each component once",
            advice="name the doses apart",
        )
    return set(parts)


def _names(
    sets: Sequence[set[str]], inactive: str | None, interactions: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    every = set().union(*sets)
    for name in [*([inactive] if inactive else []), *(name for pair in interactions for name in pair)]:
        if name not in every:
            raise EvidenceError(
                f"the component {name!r} is in no treatment of the network",
                expected=", ".join(sort_names(every)),
                advice="correct the name",
            )
    for first, second in interactions:
        if not any({first, second} <= members for members in sets):
            raise EvidenceError(
                f"no treatment combines {first} and {second}, so their interaction cannot be estimated",
                advice="leave this interaction out",
            )
    active = sort_names(every - {inactive})
    return (*active, *(f"{first}*{second}" for first, second in interactions))


def _indicator(members: set[str], names: Sequence[str]) -> Array:
    return np.array([float(set(name.split("*")) <= members or name in members) for name in names])


def _reduced(network: Network, design: Array) -> tuple[Rows, Array]:
    """Rows over an orthonormal basis of what the design can estimate, and this basis, shape (columns, rank)."""
    _, values, vectors = np.linalg.svd(design, full_matrices=False)
    rank = int((values > _TINY * max(values[0], _TINY)).sum())
    basis = vectors[:rank].T
    return Rows(network.effect, design @ basis, network.variance), basis
