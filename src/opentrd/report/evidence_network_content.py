"""What the page of a network meta-analysis says. Order matters: who was studied comes before any league table, and no rank
stands without its certainty and its place in the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.evidence import EvidenceError
from opentrd.evidence.network import NetworkResult, interaction
from opentrd.report import evidence_network_charts as charts
from opentrd.report import evidence_words as words
from opentrd.report.evidence_certainty import Question, network_certainty
from opentrd.report.evidence_shared import contribution_of, possible, splits_of

Row = Mapping[str, Any]
# A square of more treatments cannot be read on paper; the whole league is then a list in the table file.
MOST_IN_SQUARE = 12
# So many split comparisons are drawn; of more, those whose direct and indirect evidence are furthest apart.
MOST_SPLITS = 15


def content(result: NetworkResult, name: str, question: Question) -> dict[str, Any]:
    """What the template prints."""
    table = result.table()
    measure = table["measure"]
    splits = splits_of(result)
    return {
        "name": name, "measure": words.measure_words(measure), "ratio": words.is_ratio(measure),
        "level": f"{100 * result.level:g} %", "headline": headline(result),
        "facts": [
            ("Studies", str(table["k"])), ("Treatments", str(len(table["treatments"]))),
            ("Direct comparisons", f"{len(result.network.comparisons)} of {_pairs(result)}"), ("Model", words.model_words(table)),
            ("Reference", result.reference), ("Heterogeneity", words.network_heterogeneity(table)),
        ],
        "notes": table["notes"], "modifiers": list(result.modifiers), "transitivity": table["transitivity"],
        "said_nothing": not any(
            row[modifier] != "not given" for row in table["transitivity"] for modifier in result.modifiers
        ),
        "network": charts.network(result), "reference": result.reference, "forest": charts.against_reference(result),
        "square": square(result, table["league"]) if len(result.treatments) <= MOST_IN_SQUARE else None,
        "treatments": list(result.treatments), "better": "smaller" if result.small_is_good else "larger",
        "ranking": _ranking(table["ranking"]), "rankogram": charts.rankogram(result),
        "q": [
            (what, words.statistic(table[key]), table[f"{key}_df"], words.p(table[f"{key}_p"]))
            for what, key in (("all", "q_total"), ("within designs", "q_within"), ("between designs", "q_between"))
        ],
        "interaction": _interaction(result), "splits": _splits(splits),
        "splits_chart": possible(lambda: charts.node_splits(result, _most_apart(splits))),
        "splits_shown": MOST_SPLITS if sum(row["p"] is not None for row in splits) > MOST_SPLITS else None,
        "heat": possible(lambda: charts.heat(result)) if len(result.network.designs) <= MOST_IN_SQUARE + 3 else None,
        "contribution": contributions(result),
        "certainty": network_certainty(result, question),
        "studies": _studies(result),
    }  # fmt: skip


def headline(result: NetworkResult) -> str:
    """The page in one line."""
    return f"{len(result.treatments)} treatments compared through {len(result.network.studies)} studies"


def _pairs(result: NetworkResult) -> int:
    return len(result.treatments) * (len(result.treatments) - 1) // 2


def square(result: NetworkResult, league: Sequence[Row]) -> list[dict[str, Any]]:
    """The league as rows of cells: the treatment of the row against the treatment of the column."""
    measure = result.network.measure
    cells = {(row["treatment_1"], row["treatment_2"]): row for row in league}
    rows = []
    for first in result.treatments:
        row = []
        for second in result.treatments:
            found = cells.get((first, second))
            row.append(
                None if found is None else {
                    "estimate": words.shown(found["estimate"], measure),
                    "interval": words.interval(found["ci_low"], found["ci_high"], measure),
                    "direct": found["studies"],
                    "excludes_null": found["ci_low"] * found["ci_high"] > 0,
                }
            )  # fmt: skip
        rows.append({"treatment": first, "cells": row})
    return rows


def _ranking(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "treatment": row["treatment"], "p_score": f"{row['p_score']:.2f}",
            "interval": f"{row['p_score_low']:.2f} to {row['p_score_high']:.2f}",
            "rank": f"{row['rank_low']} to {row['rank_high']}", "certainty": row["certainty"],
            "studies": row["studies"], "persons": words.count(row["persons"]), "position": words.position(row),
            "thin": row["only_through"] is not None or row["studies"] == 1,
        }
        for row in rows
    ]  # fmt: skip


def _interaction(result: NetworkResult) -> str:
    found = interaction(result).between
    if found.p is None:
        return "The designs form no loop, so it cannot be tested whether they agree."
    return (
        f"Design-by-treatment interaction, allowing for the heterogeneity within designs: chi-squared {words.number(found.value)} "
        f"on {found.df} df, p {words.p(found.p)}. A large p does not show that they agree."
    )


def _most_apart(rows: Sequence[Row]) -> list[Row]:
    found = sorted((row for row in rows if row["p"] is not None), key=lambda row: row["p"])[:MOST_SPLITS]
    return [row for row in rows if row in found]


def _splits(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "pair": f"{row['treatment_1']} against {row['treatment_2']}", "studies": row["studies"],
            "direct": words.number(row["direct"]) if row["direct"] is not None else "",
            "indirect": words.number(row["indirect"]) if row["indirect"] is not None else "",
            "difference": words.number(row["difference"]) if row["difference"] is not None else "",
            "p": words.p(row["p"]) if row["p"] is not None else "", "reason": row["reason"] or "",
        }
        for row in rows
    ]  # fmt: skip


def contributions(result: NetworkResult) -> dict[str, Any]:
    """What each estimate against the reference rests on: the direct comparisons with the largest shares."""
    try:
        found = contribution_of(result).rows()
    except EvidenceError as problem:
        return {"rows": [], "why_not": str(problem)}
    rows = []
    for other in result.treatments:
        pair = {other, result.reference}
        own = [row for row in found if {row["treatment_1"], row["treatment_2"]} == pair]
        if not own:
            continue
        own.sort(key=lambda row: -float(str(row["share"])))
        said = [
            f"{row['direct_1']} – {row['direct_2']} {100 * float(str(row['share'])):.0f} %" for row in own[:4]
        ]
        rest = sum(float(str(row["share"])) for row in own[4:])
        if rest >= 0.005:
            said.append(f"{len(own) - 4} others {100 * rest:.0f} %")
        rows.append({"treatment": other, "rests_on": "; ".join(said)})
    return {"rows": rows, "why_not": ""}


def _studies(result: NetworkResult) -> list[dict[str, Any]]:
    measure = result.network.measure
    return [
        {
            "study": row["study"], "pair": f"{row['treatment_1']} against {row['treatment_2']}",
            "effect": words.shown(row["estimate"], measure), "estimate": words.number(row["estimate"]),
            "se": words.number(row["se"]),
        }
        for row in result.studies()
    ]  # fmt: skip
