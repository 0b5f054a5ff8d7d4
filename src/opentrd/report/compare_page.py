"""What the page of a comparison prints, from tables that may be shown as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import compare_charts, compare_flow, words
from opentrd.report.compare_tables import STEPS
from opentrd.report.pages import comparison_page
from opentrd.report.suppress import Cell

Row = Mapping[str, Any]
Rows = Sequence[Row]

# Pairs, ordered pairs and pathways that the page prints; the files have all.
MOST_PAIRS = 30
MOST_ENDS = 10
MOST_DISAGREEMENTS = 24
MOST_CLAUSES = 4
MOST_PATHS = 15
KIND_WORDS = {
    "sex": "sex",
    "age": "age on the index date",
    "race": "race",
    "ethnicity": "ethnicity",
    "language": "language",
}


def page(tables: Mapping[str, Rows], texts: Mapping[str, Mapping[str, str]], meta: Mapping[str, Any]) -> str:
    """The whole page as HTML. ``tables``: those of ``compare.write_comparison``; ``texts``: definition -> title, text, citation."""
    names = [row["definition"] for row in tables["prevalence"]]
    titles = {name: texts.get(name, {}).get("title") or words.title_case(name) for name in names}
    prevalence = sorted(
        tables["prevalence"], key=lambda row: _descending(row["eligible_low_pct"], row["eligible_high_pct"])
    )
    content = {
        "persons": f"{meta['persons']:,}",
        "number": len(names),
        "prevalence": [
            {**row, **_titled(row, titles), "percent": _span(row, "eligible")} for row in prevalence
        ],
        "prevalence_chart": _prevalence_chart(prevalence, titles),
        "heat": compare_charts.heat_map(tables["agreement"], _by_prevalence(prevalence), titles),
        **_pairs(tables["agreement"], titles),
        "upset": compare_charts.upset(_sets(tables["joint"]), titles, _by_prevalence(prevalence)),
        **_set_words(tables["joint"]),
        **_disagreements(tables, titles),
        **_times(tables, titles, prevalence),
        "groups": _groups(tables["group"], titles, prevalence),
        "steps": list(STEPS.values()),
        "attrition": _attrition(tables["attrition"], titles, prevalence),
        "flow": compare_flow.alluvial(tables["pathway"]),
        "paths": [_path(row) for row in tables["pathway"][:MOST_PATHS]],
        "path_rest": max(0, len(tables["pathway"]) - MOST_PATHS),
        **_multiverse(tables),
        **_truth(tables, titles),
        "texts": [
            {
                "title": titles[name],
                **{part: texts[name].get(part, "") for part in ("text", "citation", "status")},
            }
            for name in names
            if name in texts
        ],
    }
    return comparison_page(content, meta)


def _descending(*values: float | None) -> tuple[float, ...]:
    return tuple(
        -(1000.0 if value is None and place else -1.0 if value is None else value)
        for place, value in enumerate(values)
    )


def _titled(row: Row, titles: Mapping[str, str]) -> dict[str, str]:
    return {"title": titles[row["definition"]]}


def _by_prevalence(prevalence: Rows) -> list[str]:
    return [row["definition"] for row in prevalence]


def percents(low: float | None, high: float | None) -> str:
    """A percentage or an interval of percentages; what is not shown says so."""
    if low is None and high is None:
        return "not shown"
    if low is None:
        return f"at most {high:.1f} %"
    if high is None:
        return f"at least {low:.1f} %"
    one, two = f"{low:.1f}", f"{max(low, high):.1f}"
    return f"{one} %" if one == two else f"{one}–{two} %"


def _span(row: Row, name: str) -> str:
    return percents(row[f"{name}_low_pct"], row[f"{name}_high_pct"])


def _prevalence_chart(rows: Rows, titles: Mapping[str, str]) -> Any:
    return compare_charts.dumbbells(
        [
            {
                "name": titles[row["definition"]],
                "low": row["eligible_low_pct"],
                "high": row["eligible_high_pct"],
                "ci_low": row["eligible_low_ci_low"],
                "ci_high": row["eligible_high_ci_high"],
                "words": _span(row, "eligible"),
            }
            for row in rows
        ],
        prefix="prevalence",
        title="Share of persons who meet each definition, of those it speaks about",
        description="Lowest and highest percentage of each definition with the outer limits of their 95 % intervals, as in the table.",
    )


def _pairs(rows: Rows, titles: Mapping[str, str]) -> dict[str, Any]:
    """All pairs when they are few, else those that agree best and least; pairs that may not be shown come last."""
    shown = sorted(
        (row for row in rows if row["kappa"] is not None),
        key=lambda row: (-row["kappa"], row["definition_a"], row["definition_b"]),
    )
    hidden = len(rows) - len(shown)
    left_out = max(0, len(shown) - MOST_PAIRS) and len(shown) - 2 * MOST_ENDS
    listed = shown if not left_out else [*shown[:MOST_ENDS], *shown[-MOST_ENDS:]]
    return {
        "pairs": [
            {**row, "a": titles[row["definition_a"]], "b": titles[row["definition_b"]]} for row in listed
        ],
        "pairs_left_out": left_out,
        "pairs_hidden": hidden,
    }


def _sets(rows: Rows) -> list[Row]:
    return [row for row in rows if row["persons"].value is not None and not _is_rest(row)]


def _is_rest(row: Row) -> bool:
    return any(name.startswith("(") for name in row["definitions"])


def _set_words(rows: Rows) -> dict[str, str]:
    none = next((row["persons"].text for row in rows if not row["definitions"]), "")
    rest = next((row["persons"].text for row in rows if _is_rest(row)), "")
    return {"no_set": none, "other_sets": rest}


def _disagreements(tables: Mapping[str, Rows], titles: Mapping[str, str]) -> dict[str, Any]:
    """By definition, and by ordered pair: the clauses that decide, with the persons, largest first."""
    missed: dict[str, list[Row]] = {}
    for row in tables["missed"]:
        missed.setdefault(row["definition"], []).append(row)
    lines = [{"title": titles[name], **_clauses(own)} for name, own in missed.items()]
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in tables["disagreement"]:
        parts.setdefault((row["met_by"], row["not_met_by"]), []).append(row)
    pairs = [
        {"met_by": titles[met_by], "not_met_by": titles[not_met_by], **_clauses(own)}
        for (met_by, not_met_by), own in parts.items()
    ]
    lines = sorted(
        (line for line in lines if line["persons"]), key=lambda line: (-line["persons"], line["title"])
    )
    pairs = sorted(
        (line for line in pairs if line["persons"]),
        key=lambda line: (-line["persons"], line["met_by"], line["not_met_by"]),
    )
    return {
        "missed": lines,
        "disagreements": pairs[:MOST_DISAGREEMENTS],
        "disagreements_left_out": max(0, len(pairs) - MOST_DISAGREEMENTS),
    }


def _clauses(rows: Rows) -> dict[str, Any]:
    """The shown counts of one set of clauses: their sum, the largest in words, and a bar of their shares."""
    known = sorted((row for row in rows if row["persons"].value), key=lambda row: -row["persons"].value)
    whole = sum(row["persons"].value for row in known)
    said = [f"{_clause(row)} {row['persons'].text}" for row in known[:MOST_CLAUSES]]
    more, hidden = len(known) - len(said), sum(1 for row in rows if row["persons"].hidden)
    if more:
        said.append(f"{more} more")
    if hidden:
        said.append(f"{hidden} not shown")
    sizes = [row["persons"].value for row in known[:MOST_CLAUSES]]
    sizes += [whole - sum(sizes)] if more else []
    return {
        "persons": whole,
        "said": "; ".join(said),
        "bars": [{"width": 100 * size / whole, "shade": f"s{4 - place}"} for place, size in enumerate(sizes)],
    }


def _clause(row: Row) -> str:
    if row["in_denominator"]:
        return str(row["clause"])
    return "not diagnosed" if row["clause"] == "diagnosis" else f"excluded ({row['clause']})"


def _times(tables: Mapping[str, Rows], titles: Mapping[str, str], prevalence: Rows) -> dict[str, Any]:
    by_name: dict[str, dict[str, Row]] = {}
    for row in tables["time_to_resistance"]:
        by_name.setdefault(row["definition"], {})[row["reading"]] = row
    ordered = [name for name in _by_prevalence(prevalence) if name in by_name]
    lines = []
    for name in ordered:
        certain, possible = by_name[name].get("certain"), by_name[name].get("possible")
        if certain is None or possible is None:
            continue
        lines.append(
            {
                "title": titles[name],
                "followed": certain["followed"],
                "certain": certain["events"],
                "possible": possible["events"],
                "undated": certain["undetermined_without_day"],
                "median": _median(certain, possible),
                "years": [_risk_words(certain, possible, year) for year in (1, 2)],
            }
        )
    most = sorted(
        ordered, key=lambda name: (-(by_name[name]["certain"]["events"].value or 0), ordered.index(name))
    )
    drawn = [name for name in most[: compare_charts.PANELS] if by_name[name]["certain"]["events"].value]
    return {
        "times": lines,
        "curves": compare_charts.curves(tables["curve"], drawn, titles),
        "curves_drawn": len(drawn),
        "before": _before(tables["follow_up"]),
    }


def _median(certain: Row, possible: Row) -> str:
    if certain["events"].hidden:
        return "not shown"
    if certain["median_day"] is None:
        return "not reached"
    limits = f"{words.number(certain['median_low'])}–{words.number(certain['median_high']) or '…'}"
    return f"{words.number(certain['median_day'])} ({limits})"


def _risk_words(certain: Row, possible: Row, year: int) -> dict[str, str]:
    def said(row: Row) -> str:
        risk, low, high = (row[f"{part}_year_{year}"] for part in ("risk", "risk_low", "risk_high"))
        if risk is None:
            return "not shown"
        limits = "" if low is None or high is None else f" ({100 * low:.1f}–{100 * high:.1f})"
        return f"{100 * risk:.1f} %{limits}"

    return {
        "certain": said(certain),
        "possible": said(possible),
        "at_risk": certain[f"at_risk_year_{year}"].text,
    }


def _before(rows: Rows) -> str:
    """How many are left out of follow-up in the definition that loses most, by reason, in words."""
    return ", ".join(
        f"{fate} (up to {most:,})"
        for fate, most in sorted(_largest(rows).items())
        if fate not in ("followed", "not in the denominator") and most
    )


def _largest(rows: Rows) -> dict[str, int]:
    most: dict[str, int] = {}
    for row in rows:
        most[row["fate"]] = max(most.get(row["fate"], 0), row["persons"].value or 0)
    return most


def _groups(rows: Rows, titles: Mapping[str, str], prevalence: Rows) -> list[dict[str, Any]]:
    kinds: dict[str, dict[str, dict[str, Row]]] = {}
    levels: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], {}).setdefault(row["definition"], {})[row["level"]] = row
        own = levels.setdefault(row["kind"], [])
        if row["level"] not in own:
            own.append(row["level"])
    views = []
    for kind, by_name in kinds.items():
        lines = []
        for name in _by_prevalence(prevalence):
            found = by_name.get(name, {})
            lines.append(
                {
                    "title": titles[name],
                    "cells": [
                        {
                            "percent": _span(found[level], "eligible"),
                            "whole": found[level]["eligible_high"].text,
                        }
                        if level in found
                        else {"percent": "", "whole": ""}
                        for level in levels[kind]
                    ],
                }
            )
        views.append({"kind": KIND_WORDS.get(kind, kind), "levels": levels[kind], "lines": lines})
    return views


def _attrition(rows: Rows, titles: Mapping[str, str], prevalence: Rows) -> list[dict[str, Any]]:
    by_name: dict[str, list[Cell]] = {}
    for row in rows:
        by_name.setdefault(row["definition"], []).append(row["persons"])
    return [{"title": titles[name], "cells": by_name.get(name, [])} for name in _by_prevalence(prevalence)]


def _path(row: Row) -> dict[str, Any]:
    return {"lines": [row[f"line_{line}"] for line in (1, 2, 3, 4)], "persons": row["persons"]}


def _multiverse(tables: Mapping[str, Rows]) -> dict[str, Any]:
    found = tables.get("parameter_effect") or ()
    specifications = tables.get("specification") or ()
    parameters = [row["parameter"] for row in found if row["reading"] == "certain"]
    possible = {row["parameter"]: row for row in found if row["reading"] == "possible"}
    return {
        "effects": [
            {
                "certain": row,
                "possible": possible.get(row["parameter"]),
                "title": row["parameter"].replace("_", " "),
            }
            for row in found
            if row["reading"] == "certain"
        ],
        "tornado": compare_flow.tornado(found, tables.get("parameter_level") or ()),
        "specs": compare_flow.specification_curve(specifications, parameters),
        "variants": len(specifications),
    }


def _truth(tables: Mapping[str, Rows], titles: Mapping[str, str]) -> dict[str, Any]:
    rows = sorted(
        tables.get("accuracy") or (),
        key=lambda row: _descending(row["sensitivity_low"], row["sensitivity_high"]),
    )
    numbers: dict[str, list[Row]] = {}
    for row in tables.get("true_number") or ():
        numbers.setdefault(row["definition"], []).append(row)
    made: dict[str, Any] = {
        "accuracy": [
            {**row, "title": titles[row["definition"]], "numbers": numbers.get(row["definition"], [])}
            for row in rows
        ],
        "true_numbers": [row["true_failures"] for row in next(iter(numbers.values()), [])],
    }
    made["sensitivity_chart"] = compare_charts.dumbbells(
        [
            {
                "name": titles[row["definition"]],
                **{
                    part: _hundred(row[f"sensitivity_{part}"])
                    for part in ("low", "high", "ci_low", "ci_high")
                },
                "words": percents(_hundred(row["sensitivity_low"]), _hundred(row["sensitivity_high"])),
            }
            for row in rows
        ],
        prefix="sensitivity",
        title="Sensitivity of each definition",
        description="Share of the truly resistant who meet it: certainly, and certainly or possibly, as in the table.",
        most=100,
    )
    made["ppv_chart"] = compare_charts.dumbbells(
        [
            {
                "name": titles[row["definition"]],
                "low": _hundred(row["ppv"]),
                "high": None,
                "ci_low": _hundred(row["ppv_determined_low"]),
                "ci_high": _hundred(row["ppv_determined_high"]),
                "words": "nobody certain" if row["ppv"] is None else f"{100 * row['ppv']:.1f} %",
            }
            for row in rows
        ],
        prefix="ppv",
        title="Positive predictive value of each definition",
        description="Share of those who certainly meet it who are truly resistant, as in the table.",
        most=100,
    )
    return made


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value
