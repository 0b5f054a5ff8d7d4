"""The charts of a comparison. Each is drawn from rows that may be shown, and holds for six definitions or sixty."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from opentrd.report import charts

Row = Mapping[str, Any]
LINE_HEIGHT = 25
NAMES = 350
PLOT = 420
WORDS = 150
LONGEST_NAME = 52
# Below so many definitions the cells of the heat map hold their number.
MOST_NUMBERED = 12
# The colour of full agreement; paler where a number stands on it.
DEEP = (47, 74, 104)
NUMBERED = (128, 153, 181)
PANELS = 9
PANEL_WIDTH, PANEL_HEIGHT = 285, 150
DAYS_PER_YEAR = 365.25


def short(text: str, length: int = LONGEST_NAME) -> str:
    """The text cut to fit beside a chart."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def dumbbells(
    rows: Sequence[Row], *, prefix: str, title: str, description: str, most: float | None = None
) -> Markup | None:
    """One line a row: from ``low`` to ``high`` (per cent), whiskers from ``ci_low`` to ``ci_high``, ``name`` and ``words``.

    ``most`` is the end of the axis; without it the axis ends at the next of 10, 20, 50 and 100.
    """
    values = [
        value for row in rows for value in (row["low"], row["high"], row["ci_high"]) if value is not None
    ]
    if not values:
        return None
    end = most or next(limit for limit in (1, 2, 5, 10, 20, 50, 100) if max(values) <= limit)
    bottom = LINE_HEIGHT * len(rows) + 8

    def at(percent: float) -> float:
        return NAMES + percent / end * PLOT

    body = ""
    for step in range(6):
        value = end * step / 5
        body += (
            f'<line x1="{at(value):.1f}" x2="{at(value):.1f}" y1="4" y2="{bottom}" stroke="{charts.FAINT}"/>'
        )
        body += charts.label(at(value), bottom + 16, f"{value:g} %", "middle")
    for place, row in enumerate(rows):
        y = LINE_HEIGHT * place + 18
        body += charts.label(NAMES - 12, y + 4, short(row["name"]), "end")
        body += charts.label(NAMES + PLOT + 12, y + 4, row["words"], "start")
        if row["low"] is None:
            if row["high"] is not None:
                body += _open_dot(at(row["high"]), y)
            continue
        low = at(row["low"])
        if row["ci_low"] is not None and row["ci_high"] is not None:
            left, right = at(row["ci_low"]), at(row["ci_high"])
            body += (
                f'<path d="M{left:.1f},{y}H{right:.1f}M{left:.1f},{y - 4}v8M{right:.1f},{y - 4}v8" '
                f'stroke="{charts.LINE}" fill="none"/>'
            )
        if row["high"] is not None:
            high = at(max(row["low"], row["high"]))
            body += f'<path d="M{low:.1f},{y}H{high:.1f}" stroke="{charts.SOLID}" stroke-width="3"/>'
            body += _open_dot(high, y)
        body += f'<circle cx="{low:.1f}" cy="{y}" r="4.6" fill="{charts.SOLID}"/>'
    return charts.figure(
        NAMES + PLOT + WORDS, bottom + 24, body, prefix=prefix, title=title, description=description
    )


def _open_dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y}" r="4.6" fill="#fff" stroke="{charts.SOLID}" stroke-width="1.8"/>'


def heat_map(pairs: Sequence[Row], names: Sequence[str], titles: Mapping[str, str]) -> Markup | None:
    """Kappa below the diagonal, positive agreement above it; a pair that may not be shown is hatched."""
    import altair as alt

    if len(names) > MOST_NUMBERED:  # definitions without any kappa would fill the map with hatching
        with_kappa = {
            pair[side]
            for pair in pairs
            if pair["kappa"] is not None
            for side in ("definition_a", "definition_b")
        }
        names = [name for name in names if name in with_kappa]
    if len(names) < 2:
        return None
    number = {name: place for place, name in enumerate(names, 1)}
    numbered = len(names) <= MOST_NUMBERED
    values = [{"row": place, "column": place, "fill": "#dfe3e7", "words": ""} for place in number.values()]
    for pair in pairs:
        if not {pair["definition_a"], pair["definition_b"]} <= number.keys():
            continue
        a, b = sorted((number[pair["definition_a"]], number[pair["definition_b"]]))
        for row, column, measure in ((b, a, "kappa"), (a, b, "positive_agreement")):
            value = pair[measure]
            fill = charts.HATCH if value is None else shade(value, NUMBERED if numbered else DEEP)
            words = "" if value is None else f"{value:.2f}".replace("0.", ".").replace("-.", "−.")
            values.append({"row": row, "column": column, "fill": fill, "words": words})
    cell = 46 if numbered else max(13, min(30, 640 // len(names)))
    rows = [f"{short(titles[name], 50)}  {place}" for name, place in number.items()]
    # The labels of the axes are looked up by number, so that equal titles stay apart.
    expression = f"{json.dumps(rows)}[datum.value - 1]"
    places = list(range(1, len(names) + 1))
    x = alt.X(
        "column:O",
        title=None,
        scale=alt.Scale(domain=places),
        axis=alt.Axis(
            orient="top", labelAngle=0, labelFontSize=10, labelOverlap=True, ticks=False, domain=False
        ),
    )
    y = alt.Y(
        "row:O",
        title=None,
        scale=alt.Scale(domain=places),
        axis=alt.Axis(
            labelExpr=expression,
            labelLimit=400,
            labelFontSize=11,
            labelOverlap=False,
            ticks=False,
            domain=False,
        ),
    )
    base = alt.Chart(alt.InlineData(values=values))
    chart: Any = base.mark_rect(stroke="#ffffff", strokeWidth=1).encode(
        x=x, y=y, color=alt.Color("fill:N", scale=None)
    )
    if numbered:
        numbers = base.mark_text(fontSize=12, color=charts.INK).encode(x=x, y=y, text="words:N")
        chart = chart + numbers
    else:
        chart = alt.layer(chart)
    chart = chart.properties(width=cell * len(names), height=max(cell, 13) * len(names))
    return charts.from_altair(
        charts.base_config(chart),
        "heat",
        "Agreement of each two definitions",
        "Cohen's kappa below the diagonal, positive agreement above it, as in the table of pairs.",
    )


def shade(value: float, deep: tuple[int, int, int]) -> str:
    """From almost white (no agreement beyond chance, or less) to the deep colour (full agreement)."""
    part = min(1.0, max(0.0, value))
    light = (244, 245, 246)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(light, deep, strict=True))


def upset(sets: Sequence[Row], titles: Mapping[str, str], names: Sequence[str]) -> Markup | None:
    """One column a set of definitions that the same persons meet: a bar of persons above, its members as dots below."""
    shown = [row for row in sets if row["definitions"]]
    if not shown:
        return None
    members = [name for name in names if any(name in row["definitions"] for row in shown)]
    column, top, line = 30, 120, 21
    width = NAMES + column * len(shown) + 12
    most = max(row["persons"].value for row in shown)
    body = f'<path d="M{NAMES},{top}H{width - 6}" stroke="{charts.LINE}"/>'
    for place, name in enumerate(members):
        y = top + 22 + line * place
        if place % 2 == 0:
            body += f'<rect x="0" y="{y - line / 2:.1f}" width="{width - 6}" height="{line}" fill="#f5f4f0"/>'
        body += charts.label(NAMES - 12, y + 4, short(titles[name]), "end")
    for number, row in enumerate(shown):
        x = NAMES + column * number + column / 2
        height = (top - 26) * row["persons"].value / most
        body += f'<rect x="{x - 9:.1f}" y="{top - height:.1f}" width="18" height="{max(height, 0.8):.1f}" fill="{charts.SOLID}"/>'
        body += f'<text x="{x:.1f}" y="{top - height - 5:.1f}" font-size="10.5" text-anchor="middle">{row["persons"].text}</text>'
        inside = [place for place, name in enumerate(members) if name in row["definitions"]]
        first, last = top + 22 + line * inside[0], top + 22 + line * inside[-1]
        body += f'<path d="M{x:.1f},{first}V{last}" stroke="{charts.SOLID}" stroke-width="2"/>'
        for place in range(len(members)):
            fill = charts.SOLID if place in inside else "#d9dee4"
            body += f'<circle cx="{x:.1f}" cy="{top + 22 + line * place}" r="5" fill="{fill}"/>'
    return charts.figure(
        width,
        top + 22 + line * len(members),
        body,
        prefix="upset",
        title="Definitions that the same persons meet",
        description="Each column is one set of definitions met together; the bar counts the persons who meet exactly these.",
    )


def curves(points: Sequence[Row], names: Sequence[str], titles: Mapping[str, str]) -> Markup | None:
    """Share resistant over time, a panel a definition: certain (solid, with its interval) and possible (dashed)."""
    import altair as alt

    values = []
    for panel, name in enumerate(names):
        for reading in ("certain", "possible"):
            own = [p for p in points if p["definition"] == name and p["reading"] == reading]
            values.append(_point(panel, reading, 0, 0.0, 0.0, 0.0))
            values += [
                _point(panel, reading, p["day"], p["risk"], p["risk_low"], p["risk_high"]) for p in own
            ]
    if not any(value["risk"] for value in values):
        return None
    end = max(value["year"] for value in values)
    high = max(value["high"] for value in values)
    base = alt.Chart(alt.InlineData(values=values))
    x = alt.X(
        "year:Q",
        title="years after the index date",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(tickCount=5),
    )
    scale = alt.Scale(domain=[0, min(1.0, high * 1.05)], nice=True)
    y = alt.Y("risk:Q", title=None, scale=scale, axis=alt.Axis(format="%", tickCount=4))
    band = (
        base.mark_area(interpolate="step-after", color="#c3cad2")
        .encode(x=x, y=alt.Y("low:Q", title=None, scale=scale), y2="high:Q")
        .transform_filter("datum.reading == 'certain'")
    )
    line = base.mark_line(interpolate="step-after", color=charts.SOLID, strokeWidth=1.8).encode(
        x=x,
        y=y,
        strokeDash=alt.StrokeDash(
            "reading:N", legend=None, scale=alt.Scale(domain=["certain", "possible"], range=[[1, 0], [4, 3]])
        ),
    )
    # Panels are told apart by number: two titles may be equal once they are cut to the width of a panel.
    title_of = f"{json.dumps([short(titles[name], 48) for name in names])}[datum.value]"
    chart = (
        alt.layer(band, line)
        .properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
        .facet(
            facet=alt.Facet(
                "panel:O",
                title=None,
                header=alt.Header(
                    labelExpr=title_of, labelFontSize=11, labelColor=charts.INK, labelAnchor="start"
                ),
            ),
            columns=3,
        )
    )
    return charts.from_altair(
        charts.base_config(chart),
        "curves",
        "Share of persons resistant by time after the index date",
        "Product-limit curves of the definitions with most events; the table has one and two years for all.",
    )


def _point(
    panel: int, reading: str, day: int, risk: float, low: float | None, high: float | None
) -> dict[str, Any]:
    return {
        "panel": panel,
        "reading": reading,
        "year": round(day / DAYS_PER_YEAR, 3),
        "risk": risk,
        "low": risk if low is None else low,
        "high": risk if high is None else high,
    }
