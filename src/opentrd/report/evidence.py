"""Pages, drawings and table files of the evidence wing, from its results: ``plot``, ``report`` and, for several files, ``write``."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.evidence import EvidenceError, cumulative, funnel, leave_one_out
from opentrd.evidence.network import NetworkResult, net_heat
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence_other import Other, PooledComponents, PooledCounts, PooledMultilevel, PooledRobust
from opentrd.report import evidence_charts as pairwise_charts
from opentrd.report import (
    evidence_content,
    evidence_network_charts,
    evidence_network_content,
    evidence_other,
    pages,
)
from opentrd.report import evidence_words as words
from opentrd.report.evidence_certainty import Question
from opentrd.report.evidence_shared import contribution_of, influence_of, possible, splits_of
from opentrd.report.evidence_svg import Drawing

Row = Mapping[str, Any]
Result = PairwiseResult | NetworkResult
Written = Result | Other
PAIRWISE_PLOTS = ("forest", "funnel", "leave_one_out", "cumulative", "regression")
NETWORK_PLOTS = ("network", "forest", "rankogram", "node_splits", "net_heat")
_OTHER = (PooledCounts, PooledMultilevel, PooledRobust, PooledComponents)
_TITLES = {
    "forest": "Effects", "funnel": "Funnel", "leave_one_out": "Without each study in turn",
    "cumulative": "As studies are added", "regression": "Regression", "subgroups": "Subgroups",
    "influence": "Influence of single studies", "small_studies": "Small-study effects", "network": "The network",
    "rankogram": "Ranks", "node_splits": "Direct against indirect evidence", "net_heat": "Net heat",
    "transitivity": "Transitivity", "contribution": "What each estimate rests on",
}  # fmt: skip
# What a reader has to know of an analysis, on its own page.
_SAYS = {
    "leave_one_out": "The pooled effect without each study in turn.",
    "cumulative": "The pooled effect of the studies up to this one, in the order chosen; the first line is one study by itself.",
    "influence": "How the result changes without a study (Viechtbauer and Cheung 2010).",
    "small_studies": "An asymmetric funnel has many causes; none of these shows that studies were withheld.",
    "subgroups": "A difference between subgroups of studies is not a difference between patients.",
    "transitivity": "Treatments can be compared through a third only if the patients of all three could have been in the same trial.",
    "rankogram": "A P-score favours thin evidence: read it with the certainty, the studies and the place in the network beside it.",
    "node_splits": "Direct evidence against what the rest of the network says on the same comparison.",
    "net_heat": "Row: a design. Column: a design that is set apart. Shaded: the inconsistency of the row falls, so the two disagree.",
    "contribution": "Which share of an estimate (treatment 1 against treatment 2) comes from each direct comparison.",
}  # fmt: skip


def plot(result: Result, kind: str | None = None, rows: Sequence[Row] | None = None) -> Drawing:
    """Draw a result.

    ``kind``: of a pairwise result one of :data:`PAIRWISE_PLOTS` (default forest), of a network one of
    :data:`NETWORK_PLOTS` (default network). ``rows``: the rows of that analysis, where they were made with options.
    Raises EvidenceError for a kind that does not belong to the result, or where there is nothing to draw.
    """
    if isinstance(result, NetworkResult):
        return _plot_network(result, kind or "network", rows)
    return _plot_pairwise(result, kind or "forest", rows)


def _plot_pairwise(result: PairwiseResult, kind: str, rows: Sequence[Row] | None) -> Drawing:
    if kind == "forest":
        return pairwise_charts.forest(result)
    if kind == "funnel":
        return pairwise_charts.contour_funnel(result)
    if kind == "leave_one_out":
        return pairwise_charts.one_by_one(
            result, rows or leave_one_out(result), name="study", title=_TITLES[kind], said="without ", prefix="without"
        )  # fmt: skip
    if kind == "cumulative":
        return pairwise_charts.one_by_one(
            result, rows or cumulative(result), name="study", title=_TITLES[kind], said="+ ", prefix="cumulative"
        )  # fmt: skip
    if kind == "subgroups" and rows is not None:
        return pairwise_charts.one_by_one(
            result, rows, name="subgroup", title=_TITLES[kind], said="", prefix="subgroups"
        )
    if kind == "regression":
        return pairwise_charts.regression(result)
    raise _no_plot(kind, PAIRWISE_PLOTS)


def _plot_network(result: NetworkResult, kind: str, rows: Sequence[Row] | None) -> Drawing:
    if kind == "network":
        return evidence_network_charts.network(result)
    if kind == "forest":
        return evidence_network_charts.against_reference(result, rows)
    if kind == "rankogram":
        return evidence_network_charts.rankogram(result)
    if kind == "node_splits":
        return evidence_network_charts.node_splits(result, rows or splits_of(result))
    if kind == "net_heat":
        return evidence_network_charts.heat(result)
    raise _no_plot(kind, NETWORK_PLOTS)


def _no_plot(kind: str, known: Sequence[str]) -> EvidenceError:
    advice = "its table says it" if kind in _TITLES else "choose one of them"
    return EvidenceError(
        "there is no drawing of this", field="kind", value=kind, expected=", ".join(known), advice=advice
    )


def page(result: Result, name: str = "", *, question: Question | None = None) -> str:
    """The page of a result as HTML: self-contained, printable, without scripts. ``question``: see ``report``."""
    if isinstance(result, NetworkResult):
        return pages.evidence_page(
            "evidence_network.html.j2",
            _meta(),
            page=evidence_network_content.content(result, name, question or Question()),
            plain_interval=words.plain_interval,
        )
    return pages.evidence_page(
        "evidence_pairwise.html.j2", _meta(), page=evidence_content.content(result, name, question or Question()),
        number=words.number, plain_interval=words.plain_interval, p_words=words.p,
    )  # fmt: skip


def report(result: Result, path: Path | str, *, name: str = "", question: Question | None = None) -> Path:
    """Write ``index.html`` and ``tables/*.csv`` into the folder ``path``; return the page.

    ``name``: what the page calls the table (its file). ``question``: which differences are too small to matter and who is
    asked about; the page then proposes a certainty.
    """
    folder = Path(path)
    text = page(result, name, question=question)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for table, rows in tables(result).items():
        write_csv(folder / "tables" / f"{table}.csv", rows)
    target = folder / "index.html"
    target.write_text(text, encoding="utf-8")
    return target


def report_analysis(result: Result, name: str, rows: Sequence[Row], path: Path) -> Path:
    """Write a page of one analysis, drawing (where there is one) and table, and the table as CSV; return the page."""
    try:
        drawing = plot(result, name, rows)
    except EvidenceError:
        drawing = None
    columns = list(dict.fromkeys(column for row in rows for column in row))
    shown = [[words.cell(column, row.get(column)) for column in columns] for row in rows]
    numeric = [column != columns[0] and words.numeric(rows, column) for column in columns]
    text = pages.evidence_page(
        "evidence_analysis.html.j2", _meta(),
        page={"title": _TITLES.get(name, name), "drawing": drawing, "rows": shown, "numeric": numeric,
              "columns": [words.head(column) for column in columns], "says": _SAYS.get(name, ""),
              "ratio": words.is_ratio(_measure(result)),
              "measure": words.measure_words(_measure(result))},
    )  # fmt: skip
    path.mkdir(parents=True, exist_ok=True)
    write_csv(path / f"{name}.csv", rows)
    target = path / f"{name}.html"
    target.write_text(text, encoding="utf-8")
    return target


def write(
    folder: Path, results: Mapping[str, Written], *, inputs: Sequence[Path] = (),
    question: Question | None = None, progress: Callable[[str], None] | None = None,
) -> Path:  # fmt: skip
    """Write the pages of one or several effects tables and ``run.json`` (versions, digests of the inputs, models); return
    the page to open first. Of one table the page is ``index.html``; several get a folder each and a list."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(results) == 1:
        (name, result), *_ = results.items()
        if progress:
            progress(name)
        first = _report(result, folder, name, question)
    else:
        entries = []
        for number, (name, result) in enumerate(results.items(), 1):
            if progress:
                progress(name)
            place = f"table-{number}"
            _report(result, folder / place, name, question)
            entries.append({"name": name, "file": f"{place}/index.html", "says": _says(result)})
        first = folder / "index.html"
        first.write_text(
            pages.evidence_page("evidence_index.html.j2", _meta(), entries=entries), encoding="utf-8"
        )
    run = {
        **_meta(),
        "inputs": [{"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()} for file in inputs],
        "results": {name: _options(result) for name, result in results.items()},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return first


def _report(result: Written, folder: Path, name: str, question: Question | None) -> Path:
    if isinstance(result, _OTHER):
        return evidence_other.report(result, folder, name)
    return report(result, folder, name=name, question=question)


def tables(result: Result) -> dict[str, Sequence[Row]]:
    """Every table of a result, by the name of its file. An analysis that is not possible is left out; the page says why."""
    made: dict[str, Callable[[], Sequence[Row]]]
    if isinstance(result, NetworkResult):
        made = {
            "transitivity": result.transitivity, "league": result.league, "ranking": result.p_scores,
            "rankogram": lambda: result.rankogram().rows(), "studies": result.studies,
            "node_splits": lambda: splits_of(result), "net_heat": lambda: net_heat(result).rows(),
            "contribution": lambda: contribution_of(result).rows(),
        }  # fmt: skip
    else:
        made = {
            "result": lambda: [{k: v for k, v in result.table().items() if not isinstance(v, list)}],
            "studies": result.studies, "coefficients": result.coefficients,
            "leave_one_out": lambda: leave_one_out(result), "influence": lambda: influence_of(result),
            "small_studies": lambda: evidence_content.small_study_rows(result),
            "funnel": lambda: funnel(result)["points"], "unread": lambda: list(result.unread),
        }  # fmt: skip
    found = {name: possible(make) for name, make in made.items()}
    return {name: rows for name, rows in found.items() if rows is not None}


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows as CSV; text that a spreadsheet would run as a formula is quoted."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_safe(row.get(column)) for column in columns] for row in rows)


def _safe(cell: Any) -> Any:
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{cell}"
    return cell


def _measure(result: Result) -> str | None:
    return result.network.measure if isinstance(result, NetworkResult) else result.data.measure


def _says(result: Written) -> str:
    if isinstance(result, _OTHER):
        return evidence_other.headline(result)
    if isinstance(result, NetworkResult):
        return evidence_network_content.headline(result)
    return f"{result.k} rows: {evidence_content.headline(result)}"


def _options(result: Written) -> dict[str, Any]:
    if isinstance(result, _OTHER):
        table = result.table()
        names = ("measure", "model", "test", "level", "cluster", "kind", "inactive")
        return {name: table[name] for name in names if name in table}
    fitted = result if isinstance(result, NetworkResult) else result.fitted
    return {"measure": _measure(result), "model": fitted.model, "test": fitted.test, "level": fitted.level}


def _meta() -> dict[str, Any]:
    return {"version": opentrd.__version__, "knowledge_digest": knowledge.digest()}
