"""The charts of a network meta-analysis: the network, effects against the reference, ranks, direct against indirect, net heat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import escape

from opentrd.evidence.network import NetworkResult, edges, net_heat, nodes
from opentrd.report import charts
from opentrd.report import evidence_words as words
from opentrd.report.evidence_charts import axis_title
from opentrd.report.evidence_svg import Drawing, intervals

Row = Mapping[str, Any]
RADIUS = 170
_CERTAINTY = {"high": charts.SOLID, "moderate": "#6f8bab", "low": "#b4c2d2", "very low": "#e3e8ee"}
_DARK = (128, 153, 181)
# Beyond so many comparisons the numbers on the lines would hide each other.
_NUMBERED_EDGES = 24


def network(result: NetworkResult, prefix: str = "network") -> Drawing:
    """Treatments as circles (area: persons, or studies where persons are not given), direct comparisons as lines."""
    places = nodes(result)
    lines = edges(result)
    known = all(row["persons"] is not None for row in places)
    size = {row["treatment"]: float(row["persons"] if known else row["studies"]) for row in places}
    largest = max(size.values())
    letters = max(len(row["treatment"]) for row in places)
    side = RADIUS + 40 + 7.2 * min(letters, 34)
    middle = RADIUS + 58
    at = {row["treatment"]: (side + RADIUS * row["x"], middle - RADIUS * row["y"]) for row in places}
    most = max(row["studies"] for row in lines)
    thickest = 7.7 if len(lines) <= _NUMBERED_EDGES else 4.0
    body = ""
    for row in lines:
        (x1, y1), (x2, y2) = at[row["treatment_1"]], at[row["treatment_2"]]
        width = thickest * (0.15 + 0.85 * math.sqrt(row["studies"] / max(most, 4)))
        body += (
            f'<path d="M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}" stroke="#aab4bf" stroke-width="{width:.1f}"/>'
        )
    if len(lines) <= _NUMBERED_EDGES:
        ends = [row[side] for row in lines for side in ("treatment_1", "treatment_2")]
        for row in lines:
            # Nearer to the end with fewer lines, where fewer numbers stand.
            first, second = sorted(
                (row["treatment_1"], row["treatment_2"]), key=lambda name: (ends.count(name), name)
            )
            (x1, y1), (x2, y2) = at[first], at[second]
            x, y = x1 + 0.33 * (x2 - x1), y1 + 0.33 * (y2 - y1)
            text = str(row["studies"])
            half = 4.2 * len(text) + 3
            body += (
                f'<rect x="{x - half:.1f}" y="{y - 8.5:.1f}" width="{2 * half:.1f}" height="17" rx="3" fill="#fff" '
                'stroke="#aab4bf"/>'
            )
            body += charts.label(x, y + 4.4, text, "middle")
    for row in places:
        x, y = at[row["treatment"]]
        radius = 5 + 15 * math.sqrt(size[row["treatment"]] / largest)
        fill = _CERTAINTY.get(result.certainty[row["treatment"]], "#fff")
        body += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" stroke="{charts.SOLID}" stroke-width="1.6"/>'
        turn, rise = row["x"], row["y"]
        anchor = "middle" if abs(turn) < 0.2 else "start" if turn > 0 else "end"
        reach = radius + 8
        name = row["treatment"] if len(row["treatment"]) <= 34 else row["treatment"][:33] + "…"
        dy = 4.0 if abs(turn) >= 0.2 else (-6.0 if rise > 0 else 14.0)
        body += charts.label(x + reach * turn, y - reach * rise + dy, name, anchor)
    if any(word in _CERTAINTY for word in result.certainty.values()):
        body += _legend(2 * side, 2 * middle - 8)
    return Drawing(
        charts.figure(
            2 * side, 2 * middle + 8, body, prefix=prefix, title="Network of treatments",
            description="Circles are treatments, lines are direct comparisons with their number of studies; the same "
            "numbers are in the tables.",
        )
    )  # fmt: skip


def _legend(width: float, y: float) -> str:
    body, x = charts.label(0, y + 4, "Certainty:", "start"), 74.0
    for word, fill in {**_CERTAINTY, "not assessed": "#fff"}.items():
        body += f'<circle cx="{x:.0f}" cy="{y}" r="6" fill="{fill}" stroke="{charts.SOLID}"/>'
        body += charts.label(x + 10, y + 4, word, "start")
        x += 32 + 7.0 * len(word)
    return body


def against_reference(
    result: NetworkResult, rows: Sequence[Row] | None = None, prefix: str = "forest"
) -> Drawing:
    """Each treatment against the reference, with the number of direct studies and the share of direct evidence."""
    found = rows if rows is not None else result.league(result.reference)
    pairs = {row["treatment_2"] for row in found} != {result.reference}
    shown = [
        {
            "name": f"{row['treatment_1']} against {row['treatment_2']}" if pairs else row["treatment_1"],
            "estimate": row["estimate"], "ci_low": row["ci_low"], "ci_high": row["ci_high"],
            "cells": [str(row["studies"]), f"{100 * row['direct_share']:.0f} %"],
        }
        for row in sorted(found, key=lambda row: row["estimate"])
    ]  # fmt: skip
    measure = result.network.measure
    return intervals(
        shown, measure=measure, prefix=prefix, title=f"Effects against {result.reference}",
        description="Each treatment against the reference with its interval; the same numbers are in the league table.",
        heads=("Direct studies", "Direct share"), name_head="" if pairs else f"Against {result.reference}",
        value_head=f"Effect ({100 * result.level:g} % interval)", axis_title=axis_title(measure),
    )  # fmt: skip


def rankogram(result: NetworkResult, prefix: str = "rankogram") -> Drawing:
    """How often each treatment has each rank, a panel a treatment, the best P-score first; certainty stands in the title."""
    import altair as alt

    scores = result.p_scores()
    titles = [f"{row['treatment'][:30]} ({row['certainty']})" for row in scores]
    order = {row["treatment"]: place for place, row in enumerate(scores)}
    values = [
        {"panel": order[str(row["treatment"])], "rank": row["rank"], "share": row["probability"]}
        for row in result.rankogram().rows()
    ]
    import json

    columns = 4 if len(titles) > 3 else len(titles)
    base = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(color=charts.SOLID)
        .encode(
            x=alt.X(
                "rank:O",
                title=None,
                axis=alt.Axis(labelAngle=0, ticks=False, labelFontSize=10, labelOverlap=True),
            ),
            y=alt.Y(
                "share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=3)
            ),
        )
        .properties(width=185, height=78)
    )
    header = alt.Header(
        title=None, labelFontSize=11.5, labelColor=charts.INK, labelAnchor="start",
        labelExpr=f"{json.dumps(titles)}[datum.value]",
    )  # fmt: skip
    chart = base.facet(facet=alt.Facet("panel:O", header=header), columns=columns, spacing=18)
    return Drawing(
        charts.from_altair(
            charts.base_config(chart), prefix, "Rankogram",
            "How often each treatment has each rank over draws of the effects; the title of a panel says the certainty.",
        )
    )  # fmt: skip


def node_splits(result: NetworkResult, rows: Sequence[Row], prefix: str = "splits") -> Drawing:
    """Direct and indirect evidence of each comparison that has both."""
    from scipy.stats import norm

    half = float(norm.ppf((1 + result.level) / 2))
    shown: list[dict[str, Any]] = []
    for row in rows:
        if row["difference"] is None:
            continue
        shown.append(
            {"name": f"{row['treatment_1']} against {row['treatment_2']}", "kind": "head",
             "cells": ["", f"p {words.p(row['p'])}"]}
        )  # fmt: skip
        for what, kind in (("direct", "study"), ("indirect", "open")):
            middle, se = row[what], row[f"se_{what}"]
            shown.append(
                {"name": f"    {what}", "estimate": middle, "ci_low": middle - half * se, "ci_high": middle + half * se,
                 "kind": kind, "cells": [str(row["studies"]) if what == "direct" else "", ""]}
            )  # fmt: skip
    if not shown:
        from opentrd.evidence import EvidenceError

        raise EvidenceError(
            "no comparison has both direct and indirect evidence, so there is nothing to set side by side",
            advice="read the table: it says why for each comparison",
        )
    measure = result.network.measure
    return intervals(
        shown, measure=measure, prefix=prefix, title="Direct against indirect evidence",
        description="For each comparison that can be split, the direct and the indirect estimate with their intervals.",
        heads=("Studies", "Difference"), value_head=f"Effect ({100 * result.level:g} % interval)",
        axis_title=axis_title(measure),
    )  # fmt: skip


def heat(result: NetworkResult, prefix: str = "heat") -> Drawing:
    """Net heat: rows are designs whose inconsistency falls (positive, shaded) or rises when that of the column is set apart."""
    found = net_heat(result)
    names = found.designs
    if not names:
        from opentrd.evidence import EvidenceError

        raise EvidenceError(
            "the network has no loops between designs, so there is no inconsistency to trace",
            advice="inconsistency cannot be tested here: say so",
        )
    cell, left, top = 46, 30 + 7 * max(len(name) for name in names), 30
    largest = max(abs(float(value)) for value in found.heat.flat) or 1.0
    body = ""
    for i, name in enumerate(names):
        body += charts.label(left - 26, top + cell * i + cell / 2 + 4, name, "end")
        body += charts.label(left - 6, top + cell * i + cell / 2 + 4, str(i + 1), "end")
        body += charts.label(left + cell * i + cell / 2, top - 8, str(i + 1), "middle")
        for j in range(len(names)):
            value = float(found.heat[i, j])
            share = min(1.0, abs(value) / largest)
            fill = (
                "#" + "".join(f"{round(255 - (255 - end) * share):02x}" for end in _DARK)
                if value > 0
                else "#fff"
            )
            x, y = left + cell * j, top + cell * i
            body += (
                f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{fill}" stroke="{charts.PALE}"/>'
            )
            text = words.number(value, 1) if abs(value) >= 0.05 else "0"
            body += f'<text x="{x + cell / 2}" y="{y + cell / 2 + 4}" font-size="11.5" text-anchor="middle">{escape(text)}</text>'
    return Drawing(
        charts.figure(
            left + cell * len(names) + 6, top + cell * len(names) + 6, body, prefix=prefix, title="Net heat",
            description="By how much the inconsistency of the design of the row falls when that of the column is set apart.",
        )
    )  # fmt: skip
