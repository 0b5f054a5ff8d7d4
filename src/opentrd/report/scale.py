"""A staging instrument as a scale: its bands, and the interval in which the score lies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from opentrd.report import charts
from opentrd.report.words import Row, interval, number

WIDTH = 640
MOST_WIDTH = 900
LETTER = 6.6
LINE = 15
LEFT = 24
HEIGHT = 66
BAND_HEIGHT = 24
MOST_TICKS = 17


def draw(row: Row, bands: Sequence[Row], prefix: str, name: str, said: str = "") -> Markup | None:
    """The interval of a total on its scale; None when the total is not computable at all.

    ``row`` has low, high, scale_min, scale_max (None: unbounded). ``bands`` have band, low, high. ``said`` is
    the score in words. Without a low the interval reaches down to the scale's end and stays open there.
    """
    low, high = row.get("low"), row.get("high")
    if low is None and high is None:
        return None
    floor = _first(
        row.get("scale_min"), min((b["low"] for b in bands if b.get("low") is not None), default=None), 0
    )
    ceiling = _first(
        row.get("scale_max"), max((b["high"] for b in bands if b.get("high") is not None), default=None)
    )
    bounded = ceiling is not None
    if ceiling is None:
        ceiling = float(max(value for value in (low, high, floor) if value is not None)) + 2
    span = (ceiling - floor) or 1
    width = _width(bands, span)
    named = [_lines(band, width / (span + 1)) for band in bands]
    top = LINE * max((len(lines) - 1 for lines in named), default=0) if bands else -BAND_HEIGHT
    # A band reaches half a step beyond its first and last score, so the ends of the scale need that room.
    margin = max(LEFT, width / (2 * (span + 1))) if bands else LEFT

    def at(value: float) -> float:
        return float(margin + (value - floor) / span * (width - 2 * margin))

    start, end = at(floor if low is None else low), at(ceiling if high is None else high)
    body = f'<line x1="{at(floor):.1f}" x2="{at(ceiling):.1f}" y1="40" y2="40" stroke="{charts.LINE}"/>'
    if not bounded:
        tip = at(ceiling)
        body += f'<path d="M{tip - 7:.1f},36l7,4l-7,4" fill="none" stroke="{charts.LINE}"/>'
    for value in _ticks(floor, ceiling):
        body += (
            f'<line x1="{at(value):.1f}" x2="{at(value):.1f}" y1="40" y2="45" stroke="{charts.LINE}"/>'
            f'<text x="{at(value):.1f}" y="59" font-size="12" text-anchor="middle">{number(value)}</text>'
        )
    if low is not None and low == high:
        body += (
            f'<circle cx="{start:.1f}" cy="40" r="7.5" fill="{charts.SOLID}" stroke="#fff" stroke-width="2"/>'
        )
    else:
        body += (
            f'<rect x="{start:.1f}" y="33" width="{max(end - start, 1):.1f}" height="14" rx="7" '
            f'fill="{charts.fill("dots", prefix)}" stroke="{charts.SOLID}" stroke-width="1.5"/>'
            if low is not None
            else _open_left(start, end, prefix)
        )
        for known, place in ((low, start), (high, end)):
            if known is not None:
                body += _end(place)
    score = said or interval(low, high)
    words = f"{name}: {score}"
    edges = "" if row.get("scale_max") is None else f" on a scale from {number(floor)} to {number(ceiling)}"
    body = _bands(bands, named, at, top) + f'<g transform="translate(0,{top})">{body}</g>'
    described = f"The score is {score}{edges}."
    return charts.figure(width, HEIGHT + top, body, prefix=prefix, title=words, description=described)


def _open_left(start: float, end: float, prefix: str) -> str:
    """An interval without a lower bound: its left end is open and its outline dashed."""
    right = max(end, start + 1)
    return (
        f'<rect x="{start - 10:.1f}" y="33" width="{right - start + 10:.1f}" height="14" '
        f'fill="{charts.fill("dots", prefix)}"/>'
        f'<path d="M{start - 10:.1f},33H{right:.1f}M{start - 10:.1f},47H{right:.1f}" fill="none" '
        f'stroke="{charts.SOLID}" stroke-width="1.5" stroke-dasharray="4 3"/>'
    )


def _end(x: float) -> str:
    return f'<circle cx="{x:.1f}" cy="40" r="7.5" fill="#fff" stroke="{charts.SOLID}" stroke-width="2"/>'


def _width(bands: Sequence[Row], span: float) -> float:
    """Wide enough for the longest word of each band, which is not broken."""
    steps = [
        max(len(word) for word in str(band["band"]).split() or [""])
        * LETTER
        / (band["high"] - band["low"] + 1)
        for band in bands
        if band.get("low") is not None and band.get("high") is not None
    ]
    return float(min(MOST_WIDTH, max(WIDTH, (max(steps, default=0) + 6) * (span + 1))))


def _lines(band: Row, step: float) -> list[str]:
    """The name of a band, broken between words where the band is narrower than its name."""
    if band.get("low") is None or band.get("high") is None:
        return []
    letters = int(((band["high"] - band["low"] + 1) * step - 6) / LETTER)
    return textwrap.wrap(str(band["band"]), max(letters, 1), break_long_words=False, break_on_hyphens=False)


def _bands(bands: Sequence[Row], named: Sequence[Sequence[str]], at: Any, top: float) -> str:
    """The named bands above the axis, in alternating pale shades with their names."""
    body = ""
    for place, (band, lines) in enumerate(zip(bands, named, strict=True)):
        if not lines:
            continue
        x = at(band["low"] - 0.5) + 1.5
        width = at(band["high"] + 0.5) - 1.5 - x
        body += (
            f'<rect x="{x:.1f}" y="3" width="{width:.1f}" height="{21 + top:g}" '
            f'fill="{"#eef0f2" if place % 2 == 0 else "#dfe3e7"}"/>'
        )
        first = 18 + (top - LINE * (len(lines) - 1)) / 2
        for number_of, line in enumerate(lines):
            body += charts.label(x + width / 2, first + LINE * number_of, line, "middle")
    return body


def _ticks(floor: float, ceiling: float) -> list[float]:
    """Whole numbers from end to end, thinned when there are many."""
    step = 1
    while (ceiling - floor) / step > MOST_TICKS:
        step += 1
    values, value = [], float(floor)
    while value <= ceiling:
        values.append(value)
        value += step
    return values


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
