"""Models for dependent effects: several levels of clusters, and two outcomes of the same studies.

Sources: Konstantopoulos, Res Synth Methods 2011;2:61-76 (three levels); van Houwelingen, Arends & Stijnen, Stat Med
2002;21:589-624 (bivariate); Pustejovsky & Tipton, Prev Sci 2022;23:425-438 (correlated and hierarchical effects: give
``rho`` and robust standard errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2, norm, t

from opentrd.evidence.arguments import check_level
from opentrd.evidence.effect_checks import Floats
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.covariance import Blocks, blocks, evaluate, maximise
from opentrd.evidence.pairwise.moderators import Moderators, design, require_rank
from opentrd.evidence.pairwise.result import plain
from opentrd.evidence.pairwise.robust import Robust, filled, robust
from opentrd.evidence.table import EffectTable, Source, read_effects


@dataclass(frozen=True)
class MultilevelResult:
    """A model with several variances. ``components``: variance by name (a level, or an outcome); ``correlation``: between
    the two outcomes' true effects, or None; ``coefficients``, ``covariance``; ``marginal``: the covariance of the
    estimates under the model (k, k); ``groups``: the outermost cluster of each row; ``q``: heterogeneity around the
    common-effect fit; ``model``: REML or ML; ``blocks``: the same studies as the likelihood reads them."""

    data: EffectTable
    x: Floats
    terms: tuple[str, ...]
    components: dict[str, float]
    correlation: float | None
    coefficients: Floats
    covariance: Floats
    marginal: Floats
    groups: tuple[str, ...]
    test: str
    df: float
    level: float
    log_likelihood: float
    q: float
    model: str
    blocks: Blocks
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, Any]:
        """Coefficients with intervals, variance components, Q and the number of rows and clusters."""
        se = np.sqrt(np.diag(self.covariance))
        finite = np.isfinite(self.df)
        half = float(t.ppf((1 + self.level) / 2, self.df) if finite else norm.ppf((1 + self.level) / 2))
        rows = []
        for i, term in enumerate(self.terms):
            z = float(self.coefficients[i] / se[i])
            rows.append({
                "term": term, "estimate": float(self.coefficients[i]), "se": float(se[i]), "statistic": z,
                "df": plain(self.df), "p_value": 2 * float(t.sf(abs(z), self.df) if finite else norm.sf(abs(z))),
                "ci_low": float(self.coefficients[i] - half * se[i]),
                "ci_high": float(self.coefficients[i] + half * se[i]),
            })  # fmt: skip
        q_df = len(self.data) - len(self.terms)
        return {
            "coefficients": rows, "components": self.components, "correlation": self.correlation, "q": self.q,
            "q_df": q_df, "q_p": float(chi2.sf(self.q, q_df)), "k": len(self.data), "clusters": len(set(self.groups)),
            "log_likelihood": self.log_likelihood, "model": self.model, "test": self.test,
            "level": self.level, "notes": list(self.notes),
        }  # fmt: skip

    def robust(self, *, kind: str = "CR2") -> Robust:
        """Cluster-robust standard errors by the outermost cluster (see :mod:`.robust`)."""
        return robust(
            self.data.yi, self.x, self.marginal, self.groups, self.terms, kind=kind, level=self.level
        )


def pool_multilevel(
    source: EffectTable | Source, levels: Sequence[str] = ("study",), *, model: str = "REML", test: str = "z",
    mods: Moderators | None = None, rho: float = 0.0, level: float = 0.95,
) -> MultilevelResult:  # fmt: skip
    """Random effects at nested levels.

    ``levels``: columns from the outermost inwards (``("district", "school")``); the rows themselves are a level when the
    innermost column is not unique within the outer ones, and are then called ``row``. ``rho``: assumed correlation of the
    sampling errors within the outermost cluster. ``model``: REML or ML. ``test``: ``z``, or ``t`` with clusters - p degrees
    of freedom. Raises EvidenceError for a missing column or one cluster only.
    """
    check_level(level)
    if isinstance(levels, str):
        levels = tuple(name.strip() for name in levels.split(",") if name.strip())
    data, x, terms, notes = _prepare(source, mods, model, test)
    raw = data.raw
    names = [filled(raw, column) for column in levels]
    paths = ["\x1f".join(parts) for parts in zip(*names, strict=True)]
    labels = [
        tuple("\x1f".join(cells[: depth + 1]) for cells in zip(*names, strict=True))
        for depth in range(len(names))
    ]
    titles = list(levels)
    if len(set(paths)) < len(paths):
        labels.append(tuple(str(i) for i in range(len(data))))
        titles.append("row")
    outer = labels[0]
    for depth in range(1, len(labels)):
        if len(set(labels[depth])) == len(set(labels[depth - 1])):
            raise EvidenceError(
                f"each {titles[depth - 1]} has one {titles[depth]} only, so the variances of the two levels cannot be told apart",
                file=raw.file, field="levels", value=",".join(levels),
                expected="columns from the outermost level inwards, each inner one finer",
                advice="turn the order round, or leave one of them out",
            )  # fmt: skip
    if len(set(outer)) < 2:
        raise EvidenceError(
            "there is only one cluster", file=raw.file, field=levels[0], expected="at least two"
        )
    if not -1 < rho < 1:
        raise EvidenceError("not a correlation", field="rho", value=rho, expected="between -1 and 1")
    same = _same(outer)
    s = rho * same * np.sqrt(np.outer(data.vi, data.vi))
    np.fill_diagonal(s, data.vi)
    if rho < 0 and np.linalg.eigvalsh(s).min() <= 0:
        raise EvidenceError(
            "this correlation is not possible in clusters of this size", field="rho", value=rho
        )
    patterns = [_same(label) for label in labels]
    cut = blocks(data.yi, x, s, patterns, outer)
    scale = float(np.var(data.yi)) + 1e-12
    count = len(patterns)
    starts = [np.full(count, 0.0), *(scale * (0.05 + 0.95 * np.eye(count)[j]) for j in range(count))]
    starts.append(np.full(count, scale / count))
    theta = maximise(
        cut, starts, lambda free: (free, np.eye(count)), [0.0] * count, restricted=model == "REML"
    )
    components = {title: float(value) for title, value in zip(titles, theta, strict=True)}
    return _finish(
        data, x, terms, cut, s, patterns, theta, components, None, outer, model, test, level, notes
    )


def pool_bivariate(
    source: EffectTable | Source, *, outcome: str = "outcome", cluster: str = "study", covariance: str = "covariance",
    model: str = "REML", test: str = "z", level: float = 0.95,
) -> MultilevelResult:  # fmt: skip
    """Two outcomes of the same studies, with an own mean and variance each and a correlation between them.

    ``outcome``: the column that names one of two outcomes; ``cluster``: the study; ``covariance``: the column with the
    sampling covariance of the two estimates of a study (empty: 0). A study may have one outcome only.
    """
    data, _, _, notes = _prepare(source, None, model, test)
    raw = data.raw
    kinds, groups = raw.text(outcome), raw.text(cluster)
    two = sorted(set(kinds))
    if len(two) != 2:
        raise EvidenceError(
            "a bivariate model needs two outcomes", file=raw.file, field=outcome, value=", ".join(two),
            expected="two different names",
        )  # fmt: skip
    seen: set[tuple[str, str]] = set()
    for row, pair in zip(raw.rows, zip(groups, kinds, strict=True), strict=True):
        if pair in seen:
            raise EvidenceError(
                f"study {pair[0]!r} has the outcome twice", file=raw.file, row=row, field=outcome, value=pair[1],
                expected="each outcome once in a study",
            )  # fmt: skip
        seen.add(pair)
    x = np.array([[float(kind == name) for name in two] for kind in kinds])
    same = _same(groups)
    shared = np.nan_to_num(raw.numbers(covariance)) if covariance in raw.columns else np.zeros(len(data))
    if covariance not in raw.columns:
        notes = (
            *notes,
            f"there is no column {covariance}: the outcomes of a study were taken as independent",
        )
    s = same * np.sqrt(np.abs(np.outer(shared, shared))) * np.sign(shared)[:, None]
    np.fill_diagonal(s, data.vi)
    for i, j in np.argwhere(np.triu(same, 1) > 0):
        if shared[i] != shared[j] or shared[i] ** 2 >= data.vi[i] * data.vi[j]:
            raise EvidenceError(
                "the covariance does not fit the two variances of the study", file=raw.file, row=raw.rows[j],
                field=covariance, value=f"{shared[j]:g}", expected="one value a study, below the root of vi times vi",
            )  # fmt: skip
    one, other = (np.outer(x[:, a], x[:, a]) * same for a in (0, 1))
    cross = (np.outer(x[:, 0], x[:, 1]) + np.outer(x[:, 1], x[:, 0])) * same
    cut = blocks(data.yi, x, s, [one, other, cross], groups)
    spread = [float(np.std(data.yi[x[:, a] > 0])) + 1e-6 for a in (0, 1)]
    # Free parameters are the Cholesky factor of the covariance between studies, so it stays one.
    starts = [
        np.array([spread[0] * size, spread[1] * size * r, spread[1] * size * np.sqrt(1 - r**2)])
        for size in (0.3, 1.0)
        for r in (-0.8, 0.0, 0.8)
    ]
    theta = maximise(cut, starts, _from_cholesky, [0.0, None, 0.0], restricted=model == "REML")
    product = float(np.sqrt(theta[0] * theta[1]))
    correlation = float(np.clip(theta[2] / product, -1, 1)) if product > 0 else None
    if correlation is not None and abs(correlation) > 1 - 1e-6:
        notes = (*notes, "the correlation is estimated at its bound: the studies say little about it")
    components = {two[0]: float(theta[0]), two[1]: float(theta[1])}
    return _finish(
        data, x, tuple(two), cut, s, [one, other, cross], theta, components, correlation, groups, model, test, level, notes
    )  # fmt: skip


def _from_cholesky(free: Floats) -> tuple[Floats, Floats]:
    a, b, c = free
    return np.array([a * a, b * b + c * c, a * b]), np.array([[2 * a, 0, 0], [0, 2 * b, 2 * c], [b, a, 0]])


def _same(labels: Sequence[str]) -> Floats:
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    return np.asarray(codes[:, None] == codes[None, :], dtype=float)


def _prepare(
    source: EffectTable | Source, mods: Moderators | None, model: str, test: str
) -> tuple[EffectTable, Floats, tuple[str, ...], tuple[str, ...]]:
    if model not in ("REML", "ML"):
        raise EvidenceError("this model is not known here", field="model", value=model, expected="REML or ML")
    if test not in ("z", "t"):
        raise EvidenceError("this test is not known here", field="test", value=test, expected="z or t")
    data = source if isinstance(source, EffectTable) else read_effects(source)
    made = design(data.raw, mods)
    if made.gaps:
        row, name = made.gaps[0]
        raise EvidenceError(
            "a moderator is missing", file=data.raw.file, row=data.raw.rows[row], field=name, value="empty cell",
            expected="a value", advice="fill it in or take the row out",
        )  # fmt: skip
    require_rank(data.raw, made, made.x)
    return data, made.x, made.terms, (*data.notes, *made.notes)


def _finish(
    data: EffectTable, x: Floats, terms: tuple[str, ...], cut: Blocks, s: Floats, patterns: Sequence[Floats], theta: Floats,
    components: dict[str, float], correlation: float | None, groups: tuple[str, ...], model: str, test: str, level: float,
    notes: tuple[str, ...],
) -> MultilevelResult:  # fmt: skip
    made = evaluate(cut, theta, restricted=model == "REML")
    inverse = np.linalg.inv(s)
    residual = data.yi - x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ data.yi)
    marginal = s + sum(value * pattern for value, pattern in zip(theta, patterns, strict=True))
    df = float(len(set(groups)) - len(terms)) if test == "t" else float("inf")
    return MultilevelResult(
        data, x, terms, components, correlation, made.coefficients, made.covariance, np.asarray(marginal), groups, test,
        df, level, float(-made.value), float(residual @ inverse @ residual), model, cut,
        notes,
    )  # fmt: skip
