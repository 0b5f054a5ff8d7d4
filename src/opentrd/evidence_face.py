"""The Python face of the evidence wing: ``opentrd.pool`` takes an effects table, whatever its shape, and every analysis of it
returns a table and can draw itself (``plot``) and write a page (``report``).

>>> pooled = opentrd.pool("effects.csv", measure="OR")
>>> pooled.table()                        # one object, names of the effects contract
>>> pooled.leave_one_out().table()        # rows
>>> pooled.funnel().plot().save("funnel.svg")
>>> pooled.report("pages/")               # forest, funnel, what the result rests on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from opentrd import evidence
from opentrd.evidence import network as networks
from opentrd.evidence.arguments import (
    check_level,
    check_names,
    check_truth,
    check_words,
    folder_of,
    said,
)
from opentrd.evidence.effect import measure_named
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network import NetworkResult
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence_other import (
    COUNT_MODELS,
    Other,
    PooledRobust,
    pool_counts,
    pool_levels,
    pool_parts,
    pool_robust,
)
from opentrd.evidence_reading import both_treatments, effects_of, one_measure, raw_table, shape

if TYPE_CHECKING:
    from opentrd.report.evidence_svg import Drawing

Row = dict[str, Any]
# The names that one object of a pairwise and of a network meta-analysis has in the effects contract.
PAIRWISE_KEYS = (
    "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "tau2_low", "tau2_high", "i2", "h2",
    "q", "q_df", "q_p", "k",
)  # fmt: skip
NETWORK_KEYS = ("tau2", "q_total", "q_within", "q_between", "treatments", "league", "p_score")
LEAGUE_KEYS = ("treatment_1", "treatment_2", "estimate", "se", "ci_low", "ci_high")


@dataclass(frozen=True)
class Analysis:
    """One analysis of a pooled result: its ``name``, its ``rows``, and the ``result`` it was made of."""

    name: str
    result: PairwiseResult | NetworkResult
    rows: tuple[Row, ...]

    def table(self) -> list[Row]:
        """The rows, each a mapping that JSON can hold."""
        return [dict(row) for row in self.rows]

    def plot(self) -> Drawing:
        """The analysis as an SVG drawing; a notebook shows it, ``save`` writes it. Raises EvidenceError where a table says
        it better."""
        from opentrd.report import evidence as pages

        return pages.plot(self.result, self.name, self.rows)

    def report(self, path: str | Path) -> Path:
        """Write a page of this analysis (drawing and table) into the folder ``path`` and return it."""
        from opentrd.report import evidence as pages

        return pages.report_analysis(self.result, self.name, self.rows, folder_of(path))


@dataclass(frozen=True)
class PooledPairwise:
    """A pairwise meta-analysis; ``result`` holds the numbers (``opentrd.evidence.PairwiseResult``)."""

    result: PairwiseResult

    def table(self) -> Row:
        """The result as one object under the names of the effects contract, with model, test and notes."""
        return self.result.table()

    def contract(self) -> Row:
        """Exactly the names of the effects contract; with moderators also their coefficients and common test."""
        table = self.result.table()
        more = ("coefficients", "omnibus", "omnibus_df", "omnibus_p")
        return {name: table[name] for name in (*PAIRWISE_KEYS, *(key for key in more if key in table))}

    def plot(self, kind: str = "forest") -> Drawing:
        """``forest``, ``funnel``, ``leave_one_out``, ``cumulative`` or ``regression`` (one numeric moderator)."""
        from opentrd.report import evidence as pages

        return pages.plot(self.result, kind)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write the page and the tables into the folder ``path``; return the page. Options: ``opentrd.report.evidence``."""
        from opentrd.report import evidence as pages

        return pages.report(self.result, folder_of(path), **_page_options(options))

    def studies(self) -> Analysis:
        """One row for each study with its weight; drawn as a forest."""
        return Analysis("forest", self.result, tuple(self.result.studies()))

    def coefficients(self) -> Analysis:
        """One row for each coefficient of a meta-regression."""
        return Analysis("regression", self.result, tuple(self.result.coefficients()))

    def leave_one_out(self) -> Analysis:
        """The result without each study in turn."""
        return Analysis("leave_one_out", self.result, tuple(evidence.leave_one_out(self.result)))

    def cumulative(self, order: Sequence[float] | str | None = None) -> Analysis:
        """The result as studies are added, in file order or by ``order`` (a column, such as the year)."""
        return Analysis("cumulative", self.result, tuple(evidence.cumulative(self.result, order)))

    def influence(self) -> Analysis:
        """How the result changes without each study, as diagnostics."""
        from opentrd.report.evidence_shared import influence_of

        return Analysis("influence", self.result, tuple(influence_of(self.result)))

    def subgroups(self, by: str, *, tau2: str = "separate") -> Analysis:
        """The subgroups that a column makes; the last row is the test between them."""
        found = evidence.subgroups(self.result, by, tau2=tau2).table()
        test = {"subgroup": "test between", **{name: found[name] for name in ("statistic", "df", "p_value")}}
        return Analysis("subgroups", self.result, (*found["subgroups"], test))

    def robust(self, cluster: str = "study") -> PooledRobust:
        """Standard errors that allow for dependence inside the clusters that a column makes (CR2)."""
        check_words(cluster=cluster)
        return pool_robust(self.result, cluster)

    def funnel(self) -> Analysis:
        """Estimate and standard error of each study."""
        return Analysis("funnel", self.result, tuple(evidence.funnel(self.result)["points"]))

    def small_studies(self) -> Analysis:
        """Egger, Begg, trim and fill, PET-PEESE: one row for each, with what it says or why it cannot."""
        from opentrd.report.evidence_content import small_study_rows

        return Analysis("small_studies", self.result, tuple(small_study_rows(self.result)))


@dataclass(frozen=True)
class PooledNetwork:
    """A network meta-analysis; ``result`` holds the numbers (``opentrd.evidence.network.NetworkResult``)."""

    result: NetworkResult

    def table(self) -> Row:
        """Everything as one object; the transitivity table stands before the league table."""
        return self.result.table()

    def contract(self) -> Row:
        """The names of the effects contract, with the transitivity table before the league and, after the P-scores, the
        ranking: each P-score with its interval, certainty and position in the network."""
        table = self.result.table()
        table["league"] = [{name: row[name] for name in LEAGUE_KEYS} for row in table["league"]]
        before = ("tau2", "q_total", "q_within", "q_between", "treatments", "transitivity")
        return {name: table[name] for name in (*before, "league", "p_score", "ranking")}

    def plot(self, kind: str = "network") -> Drawing:
        """``network``, ``forest`` (each treatment against the reference), ``rankogram``, ``node_splits`` or ``net_heat``."""
        from opentrd.report import evidence as pages

        return pages.plot(self.result, kind)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write the page and the tables into the folder ``path``; return the page. Options: ``opentrd.report.evidence``."""
        from opentrd.report import evidence as pages

        return pages.report(self.result, folder_of(path), **_page_options(options))

    def studies(self) -> Analysis:
        """One row for each study and pair of treatments; drawn as the network."""
        return Analysis("network", self.result, tuple(self.result.studies()))

    def transitivity(self) -> Analysis:
        """How definition, stage and baseline are spread over the studies of each treatment."""
        return Analysis("transitivity", self.result, tuple(self.result.transitivity()))

    def league(self, reference: str | None = None) -> Analysis:
        """Every ordered pair of treatments, treatment_1 minus treatment_2, or only those against ``reference``."""
        return Analysis("forest", self.result, tuple(self.result.league(reference)))

    def ranking(self) -> Analysis:
        """P-scores with their intervals, certainty and position, the best first."""
        return Analysis("rankogram", self.result, tuple(self.result.p_scores()))

    def node_splits(self) -> Analysis:
        """Direct against indirect evidence for each comparison."""
        return Analysis("node_splits", self.result, tuple(networks.node_splits(self.result)))

    def net_heat(self) -> Analysis:
        """Where inconsistency comes from, design against design."""
        return Analysis("net_heat", self.result, tuple(networks.net_heat(self.result).rows()))

    def contribution(self, method: str = "shortest-path") -> Analysis:
        """How much each direct comparison contributes to each estimate."""
        return Analysis("contribution", self.result, tuple(networks.contribution(self.result, method).rows()))

    def regression(self, covariate: str, slopes: str = "common") -> Analysis:
        """How the effects against the reference change with a characteristic of the studies."""
        found = networks.regress_network(self.result, covariate, slopes)
        return Analysis("regression", self.result, tuple(found.rows()))


Pooled = PooledPairwise | PooledNetwork | Other


def pool(
    source: Any, vi: ArrayLike | None = None, *, measure: str | None = None, model: str = "REML",
    test: str | None = None, mods: Any = None, level: float = 0.95, zero_cells: str | None = None,
    missing: str = "error", reference: str | None = None, small_is_good: bool = False,
    certainty: dict[str, str] | None = None, levels: Any = None, cluster: str | None = None,
    components: bool | str = False, inactive: str | None = None,
) -> Pooled:  # fmt: skip
    """Pool an effects table: pairwise or network, as its columns say (docs/evidence.md has the shapes).

    ``source``: a CSV file, rows, columns in memory (a mapping, an Arrow, pandas or Polars table), or the estimates
    themselves with ``vi`` their sampling variances. ``measure``: for raw numbers; beside yi and vi it only names what
    these are. ``model``: REML, DL, PM, ML, EB, SJ, HE or common (networks: REML, DL, ML, common). ``test``: knapp-hartung
    (default of pairwise) or z (default of networks and of the common effect). ``mods``: moderators (pairwise).
    ``level``: of all intervals. ``zero_cells``, ``missing``: see ``opentrd.evidence``. Networks only: ``reference``,
    ``small_is_good`` (for ranks), ``certainty`` (treatment -> certainty of its evidence).
    Other analyses (:mod:`opentrd.evidence_other`): ``model`` mantel-haenszel or peto (of counts); ``levels``: nested random
    effects, columns from the outermost inwards; ``cluster``: a column by which standard errors are made robust; of a network
    ``components`` (True, or the sign between them) with ``inactive``, the component without effect.
    Raises EvidenceError with file, row, field, value, what was expected and what to do.
    """
    check_words(
        measure=measure, model=model, test=test, zero_cells=zero_cells, missing=missing, reference=reference
    )
    check_level(level)
    check_truth("small_is_good", small_is_good)
    check_names("certainty", certainty)
    check_words(cluster=cluster, inactive=inactive)
    if not isinstance(components, bool | str):
        raise EvidenceError(
            "this argument takes a yes, or the sign between components", field="components", value=said(components),
            expected='True, or "+"',
        )  # fmt: skip
    if inactive is not None and components is False:
        raise EvidenceError(
            "an inactive component belongs to components",
            field="inactive",
            value=inactive,
            expected="components=True with it",
        )
    if vi is not None:
        for name, value in (
            ("reference", reference),
            ("certainty", certainty),
            ("zero_cells", zero_cells),
            ("small_is_good", small_is_good or None),
            ("levels", levels),
            ("cluster", cluster),
            ("components", components or None),
        ):
            if value is not None:
                raise EvidenceError(
                    "estimates with their variances take no such choice", field=name, advice="leave it out"
                )
        made = evidence.pool(source, vi, model=model, test=test, mods=mods, level=level, missing=missing)
        if measure is not None:
            made = replace(made, data=replace(made.data, measure=measure_named(measure).name))
        return PooledPairwise(made)
    raw = raw_table(source)
    both_treatments(raw)
    if not len(raw):
        raise EvidenceError("there is no study in the table", file=raw.file)
    network = shape(raw.columns, measure) == "network"
    _check_other(network, model, test, mods, missing, zero_cells, levels, cluster, components)
    if network and components is not False:
        if reference is not None or certainty is not None or small_is_good:
            raise EvidenceError(
                "components have neither a reference treatment nor ranks",
                field="reference" if reference is not None else "certainty" if certainty is not None else "small_is_good",
                expected="nothing", advice="leave it out; the inactive component is the one to name",
            )  # fmt: skip
        return pool_parts(
            raw,
            components,
            measure=measure,
            model=model,
            level=level,
            inactive=inactive,
            zero_cells=zero_cells,
        )
    if network:
        if mods is not None:
            raise EvidenceError(
                "moderators belong to a pairwise table", file=raw.file, field="mods", value=str(mods),
                advice="pool the network without them, then ask it for regression(covariate)",
            )  # fmt: skip
        if missing != "error":
            raise EvidenceError(
                "rows of a network cannot be left out for an empty cell: an arm would be lost", file=raw.file,
                field="missing", value=missing, expected="error", advice="fill the cells, or take the studies out",
            )  # fmt: skip
        return PooledNetwork(
            networks.pool_network(
                raw, measure=measure, model=model, test=test or "z", level=level, reference=reference,
                small_is_good=small_is_good, certainty=certainty, zero_cells=zero_cells or "only",
            )
        )  # fmt: skip
    if reference is not None or certainty is not None:
        raise EvidenceError(
            "a reference treatment and certainty by treatment belong to a network", file=raw.file,
            field="reference" if reference is not None else "certainty", advice="leave it out",
        )  # fmt: skip
    found = one_measure(raw, measure)
    if model in COUNT_MODELS:
        return pool_counts(raw, model, found, level)
    data = effects_of(raw, found, measure is not None, zero_cells, missing)
    if levels is not None:
        return pool_levels(data, levels, model=model, test=test, mods=mods, level=level, cluster=cluster)
    made = evidence.pool(data, model=model, test=test, mods=mods, level=level, missing=missing)
    return PooledPairwise(made) if cluster is None else pool_robust(made, cluster)


def _check_other(
    network: bool, model: str, test: str | None, mods: Any, missing: str, zero_cells: str | None, levels: Any,
    cluster: str | None, components: bool | str,
) -> None:  # fmt: skip
    """Refuse choices that do not belong to the analysis asked for."""
    counts = model in COUNT_MODELS
    given = {
        "levels": levels, "cluster": cluster, "components": components or None, "mods": mods, "zero_cells": zero_cells,
        "missing": None if missing == "error" else missing, "test": test, "model": model if counts else None,
    }  # fmt: skip
    if network:
        what = "a network"
        not_here: tuple[str, ...] = ("levels", "cluster", "model")
        if components is not False:
            what, not_here = "components", ("mods", "missing", "test", "model", "levels", "cluster")
    elif counts:
        what, not_here = model, ("levels", "cluster", "components", "mods", "zero_cells", "missing", "test")
    else:
        what, not_here = "a pairwise table", ("components",)
    for name in not_here:
        if given[name] is not None:
            raise EvidenceError(
                f"{what} takes no such choice",
                field=name,
                value=said(given[name]),
                expected="nothing",
                advice="leave it out",
            )


def _page_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a page. Raises EvidenceError for one that there is not, or that is of another kind."""
    from opentrd.report.evidence_certainty import Question

    for name, value in options.items():
        if name not in ("name", "question"):
            raise EvidenceError(
                "a page has no such option", field=name, value=said(value), expected="name or question"
            )
    check_words(name=options.get("name"))
    if not isinstance(options.get("question"), Question | None):
        raise EvidenceError(
            "this is not what a certainty is asked for", field="question", value=said(options["question"]),
            expected="opentrd.report.evidence_certainty.Question(zone=(-0.2, 0.2), ...)",
        )  # fmt: skip
    return options
