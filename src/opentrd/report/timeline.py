"""The timeline of one person: ratings above, one lane per treatment below, on one time axis.

A bar is drawn solid where its days are certain and dashed where they are only possible. Its shade says
whether the trial was adequate; the text beside it says the same in words, so that nothing is told by shade
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

from markupsafe import Markup

from opentrd.report import charts
from opentrd.report.adequacy import NO_RULE

PLOT_WIDTH = 500
LANE = 25
PANEL = 76
MOST_LANES = 18
MOST_PANELS = 4
LABELLED_POINTS = 9

SHADES = {True: charts.SOLID, False: charts.HATCH, None: charts.DOTS, NO_RULE: charts.PALE}


@dataclass(frozen=True)
class Bar:
    """One stretch of treatment; it may have begun by ``possible_start`` and lasted until ``possible_end``."""

    start: date
    end: date | None
    possible_end: date | None
    adequate: bool | str | None
    possible_start: date | None = None


@dataclass(frozen=True)
class Lane:
    """One row of the timeline: what was given, when, and the words beside it."""

    name: str
    note: str
    bars: tuple[Bar, ...] = ()
    ticks: tuple[date, ...] = ()


@dataclass(frozen=True)
class Panel:
    """The dated values of one rating scale; ``low`` and ``high`` are the ends of its axis."""

    name: str
    points: tuple[tuple[date, float], ...]
    low: float
    high: float


@dataclass(frozen=True)
class Timeline:
    """Everything the drawing needs; a lane without any date has no bar and says so in its note."""

    lanes: Sequence[Lane]
    panels: Sequence[Panel] = ()
    episodes: Sequence[tuple[str, date, date]] = ()
    as_of: date | None = None
    omitted: Sequence[str] = field(default_factory=tuple)


def dates_of(timeline: Timeline) -> list[date]:
    """All days the axis must show."""
    days = [point for panel in timeline.panels for point, _ in panel.points]
    for lane in timeline.lanes:
        days += lane.ticks
        for bar in lane.bars:
            days += [
                when
                for when in (bar.possible_start, bar.start, bar.end, bar.possible_end)
                if when is not None
            ]
    days += [when for _, start, end in timeline.episodes for when in (start, end)]
    if timeline.as_of is not None:
        days.append(timeline.as_of)
    return days


def draw(timeline: Timeline, prefix: str, title: str, description: str) -> Markup | None:
    """The timeline as an inline SVG, or None when nothing in it has a date."""
    if not any(lane.bars or lane.ticks for lane in timeline.lanes) and not timeline.panels:
        return None
    days = dates_of(timeline)
    if not days:
        return None
    import altair as alt

    first, last = min(days), max(days)
    margin = timedelta(days=max(7, (last - first).days // 50))
    panels_height = PANEL * len(timeline.panels)
    height = 16 + panels_height + LANE * len(timeline.lanes) + 4
    long = (last - first).days > 4 * 366
    axis = alt.Axis(
        title=None,
        format="%Y" if long else "%b %Y",
        grid=True,
        labelPadding=4,
        labelFlush=False,
        tickCount="year" if long else 8,
    )
    x = alt.X(
        "start:T",
        axis=axis,
        scale=alt.Scale(type="utc", domain=[str(first - margin), str(last + margin)], nice=False),
    )
    scale = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    y, y2 = alt.Y("y:Q", scale=scale, axis=None), "y2:Q"

    def layer(rows: list[dict[str, Any]]) -> Any:
        return alt.Chart(cast(Any, {"values": rows}))

    parts: list[Any] = []
    bands = _bands(timeline, height)
    if bands:
        parts.append(layer(bands).mark_rect(fill="#f1eee6").encode(x=x, x2="end:T", y=y, y2=y2))
        parts.append(
            layer(bands)
            .mark_text(align="left", dx=3, dy=9, fontSize=11, fontStyle="italic", color="#5c564a")
            .encode(x=x, y=y, text="name:N")
        )
    lines = [{"y": at} for at in _separators(timeline, panels_height)]
    parts.append(layer(lines).mark_rule(color=charts.FAINT).encode(y=y))
    parts += _panel_layers(layer, timeline, x, y)
    certain, possible, ticks, names = _lane_rows(timeline, 16 + panels_height, last)
    if possible:
        parts.append(
            layer(possible)
            .mark_rect(stroke=charts.SOLID, strokeDash=[3, 2.5], strokeWidth=1, fill="#ffffff")
            .encode(x=x, x2="end:T", y=y, y2=y2)
        )
    if certain:
        parts.append(
            layer(certain)
            .mark_rect(stroke=charts.SOLID, strokeWidth=1)
            .encode(x=x, x2="end:T", y=y, y2=y2, fill=alt.Fill("shade:N", scale=None))
        )
    if ticks:
        parts.append(layer(ticks).mark_rule(color="#ffffff", strokeWidth=3).encode(x=x, y=y, y2=y2))
        parts.append(layer(ticks).mark_rule(color=charts.INK, strokeWidth=1.2).encode(x=x, y=y, y2=y2))
    parts.append(
        layer(names)
        .mark_text(align="right", baseline="middle", fontSize=13, color=charts.INK)
        .encode(x=alt.value(-10), y=y, text="name:N")
    )
    parts.append(
        layer(names)
        .mark_text(align="left", baseline="middle", fontSize=12, color=charts.INK)
        .encode(x=alt.value(PLOT_WIDTH + 8), y=y, text="note:N")
    )
    if timeline.as_of is not None:
        at = [{"start": str(timeline.as_of), "y": 0, "y2": height, "name": "as of"}]
        parts.append(layer(at).mark_rule(color=charts.INK, strokeDash=[1, 2]).encode(x=x, y=y, y2=y2))
        parts.append(
            layer(at)
            .mark_text(align="right", dx=-3, dy=9, fontSize=11, fontStyle="italic", color=charts.INK)
            .encode(x=x, y=y, text="name:N")
        )
    chart = charts.base_config(alt.layer(*parts).properties(width=PLOT_WIDTH, height=height))
    return charts.from_altair(chart, prefix, title, description)


def _bands(timeline: Timeline, height: float) -> list[dict[str, Any]]:
    return [
        {"start": str(start), "end": str(end + timedelta(days=1)), "y": 0, "y2": height, "name": name}
        for name, start, end in timeline.episodes
    ]


def _separators(timeline: Timeline, panels_height: float) -> list[float]:
    top = 16.0
    panels = [top + PANEL * place for place in range(1, len(timeline.panels) + 1)]
    return [*panels, *(top + panels_height + LANE * place for place in range(1, len(timeline.lanes) + 1))]


def _panel_layers(layer: Any, timeline: Timeline, x: Any, y: Any) -> list[Any]:
    """One small line chart per scale: its name and range at the left, values written at the points."""
    import altair as alt

    parts: list[Any] = []
    for place, panel in enumerate(timeline.panels):
        top, bottom = 16 + PANEL * place + 20, 16 + PANEL * (place + 1) - 8
        spread = (panel.high - panel.low) or 1.0
        every = max(1, -(-len(panel.points) // LABELLED_POINTS))
        final = len(panel.points) - 1
        rows = [
            {
                "start": str(when),
                "y": bottom - (value - panel.low) / spread * (bottom - top),
                "text": f"{value:g}" if at in (0, final) or (at % every == 0 and final - at >= every) else "",
            }
            for at, (when, value) in enumerate(panel.points)
        ]
        words = f"{panel.name} ({panel.low:g}–{panel.high:g})"
        parts.append(layer(rows).mark_line(color=charts.LINE, strokeWidth=1.3).encode(x=x, y=y))
        parts.append(
            layer(rows)
            .mark_point(filled=True, fill="#ffffff", stroke=charts.INK, strokeWidth=1.3, size=26, opacity=1)
            .encode(x=x, y=y)
        )
        parts.append(
            layer(rows).mark_text(dy=-10, fontSize=11, color=charts.INK).encode(x=x, y=y, text="text:N")
        )
        parts.append(
            layer([{"y": (top + bottom) / 2, "name": words}])
            .mark_text(align="right", baseline="middle", fontSize=13, color=charts.INK)
            .encode(x=alt.value(-10), y=y, text="name:N")
        )
    return parts


def _lane_rows(
    timeline: Timeline, top: float, last: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """The certain bars, the possible stretches, the session ticks and the words of all lanes."""
    certain: list[dict[str, Any]] = []
    possible: list[dict[str, Any]] = []
    ticks: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for place, lane in enumerate(timeline.lanes):
        y = top + LANE * place
        names.append({"y": y + LANE / 2, "name": lane.name, "note": lane.note})
        for bar in lane.bars:
            box = {"y": y + 5.5, "y2": y + LANE - 5.5}
            end = None if bar.end is None else str(bar.end + timedelta(days=1))
            if bar.possible_start is not None and bar.possible_start < bar.start:
                possible.append({"start": str(bar.possible_start), "end": str(bar.start), **box})
            if end is not None:
                certain.append({"start": str(bar.start), "end": end, "shade": SHADES[bar.adequate], **box})
            if bar.possible_end is not None and (bar.end is None or bar.possible_end > bar.end):
                until = str(min(bar.possible_end, last) + timedelta(days=1))
                possible.append({"start": end or str(bar.start), "end": until, **box})
        for when in lane.ticks:
            ticks.append({"start": str(when), "y": y + 2.5, "y2": y + LANE - 2.5})
    return certain, possible, ticks, names


def legend(prefix: str) -> Markup:
    """The three shades and the dashed stretch, each with its word."""
    items = (
        ("solid", "adequate"), ("hatch", "not adequate"), ("dots", "not known"), ("pale", NO_RULE),
    )  # fmt: skip
    body, x = "", 0
    for name, word in items:
        body += (
            f'<rect x="{x + 1}" y="3" width="26" height="13" fill="{charts.fill(name, prefix)}" '
            f'stroke="{charts.SOLID}"/><text x="{x + 34}" y="14" font-size="12.5">{word}</text>'
        )
        x += 124
    body += (
        f'<rect x="{x + 1}" y="3" width="26" height="13" fill="#fff" stroke="{charts.SOLID}" '
        f'stroke-dasharray="3 2.5"/>'
    )
    body += charts.label(x + 34, 14, "possible days, not certain", "start")
    return charts.figure(
        x + 195,
        19,
        body,
        prefix=prefix,
        title="Legend of the timeline",
        description="Solid: adequate. Hatched: not adequate. Dotted: not known. Pale: no rule of adequacy. Dashed: possible days.",
    )
