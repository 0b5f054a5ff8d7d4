"""The Python face of the evidence wing: ``opentrd.pool`` takes an effects table, whatever its shape, and every analysis of it
returns a table and can draw itself (``plot``) and write a page (``report``).

>>> pooled = opentrd.pool("effects.csv", measure="OR")
>>> pooled.table()                        # one object, names of the effects contract
>>> pooled.leave_one_out().table()        # rows
>>> pooled.funnel().plot().save("funnel.svg")
>>> pooled.report("pages/")               # forest, funnel, what the result rests on
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from opentrd.evidence.effect import MEASURES, measure_named
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network import NetworkResult
from opentrd.evidence.network.arms import MEASURES as ARM_MEASURES
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.table import MISSING, RawTable, read_table

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
# Words in a column ``measure`` that say it is about effect measures, beside the names of these.
_OTHER_NAMES = frozenset({"D", "G", "HEDGES G", "COHEN D", "LOG OR", "LOG RR", "LOG HR"})
# Raw columns of two groups in one row: such a table is pairwise even when it also names a treatment.
_TWO_GROUPS = ("yi", "events_1", "mean_1", "o_minus_e")


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


Pooled = PooledPairwise | PooledNetwork


def pool(
    source: Any, vi: ArrayLike | None = None, *, measure: str | None = None, model: str = "REML",
    test: str | None = None, mods: Any = None, level: float = 0.95, zero_cells: str | None = None,
    missing: str = "error", reference: str | None = None, small_is_good: bool = False,
    certainty: dict[str, str] | None = None,
) -> Pooled:  # fmt: skip
    """Pool an effects table: pairwise or network, as its columns say (docs/evidence.md has the shapes).

    ``source``: a CSV file, rows, columns in memory (a mapping, an Arrow, pandas or Polars table), or the estimates
    themselves with ``vi`` their sampling variances. ``measure``: for raw numbers; beside yi and vi it only names what
    these are. ``model``: REML, DL, PM, ML, EB, SJ, HE or common (networks: REML, DL, ML, common). ``test``: knapp-hartung
    (default of pairwise) or z (default of networks and of the common effect). ``mods``: moderators (pairwise).
    ``level``: of all intervals. ``zero_cells``, ``missing``: see ``opentrd.evidence``. Networks only: ``reference``,
    ``small_is_good`` (for ranks), ``certainty`` (treatment -> certainty of its evidence).
    Raises EvidenceError with file, row, field, value, what was expected and what to do.
    """
    check_words(
        measure=measure, model=model, test=test, zero_cells=zero_cells, missing=missing, reference=reference
    )
    check_level(level)
    check_truth("small_is_good", small_is_good)
    check_names("certainty", certainty)
    if vi is not None:
        for name, value in (
            ("reference", reference),
            ("certainty", certainty),
            ("zero_cells", zero_cells),
            ("small_is_good", small_is_good or None),
        ):
            if value is not None:
                raise EvidenceError(
                    "estimates with their variances take no such choice", field=name, advice="leave it out"
                )
        made = evidence.pool(source, vi, model=model, test=test, mods=mods, level=level, missing=missing)
        if measure is not None:
            made = replace(made, data=replace(made.data, measure=measure_named(measure).name))
        return PooledPairwise(made)
    raw = _raw(source)
    _both_treatments(raw)
    if not len(raw):
        raise EvidenceError("there is no study in the table", file=raw.file)
    if shape(raw.columns, measure) == "network":
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
    found = _one_measure(raw, measure)
    made = evidence.pool(
        _effects(raw, found, measure is not None, zero_cells, missing),
        model=model, test=test, mods=mods, level=level, missing=missing,
    )  # fmt: skip
    return PooledPairwise(made)


def shape(columns: Iterable[str], measure: str | None = None) -> str:
    """``pairwise`` or ``network``, by the columns of an effects table."""
    names = set(columns)
    if {"treatment_1", "treatment_2"} <= names:
        return "network"
    single = measure is not None and measure.upper() not in ARM_MEASURES
    if "treatment" in names and not names & set(_TWO_GROUPS) and not single:
        return "network"
    return "pairwise"


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


def _both_treatments(raw: RawTable) -> None:
    """Refuse one of the two treatment columns of a network without the other: pooled as pairwise, all comparisons would mix."""
    there = [name for name in ("treatment_1", "treatment_2") if name in raw.columns]
    if len(there) == 1 and not raw.columns.keys() & {"events_1", "mean_1", "o_minus_e"}:
        other = "treatment_2" if there[0] == "treatment_1" else "treatment_1"
        raise EvidenceError(
            f"the table has {there[0]} but not {other}", file=raw.file, field=other,
            expected="both, in a network of contrasts", advice=f"the table has: {', '.join(raw.columns)}",
        )  # fmt: skip


def _raw(source: Any) -> RawTable:
    if (
        isinstance(source, Sequence)
        and not isinstance(source, str)
        and len(source)
        and all(isinstance(row, Mapping) for row in source)
    ):
        names = list(dict.fromkeys(name for row in source for name in row))
        source = {name: [row.get(name) for row in source] for name in names}
    return read_table(source)


def _effects(
    raw: RawTable, measure: str | None, asked: bool, zero_cells: str | None, missing: str
) -> evidence.EffectTable:
    """Estimates as the table gives them (a measure then only names them), or computed from its raw numbers."""
    named = measure_named(measure) if measure else None
    whole = named is not None and all(column in raw.columns for column in named.columns)
    if "yi" in raw.columns and not (whole and asked):
        table = evidence.read_effects(raw, missing=missing)
        if named is None:
            return table
        note = f"yi and its variance are taken from the table as they stand ({named.name}"
        note += ", as logarithms)" if named.scale == "log" else ")"
        return replace(table, measure=named.name, notes=(*table.notes, note))
    return evidence.read_effects(raw, measure=measure, zero_cells=zero_cells, missing=missing)


def _one_measure(raw: RawTable, measure: str | None) -> str | None:
    """The measure asked for, else that of the column ``measure``. Raises EvidenceError for two measures or scales."""
    words = {cell.strip().upper() for cell in raw.columns.get("measure", ())} - {"", "NA"}
    said = None
    if words & (
        MEASURES.keys() | _OTHER_NAMES
    ):  # else the column is about something else, such as the scale used
        said = _one_value(
            raw,
            "measure",
            "two effect measures in one table",
            "convert them to one measure, or pool them apart",
        )
        said = said if said and said.upper() in MEASURES else None
    chosen = measure or said
    if said is not None and measure is not None and said.upper() != measure.upper():
        row = next(row for row, cell in zip(raw.rows, raw.columns["measure"], strict=True) if cell)
        raise EvidenceError(
            f"the table says {said}, asked for was {measure}", file=raw.file, row=row, field="measure",
            value=said, expected=measure, advice="leave out --measure, or correct the column",
        )  # fmt: skip
    name = (chosen or "").upper()
    if name == "MD":
        _one_value(
            raw, "scale", "mean differences on two scales in one table",
            "use the standardised mean difference (SMD), or pool the scales apart",
        )  # fmt: skip
    if name == "SMD" or words & {"D", "G", "HEDGES G", "COHEN D"}:
        _one_value(
            raw, "score", "change and final scores in one standardised mean difference",
            "use the mean difference, or pool them apart",
        )  # fmt: skip
    return chosen


def _one_value(raw: RawTable, field: str, message: str, advice: str) -> str | None:
    first: tuple[int, str] | None = None
    for row, cell in zip(raw.rows, raw.columns.get(field, ()), strict=False):
        if cell.strip().lower() in MISSING:
            continue
        if first is not None and cell.strip().casefold() != first[1].casefold():
            raise EvidenceError(
                f"{message}: {first[1]} in row {first[0]}", file=raw.file, row=row, field=field, value=cell,
                expected=f"{first[1]} in every row", advice=advice,
            )  # fmt: skip
        first = first or (row, cell.strip())
    return first[1] if first else None
