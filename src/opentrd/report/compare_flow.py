"""Treatment pathways as a flow of ribbons, and the multiverse of definitions as a tornado and a specification curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from opentrd.report import charts
from opentrd.report.compare_suppress import OTHER
from opentrd.report.compare_tables import NO_LINE

Row = Mapping[str, Any]
WIDTH, HEIGHT = 900, 400
BOX = 14
GAP = 9
TOP = 30
LINES = 4
# More definitions of a grid than this are thinned, evenly over their order, to be told apart in a drawing.
MOST_SPECIFICATIONS = 240


def alluvial(paths: Sequence[Row]) -> Markup | None:
    """First to fourth line of treatment as columns of boxes, persons as ribbons between them."""
    whole = sum(path["persons"].value for path in paths)
    if not whole:
        return None
    sizes: list[dict[str, int]] = [{} for _ in range(LINES)]
    links: list[dict[tuple[str, str], int]] = [{} for _ in range(LINES - 1)]
    for path in paths:
        names = [path[f"line_{line}"] for line in range(1, LINES + 1)]
        for line, name in enumerate(names):
            sizes[line][name] = sizes[line].get(name, 0) + path["persons"].value
        for line, pair in enumerate(pairwise(names)):
            links[line][pair] = links[line].get(pair, 0) + path["persons"].value
    order = _order(sizes)
    scale = (HEIGHT - TOP - GAP * max(len(own) for own in sizes)) / whole
    tops, body = _boxes(sizes, order, scale)
    leaves, enters = [dict(own) for own in tops], [dict(own) for own in tops]
    ribbons = ""
    for line, own in enumerate(links):
        left, right = _x(line) + BOX, _x(line + 1)
        middle = (left + right) / 2
        for source, target in sorted(own, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
            thick = own[source, target] * scale
            a, b = leaves[line][source], enters[line + 1][target]
            leaves[line][source] += thick
            enters[line + 1][target] += thick
            if source in (NO_LINE, OTHER) and source == target:
                continue
            pale = "#eceef0" if target in (NO_LINE, OTHER) else "#b9c4d0"
            ribbons += (
                f'<path d="M{left},{a:.1f}C{middle:.0f},{a:.1f} {middle:.0f},{b:.1f} {right},{b:.1f}v{thick:.1f}'
                f'C{middle:.0f},{b + thick:.1f} {middle:.0f},{a + thick:.1f} {left},{a + thick:.1f}z" '
                f'fill="{pale}" fill-opacity="0.75"/>'
            )
    return charts.figure(
        WIDTH,
        HEIGHT + 12,
        ribbons + body,
        prefix="flow",
        title="Successive antidepressant trials by class, first to fourth line",
        description="Each column is one line of treatment; the table of pathways has the numbers.",
    )


def _order(sizes: Sequence[Mapping[str, int]]) -> list[str]:
    total: dict[str, int] = {}
    for own in sizes:
        for name, persons in own.items():
            total[name] = total.get(name, 0) + persons
    return sorted(total, key=lambda name: (name in (NO_LINE, OTHER), name == OTHER, -total[name], name))


def _x(line: int) -> float:
    return 8 + line * (WIDTH - 190) / (LINES - 1)


def _boxes(
    sizes: Sequence[Mapping[str, int]], order: Sequence[str], scale: float
) -> tuple[list[dict[str, float]], str]:
    tops: list[dict[str, float]] = []
    body = ""
    for line, own in enumerate(sizes):
        y, x = float(TOP), _x(line)
        body += f'<text x="{x}" y="16" font-size="12.5" font-weight="600">{("First", "Second", "Third", "Fourth")[line]} line</text>'
        placed: dict[str, float] = {}
        for name in order:
            if name not in own:
                continue
            height = own[name] * scale
            placed[name] = y
            fill = "#d9dee4" if name in (NO_LINE, OTHER) else charts.SOLID
            body += f'<rect x="{x}" y="{y:.1f}" width="{BOX}" height="{max(height, 0.8):.1f}" fill="{fill}"/>'
            if height >= 7 or line == 0:
                body += charts.label(x + BOX + 5, y + height / 2 + 4, f"{name} {own[name]:,}", "start")
            y += height + GAP
        tops.append(placed)
    return tops, body


def tornado(effects: Sequence[Row], levels: Sequence[Row]) -> Markup | None:
    """One bar a parameter: from the lowest to the highest mean prevalence over its levels."""
    import altair as alt

    ordered = [row["parameter"] for row in effects if row["reading"] == "certain"]
    values = []
    for reading in ("certain", "possible"):
        for parameter in ordered:
            means = [
                (row["mean"], row["level"])
                for row in levels
                if row["parameter"] == parameter and row["reading"] == reading
            ]
            if means:
                (low, low_level), (high, high_level) = min(means), max(means)
                values.append(
                    {
                        "parameter": parameter.replace("_", " "),
                        "panel": f"{reading} cases",
                        "low": low,
                        "high": high,
                        "levels": f"{low_level} – {high_level}",
                    }
                )
    if not values:
        return None
    base = alt.Chart(alt.InlineData(values=values))
    y = alt.Y(
        "parameter:N",
        title=None,
        sort=[name.replace("_", " ") for name in ordered],
        axis=alt.Axis(labelLimit=220, ticks=False, domain=False),
    )
    reach = max(value["high"] for value in values)
    x = alt.X(
        "low:Q",
        title="mean prevalence, per cent",
        scale=alt.Scale(domain=[0, max(1.0, reach * 1.4)], nice=True),
    )
    bar = base.mark_bar(color=charts.SOLID, height=13).encode(x=x, x2="high:Q", y=y)
    text = base.mark_text(align="left", dx=6, fontSize=10.5, color=charts.INK).encode(
        x=alt.X("high:Q"), y=y, text="levels:N"
    )
    chart = (
        alt.layer(bar, text)
        .properties(width=300, height=26 * len(ordered))
        .facet(
            facet=alt.Facet(
                "panel:N",
                title=None,
                sort=["certain cases", "possible cases"],
                header=alt.Header(labelFontSize=12, labelAnchor="start"),
            ),
            columns=2,
        )
    )
    return charts.from_altair(
        charts.base_config(chart),
        "tornado",
        "How far each parameter moves the prevalence",
        "For each parameter the lowest and the highest mean prevalence over its levels; the two levels are written beside it.",
    )


def specification_curve(rows: Sequence[Row], parameters: Sequence[str]) -> Markup | None:
    """All definitions of the grid in the order of prevalence, and below which level of each parameter they have."""
    usable = [row for row in rows if row["low_pct"] is not None and row["high_pct"] is not None]
    if not usable or not parameters:
        return None
    step = max(1, -(-len(usable) // MOST_SPECIFICATIONS))
    drawn = usable[::step]
    left, width, top, plot = 230, 640, 12, 170
    most = max(row["high_pct"] for row in usable) or 1.0
    end = next(limit for limit in (1, 2, 5, 10, 20, 50, 100) if most <= limit)

    def x(place: int) -> float:
        return left + width * (place + 0.5) / len(drawn)

    def y(percent: float) -> float:
        return top + plot * (1 - percent / end)

    body = ""
    for part in range(5):
        value = end * part / 4
        body += f'<line x1="{left}" x2="{left + width}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{charts.FAINT}"/>'
        body += charts.label(left - 8, y(value) + 4, f"{value:g} %", "end")
    thin = max(0.8, min(5.0, width / len(drawn) * 0.7))
    for place, row in enumerate(drawn):
        low, high = y(row["low_pct"]), y(max(row["low_pct"], row["high_pct"]))
        bar = f'<rect x="{x(place) - thin / 2:.2f}" width="{thin:.2f}"'
        body += f'{bar} y="{high:.1f}" height="{max(low - high, 0.6):.1f}" fill="#c3cad2"/>'
        body += f'{bar} y="{low - 1.2:.1f}" height="2.4" fill="{charts.SOLID}"/>'
    line = top + plot + 22.0
    for parameter in parameters:
        own = sorted({row[parameter] for row in usable}, key=_level)
        if len(own) < 2:
            continue
        body += f'<text x="4" y="{line + 4:.1f}" font-size="11.5" font-weight="600">{_escape(parameter.replace("_", " "))}</text>'
        for level in own:
            body += f'<text x="{left - 8}" y="{line + 4:.1f}" font-size="11" text-anchor="end">{_escape(level)}</text>'
            body += f'<path d="M{left},{line:.1f}H{left + width}" stroke="{charts.FAINT}"/>'
            ticks = "".join(
                f"M{x(place):.1f},{line - 4:.1f}v8"
                for place, row in enumerate(drawn)
                if row[parameter] == level
            )
            body += f'<path d="{ticks}" stroke="{charts.SOLID}" stroke-width="{thin:.2f}"/>'
            line += 14
        line += 6
    return charts.figure(
        left + width + 10,
        line,
        body,
        prefix="specs",
        title="Prevalence under every definition of the multiverse",
        description="Definitions in the order of prevalence from left to right; marks below show the levels of each parameter.",
    )


def _level(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _escape(text: str) -> str:
    return str(Markup.escape(text))
