"""What the page of a pairwise meta-analysis says: the result in a sentence, its parts as tables, each with its drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentrd.evidence import (
    EvidenceError,
    begg,
    egger,
    leave_one_out,
    pet_peese,
    trim_fill,
)
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.report import evidence_charts as charts
from opentrd.report import evidence_words as words
from opentrd.report.evidence_certainty import FEW_FOR_ASYMMETRY, Question, pairwise_certainty
from opentrd.report.evidence_shared import influence_of, possible
from opentrd.report.words import plural

Row = Mapping[str, Any]
# Columns that carry the numbers themselves, and are not repeated in the table of studies.
_NUMBERS = frozenset({"study", "yi", "vi", "se", "ci_low", "ci_high"})


def content(result: PairwiseResult, name: str, question: Question) -> dict[str, Any]:
    """What the template prints."""
    table, measure = result.table(), words.read_as(result.data)
    level = f"{100 * table['level']:g} %"
    plain = len(result.terms) == 1
    rest, why_not = _rest(result)
    return {
        "name": name, "measure": words.measure_words(measure), "ratio": words.is_ratio(measure), "level": level,
        "model": words.model_words(table), "k": result.k, "plain": plain,
        "headline": headline(result), "table": table,
        "facts": _facts(result, table, level), "notes": table["notes"], "unread": list(result.unread),
        "forest": charts.forest(result), "coefficients": _coefficients(table) if not plain else [],
        "omnibus": None if plain else f"All moderators together: p {words.p(table['omnibus_p'])} ({table['omnibus_df']} df).",
        "regression": possible(lambda: charts.regression(result)) if not plain else None,
        "rest": rest, "rest_why_not": why_not,
        "rest_chart": charts.one_by_one(
            result, rest, name="study", title="Without each study in turn", said="without ", prefix="without"
        ) if rest and plain else None,
        "influence": _influence(result),
        "small": [_small(row, measure) for row in small_study_rows(result)], "no_effect": words.null_value(measure) is not None,
        "few": result.k < FEW_FOR_ASYMMETRY,
        "funnel": possible(lambda: charts.contour_funnel(result, possible(lambda: trim_fill(result)))) if plain else None,
        "certainty": pairwise_certainty(result, name, question),
        "studies": _studies(result), "study_columns": _extra_columns(result),
    }  # fmt: skip


def headline(result: PairwiseResult) -> str:
    """The result in one line: ``Risk ratio 0.49 (95 % interval 0.33 to 0.73)``."""
    table, measure = result.table(), words.read_as(result.data)
    said = words.measure_words(measure)
    said = said[:1].upper() + said[1:]
    if len(result.terms) > 1:
        return f"{said} by {', '.join(result.terms[1:])}"
    shown = words.interval(table["ci_low"], table["ci_high"], measure)
    return f"{said} {words.shown(table['estimate'], measure)} ({100 * table['level']:g} % interval {shown})"


def _facts(result: PairwiseResult, table: Row, level: str) -> list[tuple[str, str]]:
    measure = words.read_as(result.data)
    facts = [("Rows pooled", str(result.k)), ("Model", words.model_words(table))]
    if len(result.terms) == 1:
        if words.null_value(measure) is not None:
            facts.append(("p", words.p(table["p_value"])))
        if table["pi_low"] is not None:
            facts.append(
                (
                    f"A new study ({level} prediction)",
                    words.interval(table["pi_low"], table["pi_high"], measure),
                )
            )
    facts.append(("Heterogeneity", words.heterogeneity(table)))
    return facts


def _coefficients(table: Row) -> list[dict[str, str]]:
    return [
        {
            "term": row["term"], "estimate": words.number(row["estimate"]), "se": words.number(row["se"]),
            "interval": words.plain_interval(row["ci_low"], row["ci_high"]), "p": words.p(row["p_value"]),
        }
        for row in table["coefficients"]
    ]  # fmt: skip


def _rest(result: PairwiseResult) -> tuple[list[dict[str, Any]], str]:
    try:
        return leave_one_out(result), ""
    except EvidenceError as problem:
        return [], str(problem)


def _influence(result: PairwiseResult) -> list[dict[str, str]]:
    rows = possible(lambda: influence_of(result)) or []
    return [
        {"study": row["study"], **{key: words.number(row[key]) for key in ("rstudent", "dffits", "cooks_distance")},
         "tau2_without": words.number(row["tau2_without"])}
        for row in rows
    ]  # fmt: skip


def small_study_rows(result: PairwiseResult) -> list[dict[str, Any]]:
    """One row for each way of looking for small-study effects: method, says, estimate, ci_low, ci_high, p_value, reason."""

    def egger_row() -> dict[str, Any]:
        found = egger(result, method="regression" if len(result.terms) == 1 else "model")
        return {
            "says": "an effect without sampling error (the limit of the regression on the standard error)",
            "estimate": found["limit"], "ci_low": found["limit_low"], "ci_high": found["limit_high"],
            "p_value": found["p_value"],
        }  # fmt: skip

    def begg_row() -> dict[str, Any]:
        found = begg(result)
        return {
            "says": f"rank correlation (Kendall's tau) {words.number(found['tau'])}",
            "p_value": found["p_value"],
        }

    def fill_row() -> dict[str, Any]:
        found = trim_fill(result).table()
        return {
            "says": f"{plural(found['k0'], 'study', 'studies')} added on the {found['side']}", "estimate": found["estimate"],
            "ci_low": found["ci_low"], "ci_high": found["ci_high"], "p_value": found["p_value"],
        }  # fmt: skip

    def peese_row() -> dict[str, Any]:
        found = pet_peese(result)
        chosen = found[found["chosen"]]
        return {"says": f"{found['chosen'].upper()} was chosen"} | {
            key: chosen[key] for key in ("estimate", "ci_low", "ci_high", "p_value")
        }

    ways: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
        ("Egger's regression", egger_row), ("Begg and Mazumdar", begg_row),
        ("trim and fill (L0)", fill_row), ("PET-PEESE", peese_row),
    )  # fmt: skip
    empty: dict[str, Any] = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value"))
    rows = []
    for method, way in ways:
        if len(result.terms) > 1 and method != "Egger's regression":
            rows.append({"method": method, "says": "", **empty, "reason": "made without moderators only"})
            continue
        try:
            rows.append({"method": method, **empty, **way(), "reason": ""})
        except EvidenceError as problem:
            rows.append({"method": method, "says": "", **empty, "reason": str(problem)})
    return rows


def _small(row: Row, measure: str | None) -> dict[str, Any]:
    """A row on small studies as it is printed: the effect as people read it, p where there is a value of no effect."""
    about_effect = row["estimate"] is not None and not str(row["method"]).startswith("Egger")
    shown = not about_effect or words.null_value(measure) is not None
    return {
        **row, "effect": "" if row["estimate"] is None else words.estimate(row, measure),
        "p": words.p(row["p_value"]) if shown else "",
    }  # fmt: skip


def _extra_columns(result: PairwiseResult) -> list[str]:
    return [name for name in result.data.raw.columns if name not in _NUMBERS]


def _studies(result: PairwiseResult) -> list[dict[str, Any]]:
    raw = result.data.raw
    return [
        {
            "row": row["row"], "study": row["study"], "yi": words.number(row["yi"]), "se": words.number(row["se"]),
            "effect": words.estimate({**row, "estimate": row["yi"]}, words.read_as(result.data, place)),
            "weight": f"{row['weight']:.1f} %", "residual": words.number(row["standardised_residual"]),
            "cells": [raw.columns[name][place] for name in _extra_columns(result)],
        }
        for place, row in enumerate(result.studies())
    ]  # fmt: skip
