"""Pages and drawings of the other analyses: Mantel-Haenszel and Peto, several levels, cluster-robust errors, components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.evidence import EvidenceError
from opentrd.evidence_other import PooledComponents, PooledCounts, PooledMultilevel, PooledRobust
from opentrd.report import evidence_words as words
from opentrd.report import pages
from opentrd.report.evidence_charts import axis_title, names_of
from opentrd.report.evidence_svg import Drawing, intervals

Row = Mapping[str, Any]
_EFFECT = ("estimate", "ci_low", "ci_high")
_METHODS = {"mantel-haenszel": "common effect (Mantel-Haenszel)", "peto": "common effect (Peto)"}


@dataclass(frozen=True)
class Sheet:
    """What a page shows. ``tables``: title -> rows; ``files``: name of a CSV file -> rows; ``says``: paragraphs."""

    kicker: str
    headline: str
    facts: list[tuple[str, str]]
    notes: Sequence[str]
    drawing: Drawing
    caption: str
    says: Sequence[str]
    tables: dict[str, Sequence[Row]]
    files: dict[str, Sequence[Row]]


def sheet(pooled: Any) -> Sheet:
    """The page of one of the other analyses as data."""
    if isinstance(pooled, PooledCounts):
        return _counts(pooled)
    if isinstance(pooled, PooledMultilevel):
        return _levels(pooled)
    if isinstance(pooled, PooledRobust):
        return _robust(pooled)
    if isinstance(pooled, PooledComponents):
        return _components(pooled)
    raise EvidenceError("there is no page of this", value=type(pooled).__name__)


def plot(pooled: Any, kind: str = "forest") -> Drawing:
    """The forest of one of the other analyses."""
    if kind != "forest":
        raise EvidenceError("there is no drawing of this", field="kind", value=str(kind), expected="forest")
    return sheet(pooled).drawing


def page(pooled: Any, name: str = "") -> str:
    """The page as HTML: self-contained, printable, without scripts."""
    made = sheet(pooled)
    tables = []
    for title, rows in made.tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        shown = [[words.cell(column, row.get(column)) for column in columns] for row in rows]
        numeric = [column != columns[0] and words.numeric(rows, column) for column in columns]
        heads = [words.head(column) for column in columns]
        tables.append({"title": title, "heads": heads, "numeric": numeric, "rows": shown})
    meta = {"version": opentrd.__version__, "knowledge_digest": knowledge.digest()}
    return pages.evidence_page("evidence_other.html.j2", meta, page=made, name=name, tables=tables)


def report(pooled: Any, folder: Path, name: str = "") -> Path:
    """Write ``index.html`` and ``tables/*.csv`` into ``folder``; return the page."""
    from opentrd.report.evidence import write_csv

    text = page(pooled, name)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for table, rows in sheet(pooled).files.items():
        write_csv(folder / "tables" / f"{table}.csv", rows)
    target = folder / "index.html"
    target.write_text(text, encoding="utf-8")
    return target


def headline(pooled: Any) -> str:
    """The result in one line."""
    return sheet(pooled).headline


def lines(pooled: Any) -> list[str]:
    """The result as a few lines of text: facts, then what stands in the first table."""
    made = sheet(pooled)
    return [made.headline, *(f"  {name}: {value}" for name, value in made.facts), *_text_table(made)]


def _text_table(made: Sheet) -> list[str]:
    title, rows = next(iter(made.tables.items()))
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[words.head(column) for column in columns]]
    cells += [[words.cell(column, row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    padded = [
        "    " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    ]
    return [f"  {title}", *padded]


def _said(row: Row, measure: str | None) -> str:
    return f"{words.shown(row['estimate'], measure)} (%s interval {words.interval(row['ci_low'], row['ci_high'], measure)})"


def _title(measure: str | None) -> str:
    said = words.measure_words(measure)
    return said[:1].upper() + said[1:]


def _percent(level: float) -> str:
    return f"{100 * level:g} %"


def _forest(rows: Sequence[Row], measure: str | None, level: float, title: str, **more: Any) -> Drawing:
    return intervals(
        rows, measure=measure, prefix="forest", title=title,
        description=f"{title}: one line for each row; the same numbers are in the tables.",
        value_head=f"Effect ({_percent(level)} interval)", axis_title=axis_title(measure), level=level, **more,
    )  # fmt: skip


def _counts(pooled: PooledCounts) -> Sheet:
    row, level = pooled.table(), pooled.result.level
    studies = pooled.studies()
    measure = row["measure"]
    rows: list[Row] = [
        {
            "name": one["study"], **{key: one[key] for key in _EFFECT}, "weight": one["weight"],
            "cells": [f"{one['events_1']}/{one['n_1']}", f"{one['events_2']}/{one['n_2']}"],
            "note": "no information",
        }
        for one in studies
    ]  # fmt: skip
    rows.append(
        {"name": f"Pooled, {row['k']} studies", **{key: row[key] for key in _EFFECT}, "kind": "pooled"}
    )
    q = f"Q {words.statistic(row['q'])} on {row['q_df']} df, p {words.p(row['q_p'])}"
    logs = " (logarithms of the ratios)" if words.is_ratio(measure) else ""
    return Sheet(
        "Meta-analysis of counts", f"{_title(measure)} {_said(row, measure) % _percent(level)}",
        [("Studies", str(row["k"])), ("Model", _METHODS[row["model"]]), ("p", words.p(row["p_value"])),
         ("Heterogeneity", f"not part of the model; I² {words.number(row['i2'], 0)} %; {q}")],
        row["notes"],
        _forest(rows, measure, level, "Forest plot", heads=("Group 1", "Group 2"), name_head="Study", weight_head="Weight"),
        "Squares: studies, larger with more weight in this method. Diamond: the common effect. Nothing was added to zero cells for "
        "it; the single studies are shown with 1/2 added where a cell is 0.",
        ["One effect is taken to be common to all studies: what differs between them is not part of the interval."],
        {f"Every study{logs}": studies},
        {"result": [_flat(row)], "studies": studies},
    )  # fmt: skip


def _levels(pooled: PooledMultilevel) -> Sheet:
    result = pooled.result
    row, measure, level = pooled.table(), words.read_as(result.data), result.level
    coefficients = list(pooled.clustered.rows) if pooled.clustered else row["coefficients"]
    first, variances = coefficients[0], pooled.variances()
    studies = pooled.studies()
    plain = len(result.terms) == 1
    apart = any(one["cluster"] != one["study"] for one in studies)
    rows: list[Row] = [
        {"name": name, **{key: one[key] for key in _EFFECT}, "cells": [str(one["cluster"])[:18]] if apart else []}
        for name, one in zip(names_of(result.data), studies, strict=True)
    ]  # fmt: skip
    if plain:
        rows.append({"name": "Pooled", **{key: first[key] for key in _EFFECT}, "kind": "pooled"})
    said = _said(first, measure) % _percent(level) if plain else f"by {', '.join(result.terms[1:])}"
    outer = next(iter(result.components))
    test = f"standard errors robust by {outer} (CR2)" if pooled.clustered else f"{row['test']} test"
    return Sheet(
        "Multilevel meta-analysis", f"{_title(measure)} {said}",
        [("Rows", str(row["k"])), ("Clusters", f"{row['clusters']} ({outer})"),
         ("Model", f"random effects at {len(result.components)} levels ({row['model']}), {test}"),
         ("Variances", ", ".join(f"{name} {words.number(value)}" for name, value in result.components.items())),
         ("Heterogeneity", f"Q {words.statistic(row['q'])} on {row['q_df']} df, p {words.p(row['q_p'])}")],
        [*row["notes"], *(pooled.clustered.notes if pooled.clustered else ())],
        _forest(rows, measure, level, "Forest plot", heads=("Cluster",) if apart else (), name_head="Row"),
        "One line for each row of the table, with its outermost cluster. Diamond: the mean effect." if plain else
        "One line for each row of the table, with its outermost cluster.",
        ["Effects of one cluster are alike; this model gives each level a variance of its own, so that a study with many effects "
         "does not count as many studies. Sampling errors of one cluster are taken as independent (in Python, rho says otherwise)."],
        {"Coefficients, on the scale of the analysis": coefficients,
         "Variances between the units of each level, with profile likelihood intervals": variances, "Every row": studies},
        {"coefficients": coefficients, "variances": variances, "studies": studies},
    )  # fmt: skip


def _robust(pooled: PooledRobust) -> Sheet:
    row, data = pooled.table(), pooled.result.data
    measure, level = words.read_as(data), row["level"]
    plain = len(pooled.result.terms) == 1
    studies = pooled.studies()
    apart = any(one["cluster"] != one["study"] for one in studies)
    names = names_of(data)
    rows: list[Row] = [
        {"name": names[i], **{key: one[key] for key in _EFFECT}, "weight": one["weight"],
         "cells": [str(one["cluster"])[:18]] if apart else [],
         "measure": words.read_as(data, i)}
        for i, one in enumerate(studies)
    ]  # fmt: skip
    model = row["model_based"][0]
    if plain:
        rows.append({"name": "Pooled, robust", **{key: row[key] for key in _EFFECT}, "kind": "pooled"})
        rows.append(
            {"name": "Pooled, as if independent", **{key: model[key] for key in _EFFECT}, "kind": "open"}
        )
    said = _said(row, measure) % _percent(level) if plain else f"by {', '.join(pooled.result.terms[1:])}"
    plain_table = pooled.result.table()
    model_said = words.model_words({**plain_table, "test": "robust"}).removesuffix(", robust")
    beside = [
        {"term": one["term"], "estimate": one["estimate"], "se": one["se"], "df": one["df"], "ci_low": one["ci_low"],
         "ci_high": one["ci_high"], "p_value": one["p_value"], "SE as if independent": other["se"]}
        for one, other in zip(row["coefficients"], row["model_based"], strict=True)
    ]  # fmt: skip
    return Sheet(
        "Meta-analysis with cluster-robust standard errors", f"{_title(measure)} {said}",
        [("Rows", str(row["k"])), ("Clusters", f"{row['clusters']} ({pooled.cluster})"),
         ("Model", f"{model_said}, standard errors robust ({row['kind']})"),
         ("Heterogeneity", words.heterogeneity(plain_table))],
        row["notes"],
        _forest(rows, measure, level, "Forest plot", heads=("Cluster",) if apart else (), name_head="Row", weight_head="Weight"),
        "Squares: rows of the table, larger with more weight. Diamond: the pooled effect with its robust interval; below it, open, "
        "the interval that takes all rows as independent." if plain else "Squares: rows of the table, larger with more weight.",
        ["Robust standard errors allow for any dependence inside a cluster; degrees of freedom are those of Satterthwaite for each "
         "coefficient."],
        {"Coefficients, on the scale of the analysis": beside, "Every row": studies},
        {"coefficients": row["coefficients"], "studies": studies},
    )  # fmt: skip


def _components(pooled: PooledComponents) -> Sheet:
    result = pooled.result
    table, measure, level = pooled.table(), result.network.measure, result.level
    found = pooled.components()
    rows: list[Row] = [
        {"name": one["component"], **{key: one[key] for key in _EFFECT}, "note": one["reason"]}
        for one in found
    ]
    against = f"over {result.inactive}" if result.inactive else "over the treatment without it"
    inside = table["tau2"]
    tau = f"tau² {words.number(inside)}; " if inside is not None else ""
    tests = [
        {"what": what, "Q": table[f"q_{key}"], "df": table[f"q_{key}_df"], "p": table[f"q_{key}_p"]}
        for what, key in (
            ("additive model", "additive"), ("every combination by itself", "standard"),
            ("what adding up does not explain", "difference"),
        )
    ]  # fmt: skip
    better = table["q_difference_p"]
    additive = (
        "Nothing tests whether effects add up here." if better is None
        else f"Effects add up as far as the data tell (p {words.p(better)})." if better >= 0.1
        else f"The data speak against adding up (p {words.p(better)}): a combination does more or less than its parts."
    )  # fmt: skip
    parts = table["parts"]
    notes = list(result.network.notes)
    if len(parts) > 1:
        named = " | ".join(", ".join(part) for part in parts)
        notes.append(f"the network has {len(parts)} parts, joined only by common components: {named}")
    order = {name: place for place, name in enumerate(table["treatments"])}
    league = [
        {key: row[key] for key in ("treatment_1", "treatment_2", "estimate", "ci_low", "ci_high", "p")} | (
            {"reason": row["reason"]} if any(one["reason"] for one in table["league"]) else {}
        )
        for row in table["league"] if order[row["treatment_1"]] > order[row["treatment_2"]]
    ]  # fmt: skip
    return Sheet(
        "Component network meta-analysis", f"What {len(found)} components add: {words.measure_words(measure)}",
        [("Studies", str(table["k"])), ("Treatments", str(len(table["treatments"]))),
         ("Model", f"additive components, {words.model_words({'model': result.model, 'test': 'z'})}"),
         ("Inactive", result.inactive or "none"),
         ("Heterogeneity", f"{tau}Q {words.statistic(table['q_additive'])} on {table['q_additive_df']} df")],
        notes,
        _forest(rows, measure, level, "What each component adds", name_head=f"Component, {against}"),
        "What each component adds to whatever else is given, if effects add up.",
        [additive],
        {"Components, on the scale of the analysis": found, "Do effects add up?": tests, "Every pair of treatments": league},
        {"components": found, "league": table["league"], "additivity": tests},
    )  # fmt: skip


def _flat(row: Row) -> Row:
    return {name: value for name, value in row.items() if not isinstance(value, list | dict)}
