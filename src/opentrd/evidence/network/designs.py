"""Designs (the sets of treatments that studies compare) and the decomposition of Q within and between them.

Source: Higgins, Jackson, Barrett, Lu, Ades and White 2012, DOI 10.1002/jrsm.1044; Krahn, Binder and König 2013,
DOI 10.1186/1471-2288-13-35.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from opentrd.evidence.network.estimate import Rows
from opentrd.evidence.network.structure import Array, Network


@dataclass(frozen=True)
class Q:
    """A Q statistic with its degrees of freedom and p value (None without degrees of freedom)."""

    value: float
    df: int
    p: float | None

    @staticmethod
    def of(value: float, df: int) -> Q:
        """Q referred to chi-squared; tiny negative values of rounding become 0."""
        value = max(0.0, value)
        return Q(value, df, float(chdtrc(df, value)) if df > 0 else None)


@dataclass(frozen=True)
class Decomposition:
    """Q in total, within designs (their sum and one by one), and between designs."""

    total: Q
    within: Q
    between: Q
    per_design: dict[str, Q]


def design_columns(network: Network) -> list[tuple[str, str, str]]:
    """(design, treatment, first treatment of the design) of each column of ``design_matrix``."""
    return [
        (design, name, design_names(network, design)[0])
        for design in network.designs
        for name in design_names(network, design)[1:]
    ]


def design_names(network: Network, design: str) -> tuple[str, ...]:
    """The treatments of a design in the order of the network."""
    members = set(network.studies[network.designs[design][0]].treatments)
    return tuple(name for name in network.treatments if name in members)


def design_matrix(network: Network) -> Array:
    """Independent rows over the means of each design: every design has its own effects, shape (m, columns)."""
    columns = design_columns(network)
    first: dict[str, int] = {}
    for place, (design, _, _) in enumerate(columns):
        first.setdefault(design, place)
    where = {name: place for place, name in enumerate(network.treatments)}
    blocks = []
    for study in network.studies:
        names = design_names(network, study.design)
        block = np.zeros((len(study.treatments) - 1, len(columns)))
        start = first[study.design]
        block[:, start : start + len(names) - 1] = network.arms_of(study)[
            :, [where[name] for name in names[1:]]
        ]
        blocks.append(block)
    return network.stack(blocks)


def decompose(network: Network, consistent: Rows) -> Decomposition:
    """Q of the common-effect model: total = within designs + between designs.

    ``consistent``: the rows under consistency (reference column left out).
    """
    found = _within(network)
    per_design = {
        design: Q.of(
            float(found[place]), (len(members) - 1) * (len(network.studies[members[0]].treatments) - 1)
        )
        for place, (design, members) in enumerate(network.designs.items())
    }
    total = consistent.fit().q
    within = Q.of(sum(q.value for q in per_design.values()), sum(q.df for q in per_design.values()))
    between = Q.of(total - within.value, consistent.df - within.df)
    return Decomposition(Q.of(total, consistent.df), within, between, per_design)


def _within(network: Network) -> Array:
    """Q of each design around its own effects, shape (designs,)."""
    design_of_study = np.zeros(len(network.studies), dtype=np.intp)
    for place, members in enumerate(network.designs.values()):
        design_of_study[list(members)] = place
    design_of_row = design_of_study[network.study_of_row]
    weights, size = 1.0 / network.variance, len(network.designs)
    # All designs of two arms at once: later treatment minus earlier one, around their weighted means.
    arms = np.array([len(study.treatments) for study in network.studies])[network.study_of_row]
    sign = np.where(network.incidence.argmax(axis=1) > network.incidence.argmin(axis=1), 1.0, -1.0)
    effect = sign * network.effect
    two = np.where(arms == 2, weights, 0.0)
    total = np.bincount(design_of_row, two, size)
    means = np.bincount(design_of_row, two * effect, size) / np.where(total > 0, total, 1.0)
    found = np.bincount(design_of_row, two * (effect - means[design_of_row]) ** 2, size)
    for place, (design, members) in enumerate(network.designs.items()):
        names = design_names(network, design)
        if len(names) > 2 and len(members) > 1:  # a design of one study fits it exactly
            rows = np.flatnonzero(design_of_row == place)
            where = np.array([network.treatments.index(name) for name in names[1:]])
            own = Rows(network.effect[rows], network.incidence[np.ix_(rows, where)], network.variance[rows])
            found[place] = own.fit().q
    return np.asarray(found)
