"""Designs (the sets of treatments that studies compare) and the decomposition of Q within and between them.

Source: Higgins, Jackson, Barrett, Lu, Ades and White 2012, DOI 10.1002/jrsm.1044; Krahn, Binder and König 2013,
DOI 10.1186/1471-2288-13-35.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

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
        return Q(value, df, float(chi2.sf(value, df)) if df > 0 else None)


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
    matrix = design_matrix(network)
    separate = Rows(network.effect, matrix, network.variance)
    fit = separate.fit()
    parts = np.bincount(
        network.study_of_row, weights=fit.weights * fit.residuals**2, minlength=len(network.studies)
    )
    per_design = {
        design: Q.of(
            float(parts[list(members)].sum()),
            (len(members) - 1) * (len(design_names(network, design)) - 1),
        )
        for design, members in network.designs.items()
    }
    total = consistent.fit().q
    return Decomposition(
        Q.of(total, consistent.df),
        Q.of(fit.q, separate.df),
        Q.of(total - fit.q, consistent.df - separate.df),
        per_design,
    )
