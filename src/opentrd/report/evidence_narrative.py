"""Drawings where pooling is impossible: harvest plot and albatross plot, from the rows of ``opentrd.evidence.narrative``.

Sources: Ogilvie et al., BMC Med Res Methodol 2008;8:8 (harvest); Harrison et al., Res Synth Methods 2017 (albatross).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.evidence import EvidenceError
from opentrd.report import charts
from opentrd.report.evidence_svg import Drawing

Row = Mapping[str, Any]
COLUMNS = ("worse", "conflicting", "unclear", "better")
_BAR, _GAP, _STEP = 15, 5, 15
_LETTER = 6.9
_P_TICKS = (0.05, 0.001, 1e-5)


def harvest(bars: Sequence[Row], prefix: str = "harvest") -> Drawing:
    """A row for each outcome, a column for each direction, a bar for each study: higher with less risk of bias, hatched where
    nobody judged it. ``bars``: as ``narrative.harvest`` returns them. The numbers under the bars are the persons."""
    if not bars:
        raise EvidenceError(
            "there is no effect to draw", expected="at least one bar", advice="say that there is none"
        )
    outcomes = list(dict.fromkeys(str(bar["outcome"]) for bar in bars))
    most = {
        column: max(
            sum(bar["column"] == column and bar["outcome"] == name for bar in bars) for name in outcomes
        )
        for column in COLUMNS
    }
    width = {column: max(92.0, 14 + most[column] * (_BAR + _GAP)) for column in COLUMNS}
    names = _LETTER * min(40, max(len(name) for name in outcomes)) + 16
    line = 3 * _STEP + 22
    full = names + sum(width.values())
    body, x = "", names
    for column in COLUMNS:
        body += charts.label(x + 8, 15, column, "start")
        x += width[column]
    for place, outcome in enumerate(outcomes):
        base = 30 + line * (place + 1) - 14
        body += f'<path d="M0,{base}H{full:.0f}" stroke="{charts.LINE}"/>'
        body += charts.label(0, base - 6, outcome if len(outcome) <= 40 else outcome[:39] + "…", "start")
        x = names
        for column in COLUMNS:
            mine = [bar for bar in bars if bar["outcome"] == outcome and bar["column"] == column]
            for number, bar in enumerate(mine):
                height = _STEP * bar["height"]
                left = x + 8 + number * (_BAR + _GAP)
                fill = charts.fill("solid" if bar["judged"] else "hatch", prefix)
                body += (
                    f'<rect x="{left:.1f}" y="{base - height}" width="{_BAR}" height="{height}" fill="{fill}" '
                    f'stroke="{charts.SOLID}"/>'
                )
                if bar["n"] is not None:
                    body += (
                        f'<text x="{left + _BAR / 2:.1f}" y="{base + 10}" font-size="8.5" '
                        f'text-anchor="middle">{int(bar["n"])}</text>'
                    )
            x += width[column]
    return Drawing(
        charts.figure(
            full, 30 + line * len(outcomes) + 4, body, prefix=prefix, title="Harvest plot",
            description="For each outcome, one bar a study under the direction of its effect; higher bars have less risk of "
            "bias, hatched bars were not judged. The numbers are persons.",
        )
    )  # fmt: skip


def albatross(points: Sequence[Row], contours: Sequence[Row] = (), prefix: str = "albatross") -> Drawing:
    """Persons against p on both sides of no effect, with lines along which an effect size would lie.

    ``points``: as ``narrative.albatross`` returns them (an open point is a p of which only a bound is printed);
    ``contours``: as ``narrative.albatross_contours`` does. It shows only roughly how large effects may be.
    """
    import altair as alt

    if not points:
        raise EvidenceError(
            "there is no study to draw", expected="at least one point", advice="say that there is none"
        )
    values = [
        {"x": row["x"], "n": row["n"], "fill": "#ffffff" if row["at_least"] else charts.SOLID}
        for row in points
    ]
    side = max(2.2, 1.08 * max(abs(row["x"]) for row in points))
    smallest, largest = min(row["n"] for row in points) / 1.6, max(row["n"] for row in points) * 1.6
    ticks = sorted(
        {0.0, *(turn * -math.log10(p) for p in _P_TICKS for turn in (-1, 1) if -math.log10(p) <= side)}
    )
    x = alt.X(
        "x:Q", title="harmful  ←  two-sided p  →  beneficial", scale=alt.Scale(domain=[-side, side], nice=False),
        axis=alt.Axis(
            values=ticks, grid=True,
            labelExpr="datum.value == 0 ? '1' : format(pow(10, -abs(datum.value)), '.1~g')",
        ),
    )  # fmt: skip
    y = alt.Y(
        "n:Q", title="persons", scale=alt.Scale(type="log", domain=[smallest, largest], nice=False),
        axis=alt.Axis(grid=False, tickCount=5),
    )  # fmt: skip
    lines = [
        {"x": turn * -math.log10(row["p_value"]), "n": row["n"], "line": f"{row['effect']:g}{turn}"}
        for row in contours for turn in (-1, 1)
    ]  # fmt: skip
    layers: list[Any] = []
    if lines:
        layers.append(
            alt.Chart(alt.InlineData(values=lines))
            .mark_line(color=charts.LINE, strokeWidth=1, strokeDash=[4, 3], clip=True)
            .encode(x=x, y=y, detail="line:N", order="x:Q")
        )
        layers.append(_names_of(contours, side, smallest, largest, x, y))
    layers.append(
        alt.Chart(alt.InlineData(values=values))
        .mark_point(filled=True, size=60, stroke=charts.SOLID, strokeWidth=1.3, opacity=1)
        .encode(x=x, y=y, fill=alt.Fill("fill:N", scale=None, legend=None))
    )
    chart = alt.layer(*layers).properties(width=560, height=330)
    return Drawing(
        charts.from_altair(
            charts.base_config(chart), prefix, "Albatross plot",
            "Each study by its persons and its p, beneficial to the right; dashed lines are effect sizes.",
        )
    )  # fmt: skip


def _names_of(contours: Sequence[Row], side: float, smallest: float, largest: float, x: Any, y: Any) -> Any:
    """The effect size written on each line, at the outermost place that is inside the drawing."""
    import altair as alt

    values = []
    for effect in dict.fromkeys(row["effect"] for row in contours):
        inside = [
            (-math.log10(row["p_value"]), row["n"]) for row in contours
            if row["effect"] == effect and -math.log10(row["p_value"]) <= 0.96 * side and smallest <= row["n"] <= largest
        ]  # fmt: skip
        if inside:
            at, n = max(inside)
            values += [{"x": turn * at, "n": n, "text": f"{effect:g}"} for turn in (-1, 1)]
    return (
        alt.Chart(alt.InlineData(values=values))
        .mark_text(fontSize=11, dy=-8, color=charts.INK)
        .encode(x=x, y=y, text="text:N")
    )
