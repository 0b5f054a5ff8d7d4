"""Standard errors that allow for dependence between the effects of one cluster (several effects of one study, say).

Sources: Hedges, Tipton & Johnson, Res Synth Methods 2010;1:39-65; Bell & McCaffrey, Surv Methodol 2002;28:169-181, and
Pustejovsky & Tipton, J Bus Econ Stat 2018;36:672-683 (CR2 with Satterthwaite degrees of freedom).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from opentrd.evidence.arguments import column_of
from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.result import PairwiseResult, plain
from opentrd.evidence.table import MISSING, RawTable

KINDS = ("CR0", "CR1", "CR2")


@dataclass(frozen=True)
class Robust:
    """``rows``: one for each coefficient (term, estimate, se, df, statistic, p_value, ci_low, ci_high); ``clusters``:
    their number; ``kind``: CR0, CR1 or CR2; ``covariance``: of the coefficients (p, p); ``notes``."""

    kind: str
    clusters: int
    rows: tuple[dict[str, Any], ...]
    covariance: Floats
    notes: tuple[str, ...]

    def table(self) -> dict[str, Any]:
        """Kind, clusters and rows."""
        return {
            "kind": self.kind, "clusters": self.clusters, "coefficients": list(self.rows), "notes": list(self.notes)
        }  # fmt: skip


def cluster_robust(
    result: PairwiseResult, cluster: str | Sequence[Any] = "study", *, kind: str = "CR2"
) -> Robust:
    """Cluster-robust standard errors of the coefficients of ``result``.

    ``cluster``: a column of the table, or one value for each row. ``kind``: CR2 (the default: unbiased where the model's
    variances are right, with degrees of freedom of its own for each coefficient), CR1 (times G / (G - p), with G - p
    degrees of freedom) or CR0. Raises EvidenceError when there are not more clusters than coefficients.
    """
    groups = (
        filled(result.data.raw, cluster)
        if isinstance(cluster, str)
        else column_of("cluster", cluster, len(result.data))
    )
    working = np.diag(result.data.vi + result.tau2)
    return robust(
        result.data.yi, result.x, working, groups, result.terms, kind=kind, level=result.fitted.level
    )


def filled(raw: RawTable, column: str) -> tuple[str, ...]:
    """A column that says what belongs together. Raises EvidenceError where a cell is empty: alike only in what is not known."""
    cells = raw.text(column)
    for row, cell in zip(raw.rows, cells, strict=True):
        if cell.strip().lower() in MISSING:
            raise EvidenceError(
                "the cell is empty, so it is not known what the row belongs to", file=raw.file, row=row, field=column,
                value=cell, expected="a name", advice="fill it in, or take the row out",
            )  # fmt: skip
    return cells


def robust(
    y: Floats,
    x: Floats,
    working: Floats,
    groups: Sequence[str],
    terms: Sequence[str],
    *,
    kind: str,
    level: float,
) -> Robust:
    """The same for any generalised least squares fit with working covariance ``working`` (k, k), block-diagonal or not."""
    if kind not in KINDS:
        raise EvidenceError("not known", field="kind", value=kind, expected=", ".join(KINDS))
    if len(groups) != len(y):
        raise EvidenceError(
            "there is not one cluster for each row", field="cluster", value=len(groups), expected=str(len(y))
        )
    names = list(dict.fromkeys(groups))
    p, count = x.shape[1], len(names)
    if count <= p:
        raise EvidenceError(
            f"{count} clusters are too few for {p} coefficients",
            field="cluster",
            expected=f"at least {p + 1}",
        )
    inverse = np.linalg.inv(working)
    bread = np.linalg.inv(x.T @ inverse @ x)
    lever = bread @ x.T @ inverse
    residual = y - x @ (lever @ y)
    keep = np.eye(len(y)) - x @ lever
    left = keep @ working @ keep.T
    loads = np.empty((count, len(y), p))
    meat = np.zeros((p, p))
    for g, name in enumerate(names):
        own = np.array([group == name for group in groups])
        adjust = np.eye(int(own.sum()))
        if kind == "CR2":
            root = np.linalg.cholesky(working[np.ix_(own, own)]).T
            adjust = root.T @ _inverse_root(root @ left[np.ix_(own, own)] @ root.T) @ root
        part = lever[:, own] @ adjust
        meat += np.outer(part @ residual[own], part @ residual[own])
        loads[g] = (part @ keep[own]).T
    covariance = meat * (count / (count - p) if kind == "CR1" else 1.0)
    coefficients, se = lever @ y, np.sqrt(np.diag(covariance))
    df = np.full(p, float(count - p))
    if kind == "CR2":
        for j in range(p):
            inner = loads[:, :, j] @ working @ loads[:, :, j].T
            df[j] = np.trace(inner) ** 2 / np.sum(inner**2)
    half = t.ppf((1 + level) / 2, df)
    rows = []
    for j, term in enumerate(terms):
        row = {
            "estimate": coefficients[j], "se": se[j], "df": df[j], "statistic": coefficients[j] / se[j],
            "p_value": 2 * t.sf(abs(coefficients[j] / se[j]), df[j]),
            "ci_low": coefficients[j] - half[j] * se[j], "ci_high": coefficients[j] + half[j] * se[j],
        }  # fmt: skip
        rows.append({"term": term} | {key: plain(value) for key, value in row.items()})
    notes = [
        f"{term}: fewer than 4 degrees of freedom, its p-value is not reliable"
        for term, own_df in zip(terms, df, strict=True) if own_df < 4
    ]  # fmt: skip
    return Robust(kind, count, tuple(rows), covariance, tuple(notes))


def _inverse_root(matrix: Floats) -> Floats:
    """The symmetric inverse square root; directions without variance stay out (Moore-Penrose)."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    good = values > 1e-10 * values.max(initial=0.0)
    scale = np.where(good, 1 / np.sqrt(np.where(good, values, 1.0)), 0.0)
    return np.asarray((vectors * scale) @ vectors.T)
