"""Subgroups of studies: each pooled by itself, and the test whether they differ.

Source: Borenstein et al., Introduction to Meta-Analysis, 2009, chapter 19 (tau2 separate or shared).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from opentrd.evidence.arguments import check_words
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.pool import pool
from opentrd.evidence.pairwise.result import PairwiseResult, plain
from opentrd.evidence.table import MISSING


@dataclass(frozen=True)
class Subgroups:
    """``rows``: one for each subgroup (subgroup, k, estimate, se, ci_low, ci_high, p_value, tau2, i2, q, q_df, q_p);
    ``statistic``, ``df``, ``p_value``: the test that all subgroups have one effect; ``by``: the column; ``tau2``:
    ``separate`` or ``shared``; ``notes``. The test is nan when the estimates of a subgroup are all equal."""

    by: str
    tau2: str
    rows: tuple[dict[str, Any], ...]
    statistic: float
    df: int
    p_value: float
    notes: tuple[str, ...]

    def table(self) -> dict[str, Any]:
        """The test and the rows."""
        return {
            "by": self.by, "tau2": self.tau2, "statistic": plain(self.statistic), "df": self.df,
            "p_value": plain(self.p_value),
            "subgroups": list(self.rows), "notes": list(self.notes),
        }  # fmt: skip


def subgroups(result: PairwiseResult, by: str, *, tau2: str = "separate") -> Subgroups:
    """Pool the subgroups that the column ``by`` makes, by the model and test of ``result``.

    ``tau2``: ``separate`` for each subgroup (the test between is chi2 on their estimates), or ``shared`` (a
    meta-regression on the subgroup, and its omnibus test: better when subgroups are small). A subgroup of one study is
    shown as that study. Raises EvidenceError when there is one subgroup only, or a study has none.
    """
    check_words(by=by)
    if tau2 not in ("separate", "shared"):
        raise EvidenceError("not known", field="tau2", value=tau2, expected="separate or shared")
    if len(result.terms) > 1:
        raise EvidenceError("subgroups are made from a result without moderators", advice="pool without mods")
    cells, raw, f = result.data.raw.text(by), result.data.raw, result.fitted
    for row, cell in zip(raw.rows, cells, strict=True):
        if cell.strip().lower() in MISSING:
            raise EvidenceError(
                "the study has no subgroup", file=raw.file, row=row, field=by, value=cell, expected="a name",
                advice="name it, or take the row out",
            )  # fmt: skip
    groups = sorted(set(cells))
    if len(groups) < 2:
        raise EvidenceError("there is only one subgroup", file=raw.file, field=by, expected="at least two")
    member = np.array([[cell == group for cell in cells] for group in groups])
    dummies = member.astype(float).T
    shared = None
    if tau2 == "shared":
        if len(cells) <= len(groups):
            raise EvidenceError("every subgroup has one study", file=raw.file, field=by)
        shared = result.refit(mods=dummies, intercept=False)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    weights: list[float] = []
    means: list[float] = []
    for i, group in enumerate(groups):
        data = result.data.some(member[i])
        alone = len(data) == 1
        if alone and shared is None:
            notes.append(f"{group}: one study, shown as it is; its variance between studies is not known")
        fitted = None if alone else pool(data, model=f.model, test=f.test, level=f.level).fitted
        source, at = (shared, i) if shared is not None else (fitted, 0)
        if source is None:
            source, at = result.refit(yi=data.yi, vi=data.vi, mods=None, test="z", model="common"), 0
        found: dict[str, Any] = {
            "estimate": source.coefficients[0, at], "se": source.se[0, at], "ci_low": source.ci_low[0, at],
            "ci_high": source.ci_high[0, at], "p_value": source.p_value[0, at],
            "tau2": source.tau2[0] if not alone or shared is not None else np.nan,
            "i2": fitted.i2[0] if fitted else np.nan, "q": fitted.q[0] if fitted else np.nan,
            "q_df": len(data) - 1, "q_p": fitted.q_p[0] if fitted else np.nan,
        }  # fmt: skip
        rows.append({"subgroup": group, "k": len(data)} | {key: plain(value) for key, value in found.items()})
        means.append(float(found["estimate"]))
        # Equal estimates have a Knapp-Hartung standard error of 0; then there is no test between.
        weights.append(1 / float(found["se"]) ** 2 if found["se"] > 0 else float("nan"))
    df = len(groups) - 1
    if shared is not None:
        made = result.refit(mods=dummies[:, 1:])
        statistic, p_value = float(made.omnibus[0]), float(made.omnibus_p[0])
    else:
        w, m = np.array(weights), np.array(means)
        statistic = float(np.sum(w * (m - np.average(m, weights=w)) ** 2))
        p_value = float(chi2.sf(statistic, df))
    return Subgroups(by, tau2, tuple(rows), statistic, df, p_value, tuple(notes))
