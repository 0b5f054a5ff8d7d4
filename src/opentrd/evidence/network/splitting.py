"""Direct against indirect evidence, comparison by comparison.

``side``: back-calculation, separating indirect from direct evidence (König, Krahn and Binder 2013, DOI 10.1002/sim.6001; Dias, Welton,
Caldwell and Ades 2010, DOI 10.1002/sim.3767). It is exact where the direct evidence comes from studies of two arms.
``node_splits``: the full model, with one parameter for the difference and the heterogeneity estimated again; studies of several
arms share the difference evenly between the two treatments (White 2015, Stata Journal 15:951, the symmetrical form). A comparison
is split only where the two treatments stay connected without the studies that compare them (van Valkenhoef, Dias, Ades and
Welton 2016, DOI 10.1002/jrsm.1167).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence.network.estimate import Rows, estimate_tau2
from opentrd.evidence.network.result import NetworkResult
from opentrd.evidence.network.structure import connected_parts

ONLY_DIRECT = "no indirect evidence: without the studies that compare the two, nothing connects them"
NOT_SEPARABLE = "studies of several arms: back-calculation cannot separate the evidence, see the node split"
_TINY = 1e-9


def side(result: NetworkResult) -> list[dict[str, Any]]:
    """One row per direct comparison: direct, network and back-calculated indirect estimate, their difference and its p.

    treatment_1 minus treatment_2 on the analysis scale; the direct estimate is pooled with the network's tau2. ``exact`` is
    false where a study of several arms takes part. Where there is no indirect estimate it is None and ``reason`` says why.
    """
    errors = result.model_errors()
    rows = []
    for (first, second), members in result.network.comparisons.items():
        found = np.array([result.network.studies[index].pair(first, second) for index in members])
        weights = 1.0 / (found[:, 1] + (result.tau2 or 0.0))
        direct, se_direct = float(weights @ found[:, 0] / weights.sum()), float(weights.sum() ** -0.5)
        i, j = result.place(first), result.place(second)
        network, se = float(result.effects[i] - result.effects[j]), float(errors[i, j])
        share = se**2 / se_direct**2
        exact = all(len(result.network.studies[index].treatments) == 2 for index in members)
        row: dict[str, Any] = {
            "treatment_1": first,
            "treatment_2": second,
            "studies": len(members),
            "direct": direct,
            "se_direct": se_direct,
            "network": network,
            "se_network": se,
            "direct_share": min(1.0, share),
            "exact": exact,
        }
        if share > 1 - _TINY:
            reason = NOT_SEPARABLE if _separable(result, first, second) else ONLY_DIRECT
            rows.append(row | _nothing(reason))
            continue
        se_indirect = (1 / se**2 - 1 / se_direct**2) ** -0.5
        indirect = se_indirect**2 * (network / se**2 - direct / se_direct**2)
        rows.append(row | _difference(direct, se_direct, indirect, se_indirect))
    return rows


def node_splits(result: NetworkResult) -> list[dict[str, Any]]:
    """One row per direct comparison: direct and indirect estimate in one model, their difference, p, and tau2 of this model.

    treatment_1 minus treatment_2 on the analysis scale. A comparison that cannot be split has None and a ``reason``.
    """
    rows = []
    for (first, second), members in result.network.comparisons.items():
        row: dict[str, Any] = {"treatment_1": first, "treatment_2": second, "studies": len(members)}
        if not _separable(result, first, second):
            rows.append(row | {"direct": None, "se_direct": None} | _nothing(ONLY_DIRECT) | {"tau2": None})
            continue
        rows.append(row | _split(result, first, second))
    return rows


def _split(result: NetworkResult, first: str, second: str) -> dict[str, Any]:
    network = result.network
    column = network.stack(
        [
            (network.arms_of(study) @ _halves(result, first, second))[:, None]
            if {first, second} <= set(study.treatments)
            else np.zeros((len(study.treatments) - 1, 1))
            for study in network.studies
        ]
    )
    base = result.rows
    rows = Rows(base.effect, np.hstack([base.design, column]), base.variance)
    if np.linalg.matrix_rank(rows.design) < rows.design.shape[1]:
        return {"direct": None, "se_direct": None} | _nothing(ONLY_DIRECT) | {"tau2": None}
    tau2 = estimate_tau2(rows, result.model)
    fit = rows.fit(tau2 or 0.0)
    indirect_of = np.zeros(rows.design.shape[1])
    others = [name for name in result.treatments if name != result.reference]
    for name, sign in ((first, 1.0), (second, -1.0)):
        if name != result.reference:
            indirect_of[others.index(name)] = sign
    direct_of = indirect_of.copy()
    direct_of[-1] = 1.0
    direct, indirect = float(direct_of @ fit.coefficients), float(indirect_of @ fit.coefficients)
    difference, se = float(fit.coefficients[-1]), float(fit.covariance[-1, -1] ** 0.5)
    return {
        "direct": direct,
        "se_direct": float((direct_of @ fit.covariance @ direct_of) ** 0.5),
        "indirect": indirect,
        "se_indirect": float((indirect_of @ fit.covariance @ indirect_of) ** 0.5),
        "difference": difference,
        "se_difference": se,
        "p": float(2 * norm.sf(abs(difference) / se)),
        "reason": None,
        "tau2": tau2,
    }


def _halves(result: NetworkResult, first: str, second: str) -> np.ndarray:
    halves = np.zeros(len(result.treatments))
    halves[result.place(first)], halves[result.place(second)] = 0.5, -0.5
    return halves


def _separable(result: NetworkResult, first: str, second: str) -> bool:
    """Are the two connected without the studies that compare them?"""
    rest = [
        study.treatments for study in result.network.studies if not {first, second} <= set(study.treatments)
    ]
    return any({first, second} <= set(part) for part in connected_parts(result.treatments, rest))


def _difference(direct: float, se_direct: float, indirect: float, se_indirect: float) -> dict[str, Any]:
    difference, se = direct - indirect, (se_direct**2 + se_indirect**2) ** 0.5
    return {
        "indirect": indirect,
        "se_indirect": se_indirect,
        "difference": difference,
        "se_difference": se,
        "p": float(2 * norm.sf(abs(difference) / se)),
        "reason": None,
    }


def _nothing(reason: str) -> dict[str, Any]:
    names = ("indirect", "se_indirect", "difference", "se_difference", "p")
    return {**dict.fromkeys(names), "reason": reason}
