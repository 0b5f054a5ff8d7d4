"""The other analyses of an effects table behind one face: Mantel-Haenszel and Peto, several levels, cluster-robust standard
errors, components of combined treatments. Each has ``table``, ``contract``, ``plot`` and ``report`` like the rest.

>>> opentrd.pool("counts.csv", model="peto").table()
>>> opentrd.pool("effects.csv", levels="study").plot()          # several effects of one study
>>> opentrd.pool("effects.csv", cluster="study").report("pages/")
>>> opentrd.pool("network.csv", measure="SMD", components=True, inactive="placebo").components()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opentrd import evidence
from opentrd.evidence.arguments import check_words, folder_of, said
from opentrd.evidence.effect_binary import COLUMNS, cells
from opentrd.evidence.effect_checks import Columns
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network import pool_components
from opentrd.evidence.network.components import ComponentResult
from opentrd.evidence.pairwise.counts import CountResult
from opentrd.evidence.pairwise.multilevel import MultilevelResult
from opentrd.evidence.pairwise.profile import variance_intervals
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.pairwise.robust import Robust, cluster_robust
from opentrd.evidence.table import EffectTable, RawTable

if TYPE_CHECKING:
    from opentrd.report.evidence_svg import Drawing

Row = dict[str, Any]
COUNT_MODELS = ("mantel-haenszel", "peto")


class _Face(ABC):
    """Drawing and page of an analysis that is not the plain pairwise or network one."""

    @abstractmethod
    def table(self) -> Row:
        """The result as one object that JSON can hold."""

    def contract(self) -> Row:
        """What ``--json`` prints: the table without its notes."""
        return {name: value for name, value in self.table().items() if name != "notes"}

    def plot(self, kind: str = "forest") -> Drawing:
        """The drawing of the result (``forest``)."""
        from opentrd.report import evidence_other as pages

        return pages.plot(self, kind)

    def report(self, path: str | Path, *, name: str = "") -> Path:
        """Write the page and its tables into the folder ``path``; return the page. ``name``: of the table, in its title."""
        from opentrd.report import evidence_other as pages

        check_words(name=name)
        return pages.report(self, folder_of(path), name)


@dataclass(frozen=True)
class PooledCounts(_Face):
    """A common effect pooled from counts (Mantel-Haenszel, Peto); ``data``: the same studies with their own estimates, 1/2
    added where a cell is 0; ``silent``: whether a study holds no information; ``weight``: per cent, as the method weighs."""

    result: CountResult
    data: EffectTable
    silent: tuple[bool, ...]
    weight: tuple[float, ...]

    def table(self) -> Row:
        """The common effect under the names of the effects contract."""
        return self.result.table()

    def studies(self) -> list[Row]:
        """One row for each study: counts, own estimate (None without information) and weight in per cent."""
        raw = self.data.raw
        half = float(_quantile(self.result.level))
        rows = []
        for i, name in enumerate(self.data.study):
            se = float(np.sqrt(self.data.vi[i]))
            yi = float(self.data.yi[i])
            known = {"estimate": yi, "se": se, "ci_low": yi - half * se, "ci_high": yi + half * se}
            rows.append(
                {"study": name, **{column: raw.columns[column][i] for column in COLUMNS}}
                | (dict.fromkeys(known) if self.silent[i] else known)
                | {"weight": self.weight[i]}
            )
        return rows


@dataclass(frozen=True)
class PooledMultilevel(_Face):
    """Random effects at nested levels; ``clustered``: cluster-robust standard errors by the outermost level, or None."""

    result: MultilevelResult
    clustered: Robust | None = None

    def table(self) -> Row:
        """Coefficients, variance components, Q; with ``robust`` where it was asked for."""
        return self.result.table() | ({"robust": self.clustered.table()} if self.clustered else {})

    def variances(self) -> list[Row]:
        """One row for each variance component with its profile likelihood interval."""
        return variance_intervals(self.result, level=self.result.level)

    def studies(self) -> list[Row]:
        """One row for each row of the table: estimate with its own interval, and its outermost cluster."""
        return _rows(self.result.data, self.result.level, self.result.groups)


@dataclass(frozen=True)
class PooledRobust(_Face):
    """A pairwise result with standard errors that allow for dependence inside the clusters of ``cluster``."""

    result: PairwiseResult
    clustered: Robust
    cluster: str

    def table(self) -> Row:
        """Coefficients with robust standard errors, and the model-based ones beside them."""
        plain = self.result.table()
        names = ("tau2", "i2", "q", "q_df", "q_p", "k", "model", "measure", "level")
        first = self.clustered.rows[0]
        kept = {name: first[name] for name in ("estimate", "se", "df", "p_value", "ci_low", "ci_high")}
        return {
            **kept, **{name: plain[name] for name in names}, "cluster": self.cluster, "clusters": self.clustered.clusters,
            "kind": self.clustered.kind, "coefficients": list(self.clustered.rows),
            "model_based": self.result.coefficients(),
            "notes": [*(note for note in plain["notes"] if "as if independent" not in note), *self.clustered.notes],
        }  # fmt: skip

    def studies(self) -> list[Row]:
        """One row for each row of the table: estimate with its own interval, weight, and its cluster."""
        groups = self.result.data.raw.text(self.cluster)
        weights = [row["weight"] for row in self.result.studies()]
        rows = _rows(self.result.data, self.result.fitted.level, groups)
        return [row | {"weight": weight} for row, weight in zip(rows, weights, strict=True)]


@dataclass(frozen=True)
class PooledComponents(_Face):
    """An additive model of components (``SSRI+lithium`` = SSRI + lithium), also for a network in several parts."""

    result: ComponentResult

    def table(self) -> Row:
        """Everything as one object: tests of additivity, components, league."""
        return self.result.table()

    def components(self) -> list[Row]:
        """The incremental effect of each component, or why it cannot be estimated."""
        return self.result.components()

    def league(self) -> list[Row]:
        """Every ordered pair of treatments as the sum of their components, treatment_1 minus treatment_2."""
        return self.result.league()

    def combination(self, components: Sequence[str], against: Sequence[str] = ()) -> Row:
        """Any combination of components against another one (default: nothing but the inactive), tried in a study or not."""
        return self.result.combination(components, against)


Other = PooledCounts | PooledMultilevel | PooledRobust | PooledComponents


def pool_counts(raw: RawTable, model: str, measure: str | None, level: float) -> PooledCounts:
    """Pool counts by ``mantel-haenszel`` (OR, RR, RD) or ``peto`` (OR). Raises EvidenceError without the counts."""
    for name in COLUMNS:
        raw.text(name, f"{model} pools counts: {', '.join(COLUMNS)}")
    if model == "peto":
        if (measure or "OR").upper() not in ("OR", "PETO"):
            raise EvidenceError(
                "Peto's method pools odds ratios", field="measure", value=measure, expected="OR"
            )
        found, shown = evidence.peto(raw, level=level), "OR"
    else:
        shown = (measure or "OR").upper()
        found = evidence.mantel_haenszel(raw, shown, level=level)
    data = evidence.read_effects(raw, measure=shown, zero_cells="variance" if shown == "RD" else "only")
    a, b, c, d = cells(Columns({name: data.raw.numbers(name) for name in COLUMNS}))
    n1, n2 = a + b, c + d
    silent = (
        (a + c == 0) | ((b + d == 0) & (shown == "OR")) if shown != "RD" else np.zeros(len(a), dtype=bool)
    )
    if model == "peto":
        weight = n1 * n2 * (a + c) * (b + d) / (n1 + n2) ** 2 / np.maximum(n1 + n2 - 1, 1)
    else:
        weight = {"OR": b * c, "RR": c * n1, "RD": n1 * n2}[shown] / (n1 + n2)
    total = float(weight.sum()) or 1.0
    return PooledCounts(
        found, data, tuple(bool(one) for one in silent), tuple(float(one) for one in 100 * weight / total)
    )


def pool_levels(
    data: EffectTable,
    levels: Any,
    *,
    model: str,
    test: str | None,
    mods: Any,
    level: float,
    cluster: str | None,
) -> PooledMultilevel:
    """Random effects at nested levels (columns from the outermost inwards); ``cluster`` must be the outermost of them."""
    names = _columns("levels", levels)
    found = evidence.pool_multilevel(data, names, model=model, test=test or "z", mods=mods, level=level)
    if cluster is not None and cluster != names[0]:
        raise EvidenceError(
            "with levels, standard errors are made robust by the outermost one", field="cluster", value=cluster,
            expected=names[0], advice="leave out levels to cluster by another column",
        )  # fmt: skip
    return PooledMultilevel(found, found.robust() if cluster else None)


def pool_robust(result: PairwiseResult, cluster: str) -> PooledRobust:
    """Cluster-robust standard errors (CR2) of a pairwise result, by a column of its table."""
    return PooledRobust(result, cluster_robust(result, cluster), cluster)


def pool_parts(
    raw: RawTable, components: Any, *, measure: str | None, model: str, level: float, inactive: str | None,
    zero_cells: str | None,
) -> PooledComponents:  # fmt: skip
    """A network by its components; ``components``: True, or the sign between them (default ``+``)."""
    separator = "+" if components is True else components
    return PooledComponents(
        pool_components(
            raw, measure=measure, model=model, separator=separator, inactive=inactive, level=level,
            zero_cells=zero_cells or "only",
        )
    )  # fmt: skip


def _columns(field: str, value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise EvidenceError(
            "this argument takes names of columns",
            field=field,
            value=said(value),
            expected='"study", or ("centre", "study")',
        )
    return tuple(name.strip() for name in names if name.strip())


def _quantile(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def _rows(data: EffectTable, level: float, groups: Sequence[str]) -> list[Row]:
    half = _quantile(level)
    se = np.sqrt(data.vi)
    return [
        {
            "row": data.raw.rows[i], "study": name, "cluster": groups[i], "estimate": float(data.yi[i]), "se": float(se[i]),
            "ci_low": float(data.yi[i] - half * se[i]), "ci_high": float(data.yi[i] + half * se[i]),
        }
        for i, name in enumerate(data.study)
    ]  # fmt: skip
