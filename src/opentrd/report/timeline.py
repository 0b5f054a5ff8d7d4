"""The timeline of one person: ratings above, one lane per treatment below, on one time axis.

A bar is drawn solid where its days are certain and dashed where they are only possible. Its shade says
whether the trial was adequate; the text beside it says the same in words, so that nothing is told by shade
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from markupsafe import Markup, escape

from opentrd.report import charts
from opentrd.report.adequacy import NO_RULE

PLOT_WIDTH = 500
LANE = 25
PANEL = 76
MOST_LANES = 18
MOST_PANELS = 4
LABELLED_POINTS = 9

# Space above the first panel, for the words "as of" and the episodes.
TOP = 16
# Labels of the time axis that have room beside each other.
MOST_TICKS, MOST_YEARS = 8, 12
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SHADES = {True: "solid", False: "hatch", None: "dots", NO_RULE: "pale"}


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


@dataclass(frozen=True)
class _Scale:
    """Days as places on the axis, from ``first`` at 0 to ``last`` at ``PLOT_WIDTH``."""

    first: date
    last: date

    def at(self, when: date) -> float:
        return (when - self.first).days / (self.last - self.first).days * PLOT_WIDTH

    def ticks(self) -> list[tuple[date, str]]:
        """Days with their labels, which differ from each other and have room."""
        days = (self.last - self.first).days
        if days > 4 * 366:
            every = -(-(self.last.year - self.first.year) // MOST_YEARS)
            years = range(self.first.year, self.last.year + 1)
            found = [(date(year, 1, 1), str(year)) for year in years if year % every == 0]
        elif days > 4 * 31:
            every = next(step for step in (1, 2, 3, 6) if days / (30 * step) <= MOST_TICKS or step == 6)
            months = [
                (year, month) for year in range(self.first.year, self.last.year + 1) for month in range(1, 13)
            ]
            found = [
                (date(year, month, 1), f"{MONTHS[month - 1]} {year}")
                for year, month in months
                if (month - 1) % every == 0
            ]
        else:
            every = next(step for step in (7, 14, 28) if days / step <= MOST_TICKS - 2 or step == 28)
            begin = self.first + timedelta(days=-self.first.weekday() % 7)
            found = [
                (day, f"{day.day} {MONTHS[day.month - 1]} {day.year}")
                for day in (begin + timedelta(days=step) for step in range(0, days, every))
            ]
        return [(day, text) for day, text in found if self.first <= day <= self.last]


def draw(timeline: Timeline, prefix: str, title: str, description: str) -> Markup | None:
    """The timeline as an inline SVG, or None when nothing in it has a date."""
    if not any(lane.bars or lane.ticks for lane in timeline.lanes) and not timeline.panels:
        return None
    days = dates_of(timeline)
    if not days:
        return None
    first, last = min(days), max(days)
    margin = timedelta(days=max(7, (last - first).days // 50))
    scale = _Scale(first - margin, last + margin)
    panels_height = PANEL * len(timeline.panels)
    height = TOP + panels_height + LANE * len(timeline.lanes) + 4
    parts = [_bands(timeline, scale, height), _axis(scale, height)]
    parts += [_line(0, y, PLOT_WIDTH, y, charts.FAINT) for y in _separators(timeline, panels_height)]
    parts += [_panel(panel, TOP + PANEL * place, scale) for place, panel in enumerate(timeline.panels)]
    parts += [
        _lane(lane, TOP + panels_height + LANE * place, scale, last, prefix)
        for place, lane in enumerate(timeline.lanes)
    ]
    if timeline.as_of is not None:
        x = scale.at(timeline.as_of)
        parts.append(_line(x, 0, x, height, charts.INK, dashes="1 2"))
        parts.append(_text(x - 3, 12, "as of", 11, "end", italic=True))
    left = max(24, *(_width(name, 13) + 14 for name in _names(timeline)))
    right = max(24, *(_width(lane.note, 12) + 12 for lane in timeline.lanes), 0)
    body = f'<g transform="translate({left:.0f},2)">{"".join(parts)}</g>'
    size = (round(left) + PLOT_WIDTH + round(right), height + 26)
    return charts.figure(*size, body, prefix=prefix, title=title, description=description)


def _names(timeline: Timeline) -> list[str]:
    return [lane.name for lane in timeline.lanes] + [_range(panel) for panel in timeline.panels] + [""]


def _range(panel: Panel) -> str:
    return f"{panel.name} ({panel.low:g}–{panel.high:g})"


def _width(text: str, size: float) -> float:
    """The room that a text takes, as a sans-serif of this size has it, rather more than less."""
    return (
        sum(
            0.32 if c in " ijlftr.,;:|!'()-/" else 0.8 if c in "mwMW%@" or c.isupper() else 0.57 for c in text
        )
        * size
    )


def _line(
    x1: float, y1: float, x2: float, y2: float, color: str, *, width: float = 1, dashes: str = ""
) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
        f'stroke-width="{width:g}"{dashed}/>'
    )


def _text(
    x: float, y: float, text: str, size: float, anchor: str, *, italic: bool = False, color: str = charts.INK
) -> str:
    slant = ' font-style="italic"' if italic else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{color}"{slant}>'
        f"{escape(text)}</text>"
    )


def _box(x1: float, x2: float, y1: float, y2: float, fill: str, more: str = "") -> str:
    return f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{max(x2 - x1, 1):.1f}" height="{y2 - y1:.1f}" fill="{fill}"{more}/>'


def _axis(scale: _Scale, height: float) -> str:
    parts = []
    for day, text in scale.ticks():
        x = scale.at(day)
        parts.append(_line(x, 0, x, height, charts.FAINT) + _line(x, height, x, height + 5, charts.LINE))
        parts.append(_text(x, height + 19, text, 12, "middle"))
    return "".join(parts) + _line(0, height, PLOT_WIDTH, height, charts.LINE)


def _bands(timeline: Timeline, scale: _Scale, height: float) -> str:
    """The episodes behind everything else."""
    parts = []
    for name, start, end in timeline.episodes:
        x1, x2 = scale.at(start), scale.at(end + timedelta(days=1))
        parts.append(_box(x1, x2, 0, height, "#f1eee6"))
        parts.append(_text(x1 + 3, 12, name, 11, "start", italic=True, color="#5c564a"))
    return "".join(parts)


def _separators(timeline: Timeline, panels_height: float) -> list[float]:
    panels = [TOP + PANEL * place for place in range(1, len(timeline.panels) + 1)]
    return [*panels, *(TOP + panels_height + LANE * place for place in range(1, len(timeline.lanes) + 1))]


def _panel(panel: Panel, y: float, scale: _Scale) -> str:
    """A small line chart of one scale: its name and range at the left, values written at the points."""
    top, bottom = y + 20, y + PANEL - 8
    spread = (panel.high - panel.low) or 1.0
    every = max(1, -(-len(panel.points) // LABELLED_POINTS))
    final = len(panel.points) - 1
    places = [
        (scale.at(when), bottom - (value - panel.low) / spread * (bottom - top))
        for when, value in panel.points
    ]
    line = " ".join(f"{x:.1f},{at:.1f}" for x, at in places)
    parts = [f'<polyline points="{line}" fill="none" stroke="{charts.LINE}" stroke-width="1.3"/>']
    for number, ((x, at), (_, value)) in enumerate(zip(places, panel.points, strict=True)):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{at:.1f}" r="2.9" fill="#fff" stroke="{charts.INK}" stroke-width="1.3"/>'
        )
        if number in (0, final) or (number % every == 0 and final - number >= every):
            parts.append(_text(x, at - 7, f"{value:g}", 11, "middle"))
    parts.append(_text(-10, (top + bottom) / 2 + 4, _range(panel), 13, "end"))
    return "".join(parts)


def _lane(lane: Lane, y: float, scale: _Scale, last: date, prefix: str) -> str:
    """One treatment: possible stretches, then certain ones, then sessions, with the words at both sides."""
    certain, possible = [], []
    top, bottom = y + 5.5, y + LANE - 5.5
    edge = f' stroke="{charts.SOLID}"'
    for bar in lane.bars:
        start = scale.at(bar.start)
        end = None if bar.end is None else scale.at(bar.end + timedelta(days=1))
        stretches = []
        if bar.possible_start is not None and bar.possible_start < bar.start:
            stretches.append((scale.at(bar.possible_start), start))
        if bar.possible_end is not None and (bar.end is None or bar.possible_end > bar.end):
            until = scale.at(min(bar.possible_end, last) + timedelta(days=1))
            stretches.append((start if end is None else end, until))
        possible += [
            _box(*ends, top, bottom, "#fff", f'{edge} stroke-dasharray="3 2.5"') for ends in stretches
        ]
        if end is not None:
            certain.append(_box(start, end, top, bottom, charts.fill(SHADES[bar.adequate], prefix), edge))
    ticks = []
    for when in lane.ticks:
        x = scale.at(when)
        ticks += [_line(x, y + 2.5, x, y + LANE - 2.5, "#fff", width=3)]
        ticks += [_line(x, y + 2.5, x, y + LANE - 2.5, charts.INK, width=1.2)]
    name = _text(-10, y + LANE / 2 + 4.5, lane.name, 13, "end")
    note = _text(PLOT_WIDTH + 8, y + LANE / 2 + 4.2, lane.note, 12, "start")
    return "".join([*possible, *certain, *ticks, name, note])


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
