"""Network meta-regression: does a characteristic of the studies change the effects?

Slopes against the reference, the same for all treatments (``common``) or one for each (``independent``); between two other
treatments a common slope cancels. Source: Cooper, Sutton, Morris, Ades and Welton 2009, DOI 10.1002/sim.3594; Dias, Sutton, Welton and
Ades 2013, DOI 10.1177/0272989X13485157.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2, norm

from opentrd.evidence.arguments import check_words
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.estimate import Rows, estimate_tau2
from opentrd.evidence.network.result import NetworkResult
from opentrd.evidence.network.structure import Array, Study

SLOPES = ("common", "independent")
NOT_ESTIMABLE = "cannot be estimated: its studies do not differ enough in this characteristic"


@dataclass(frozen=True, eq=False)
class RegressionResult:
    """Effects at the mean of a covariate and how they change with it.

    ``effects`` (treatments,): each treatment minus the reference at ``centre``, in the order of ``treatments``. ``slope_of``: the
    treatment of each slope (None for the common one). ``covariance``: of (effects without the reference, slopes).
    ``tau2_without``: tau2 of the network without the covariate. ``wald``, ``df``, ``p``: all slopes zero.
    """

    covariate: str
    slopes_are: str
    centre: float
    treatments: tuple[str, ...]
    reference: str
    level: float
    effects: Array
    slope_of: tuple[str | None, ...]
    slopes: Array
    covariance: Array
    not_estimable: tuple[str, ...]
    tau2: float | None
    tau2_without: float | None
    wald: float
    df: int
    p: float

    def rows(self) -> list[dict[str, Any]]:
        """One row per slope: change of the effect against the reference per unit of the covariate."""
        found = []
        start = len(self.treatments) - 1
        for place, treatment in enumerate(self.slope_of):
            se = float(self.covariance[start + place, start + place] ** 0.5)
            found.append(
                {
                    "treatment": treatment or "all",
                    **_interval(float(self.slopes[place]), se, self.level),
                    "reason": None,
                }
            )
        nothing = dict.fromkeys(("estimate", "se", "ci_low", "ci_high", "p"))
        return found + [
            {"treatment": name, **nothing, "reason": NOT_ESTIMABLE} for name in self.not_estimable
        ]

    def league(self, at: float | None = None) -> list[dict[str, Any]]:
        """One row per ordered pair at a value of the covariate (default: its mean): treatment_1 minus treatment_2.

        A pair with a slope that cannot be estimated has None away from the mean.
        """
        shift = 0.0 if at is None else at - self.centre
        rows = []
        for first in self.treatments:
            for second in self.treatments:
                if first == second:
                    continue
                row: dict[str, Any] = {"treatment_1": first, "treatment_2": second}
                if shift and {first, second} & set(self.not_estimable):
                    nothing = dict.fromkeys(("estimate", "se", "ci_low", "ci_high", "p"))
                    rows.append(row | nothing)
                    continue
                weights = self._weights(first, shift) - self._weights(second, shift)
                both = np.concatenate([np.delete(self.effects, self._reference), self.slopes])
                se = float((weights @ self.covariance @ weights) ** 0.5)
                rows.append(row | _interval(float(weights @ both), se, self.level))
        return rows

    @property
    def _reference(self) -> int:
        return self.treatments.index(self.reference)

    def _weights(self, treatment: str, shift: float) -> Array:
        weights = np.zeros(len(self.covariance))
        if treatment == self.reference:
            return weights
        place = self.treatments.index(treatment)
        weights[place - (place > self._reference)] = 1.0
        for slope, owner in enumerate(self.slope_of):
            if owner is None or owner == treatment:
                weights[len(self.treatments) - 1 + slope] = shift
        return weights


def regress_network(result: NetworkResult, covariate: str, slopes: str = "common") -> RegressionResult:
    """Add a covariate (a numeric column of the effects table, one value per study) to a pooled network.

    In a table of arms the mean over the arms of a study is taken. tau2 is estimated again by the model of ``result``.
    Raises EvidenceError when a study has no value, all have the same, or no slope can be estimated.
    """
    if slopes not in SLOPES:
        raise EvidenceError(f"slopes {slopes!r} is not known", expected=" or ".join(SLOPES))
    check_words(covariate=covariate)
    values = np.array([_value(study, covariate) for study in result.network.studies])
    if np.ptp(values) == 0:
        raise EvidenceError(
            "all studies have the same value",
            field=covariate,
            value=float(values[0]),
            expected="a characteristic that differs between studies",
        )
    centre = float(values.mean())
    columns, owners, lost = _columns(result, values - centre, slopes)
    if not columns:
        raise EvidenceError(
            "no slope can be estimated: the studies of each comparison do not differ enough in this characteristic",
            field=covariate,
            advice="use slopes = common, or another characteristic",
        )
    base = result.rows
    rows = Rows(base.effect, np.hstack([base.design, *columns]), base.variance)
    tau2 = estimate_tau2(rows, result.model)
    fit = rows.fit(tau2 or 0.0)
    split = base.design.shape[1]
    found, spread = fit.coefficients[split:], fit.covariance[split:, split:]
    wald = float(found @ np.linalg.solve(spread, found))
    effects = np.insert(fit.coefficients[:split], result.place(result.reference), 0.0)
    return RegressionResult(
        covariate=covariate,
        slopes_are=slopes,
        centre=centre,
        treatments=result.treatments,
        reference=result.reference,
        level=result.level,
        effects=effects,
        slope_of=tuple(owners),
        slopes=found,
        covariance=fit.covariance,
        not_estimable=tuple(lost),
        tau2=tau2,
        tau2_without=result.tau2,
        wald=wald,
        df=len(owners),
        p=float(chi2.sf(wald, len(owners))),
    )


def _columns(
    result: NetworkResult, values: Array, slopes: str
) -> tuple[list[Array], list[str | None], list[str]]:
    """Columns of the slopes that can be estimated, whose they are, and the treatments whose slope cannot."""
    network = result.network
    others = [name for name in result.treatments if name != result.reference]
    groups: list[tuple[str | None, list[str]]] = (
        [(None, others)] if slopes == "common" else [(name, [name]) for name in others]
    )
    columns: list[Array] = []
    owners: list[str | None] = []
    lost: list[str] = []
    for owner, members in groups:
        marked = np.array([float(name in members) for name in result.treatments])
        column = network.stack(
            [
                (network.arms_of(study) @ marked * value)[:, None]
                for study, value in zip(network.studies, values, strict=True)
            ]
        )
        tried = np.hstack([result.rows.design, *columns, column])
        if np.linalg.matrix_rank(tried) == tried.shape[1] < tried.shape[0]:
            columns.append(column)
            owners.append(owner)
        elif owner is not None:
            lost.append(owner)
    return columns, owners, lost


def _value(study: Study, covariate: str) -> float:
    found = []
    for row in study.rows:
        text = str(row.get(covariate) or "").strip()
        if not text:
            continue
        try:
            found.append(float(text))
        except ValueError:
            raise EvidenceError(
                f"study {study.name}: text in a covariate",
                field=covariate,
                value=text,
                expected="a number",
                advice="give a numeric column (0 and 1 for two groups)",
            ) from None
    if not found or not np.isfinite(found).all():
        raise EvidenceError(
            f"study {study.name} has no value",
            field=covariate,
            expected="a finite number for every study",
            advice="fill it in, or leave the study out",
        )
    return float(np.mean(found))


def _interval(estimate: float, se: float, level: float) -> dict[str, Any]:
    half = float(norm.ppf((1 + level) / 2)) * se
    return {
        "estimate": estimate,
        "se": se,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "p": float(2 * norm.sf(abs(estimate) / se)) if se > 0 else None,
    }
