"""Intervals beside their names, on one axis: the drawing behind forest plots, leave-one-out, league rows and node splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from opentrd.evidence.arguments import file_of
from opentrd.report import charts
from opentrd.report import evidence_words as words

Row = Mapping[str, Any]
LINE = 22
PLOT = 360
HEAD = 26
# Width of a letter at the size of the labels, as wide letters have it.
_LETTER = 6.9
_NAME_LETTERS = 40
_MOST_TICKS = 7


class Drawing(Markup):
    """An SVG: a string that a page can hold, that a notebook shows, and that :meth:`save` writes to a file."""

    def _repr_html_(self) -> str:
        return str(self)

    def save(self, path: str | Path) -> Path:
        """Write the drawing as an SVG file that stands by itself."""
        target = file_of(path)
        style = f"<style>text{{font-family:{charts.FONT};fill:{charts.INK}}}</style>"
        target.write_text(str(self).replace("<defs>", f"{style}<defs>", 1), encoding="utf-8")
        return target


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high`` on the analysis scale, drawn from ``left`` over ``width``; ticks are labelled as people read."""

    low: float
    high: float
    measure: str | None
    left: float = 0.0
    width: float = PLOT

    def at(self, value: float) -> float:
        """Where a value lies; values beyond the ends lie at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * self.width

    def ticks(self) -> list[tuple[float, str]]:
        """Places on the analysis scale with their labels."""
        if words.is_ratio(self.measure):
            return [(math.log(ratio), f"{ratio:g}") for ratio in _ratios(_exp(self.low), _exp(self.high))]
        if words.is_transformed(self.measure):
            return self._natural_ticks()
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        places = [step * place for place in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(place, self._label(round(place, 10))) for place in places]

    def _natural_ticks(self) -> list[tuple[float, str]]:
        """Round values as people read them (proportions, correlations), where they lie on the analysis scale."""
        first, last = words.back(self.low, self.measure), words.back(self.high, self.measure)
        if not last > first:
            return []
        step = _step(last - first)
        found = []
        for place in range(math.ceil(first / step + 1e-9), math.floor(last / step - 1e-9) + 1):
            low, high = self.low, self.high
            for _ in range(60):  # halving: every way back rises
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if words.back(middle, self.measure) < place * step else (low, middle)
                )
            found.append(((low + high) / 2, self._label(round(place * step, 10))))
        return found

    def _label(self, value: float) -> str:
        return f"{value:.3g}".replace("-", "−")


def _exp(value: float) -> float:
    """A ratio that a computer can hold."""
    return math.exp(min(max(value, -600.0), 600.0))


def _ratios(low: float, high: float) -> list[float]:
    """Round ratios between two ends, at most so many as can be read; 1 is among them where it lies inside."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for digits in ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [digit * 10.0**power for power in powers for digit in digits]
        found = [ratio for ratio in found if low * (1 - 1e-9) <= ratio <= high * (1 + 1e-9)]
        if len(found) <= _MOST_TICKS:
            return found
    each = math.ceil(len(found) / _MOST_TICKS)
    return [ratio for ratio in found if round(math.log10(ratio)) % each == 0]


def _step(span: float) -> float:
    raw = span / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(digit * power for digit in (1.0, 2.0, 2.5, 5.0, 10.0) if digit * power >= raw * (1 - 1e-9))


def axis_for(rows: Sequence[Row], measure: str | None, left: float, width: float = PLOT) -> Axis:
    """An axis that holds the estimates and most of every interval, and the value of no effect where there is one.

    An interval much wider than the others is cut (and marked by an arrow), so that the others can be seen.
    """
    some = [row for row in rows if row.get("estimate") is not None]
    middles = [float(row["estimate"]) for row in some]
    null = words.null_value(measure)
    ends = [(float(row["ci_low"]), float(row["ci_high"])) for row in some if row.get("ci_low") is not None]
    usual = float(np.median([high - low for low, high in ends])) if ends else 0.0
    low = max(min((end[0] for end in ends), default=min(middles)), min(middles) - 1.6 * usual)
    high = min(max((end[1] for end in ends), default=max(middles)), max(middles) + 1.6 * usual)
    if null is not None:
        low, high = min(low, null), max(high, null)
    margin = 0.04 * (high - low) or 0.5
    return Axis(low - margin, high + margin, measure, left, width)


def intervals(
    rows: Sequence[Row], *, measure: str | None, prefix: str, title: str, description: str,
    heads: Sequence[str] = (), name_head: str = "", value_head: str = "", weight_head: str = "",
    axis_title: str = "", level: float = 0.95,
) -> Drawing:  # fmt: skip
    """One line a row: name, cells, interval, and the numbers.

    ``rows``: ``name``; ``estimate``, ``ci_low``, ``ci_high`` on the analysis scale (None: ``note`` stands in their place);
    optional ``measure`` (of this row, where its way back is its own), ``cells`` (texts under ``heads``), ``weight`` (per
    cent, sizes the square), ``kind``: ``study``, ``pooled`` (a diamond), ``prediction`` (a bar with ends), ``head`` (a name
    alone), ``open`` (an open square).
    """
    letters = max((min(len(str(row["name"])), _NAME_LETTERS) for row in rows), default=0)
    names = max(90.0, _LETTER * max(letters, len(name_head)) + 14)
    columns = [
        _LETTER * max([len(head), *(len(str(row["cells"][i])) for row in rows if row.get("cells"))]) + 16
        for i, head in enumerate(heads)
    ]
    left = names + sum(columns) + 10
    axis = axis_for(rows, measure, left)
    said = [_value(row, measure) for row in rows]
    value_width = _LETTER * max([len(value_head), *(len(value) for value in said)]) + 14
    weight_width = 58 if weight_head else 0
    bottom = HEAD + LINE * len(rows) + 6
    body = _grid(axis, bottom, axis_title)
    body += _head(0, name_head, "start") + _head(left + PLOT + 14, value_head, "start")
    place = names
    for head, width in zip(heads, columns, strict=True):
        place += width
        body += _head(place - 10, head, "end")
    full = left + PLOT + 14 + value_width + weight_width
    if weight_head:
        body += _head(full - 2, weight_head, "end")
    for number, (row, value) in enumerate(zip(rows, said, strict=True)):
        y = HEAD + LINE * number + LINE / 2
        strong = row.get("kind") in ("pooled", "head")
        body += _text(0, y + 4, _cut(str(row["name"])), "start", strong)
        place = names
        for cell, width in zip(row.get("cells") or (), columns, strict=False):
            place += width
            body += _text(place - 10, y + 4, str(cell), "end", False)
        if row.get("kind") == "pooled":
            body += f'<path d="M0,{y - LINE / 2:.1f}H{full:.0f}" stroke="{charts.PALE}"/>'
        body += _mark(row, axis, y)
        body += _text(left + PLOT + 14, y + 4, value, "start", strong)
        if row.get("weight") is not None:
            body += _text(full - 2, y + 4, f"{row['weight']:.1f} %", "end", False)
    height = bottom + (40 if axis_title else 22)
    return Drawing(charts.figure(full, height, body, prefix=prefix, title=title, description=description))


def _value(row: Row, measure: str | None) -> str:
    measure = row.get("measure", measure)
    if row.get("kind") == "head":
        return ""
    if row.get("estimate") is None:
        return str(row.get("note") or "")
    if row.get("kind") == "prediction":
        return words.interval(row["ci_low"], row["ci_high"], measure)
    return words.estimate(row, measure)


def _grid(axis: Axis, bottom: float, title: str) -> str:
    body = ""
    for value, label in axis.ticks():
        x = axis.at(value)
        body += f'<path d="M{x:.1f},{HEAD}V{bottom}" stroke="{charts.FAINT}"/>'
        body += charts.label(x, bottom + 15, label, "middle")
    null = words.null_value(axis.measure)
    if null is not None and axis.low <= null <= axis.high:
        body += f'<path d="M{axis.at(null):.1f},{HEAD}V{bottom}" stroke="{charts.LINE}" stroke-width="1.4"/>'
    if title:
        body += charts.label(axis.left + axis.width / 2, bottom + 34, title, "middle")
    return body


def _mark(row: Row, axis: Axis, y: float) -> str:
    if row.get("estimate") is None or row.get("kind") == "head":
        return ""
    x = axis.at(row["estimate"])
    low, high = row.get("ci_low"), row.get("ci_high")
    if row.get("kind") == "pooled" and low is not None and high is not None:
        a, b = axis.at(low), axis.at(high)
        return f'<path d="M{a:.1f},{y}L{x:.1f},{y - 7}L{b:.1f},{y}L{x:.1f},{y + 7}Z" fill="{charts.SOLID}"/>'
    body = ""
    if low is not None and high is not None:
        a, b = axis.at(low), axis.at(high)
        bar = row.get("kind") == "prediction"
        stroke = f'stroke="{charts.SOLID}" stroke-width="{3 if bar else 1.5}"'
        body += f'<path d="M{a:.1f},{y}H{b:.1f}" {stroke} fill="none"/>'
        for end, place, turn in ((low, a, 1), (high, b, -1)):
            if (end < axis.low - 1e-12) or (end > axis.high + 1e-12):  # cut: an arrow, not an end
                near, tip = place + 6 * turn, f"{place:.1f},{y}"
                body += f'<path d="M{near:.1f},{y - 4}L{tip}L{near:.1f},{y + 4}" {stroke} fill="none"/>'
            elif bar:
                body += f'<path d="M{place:.1f},{y - 5}v10" {stroke}/>'
    if row.get("kind") == "prediction":
        return body
    side = 7.0 if row.get("weight") is None else 3.5 + 9.5 * math.sqrt(row["weight"] / 100)
    fill = "#fff" if row.get("kind") == "open" else charts.SOLID
    return (
        body + f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}" '
        f'fill="{fill}" stroke="{charts.SOLID}"/>'
    )


def _cut(text: str) -> str:
    return text if len(text) <= _NAME_LETTERS else text[: _NAME_LETTERS - 1].rstrip() + "…"


def _text(x: float, y: float, text: str, anchor: str, strong: bool) -> str:
    weight = ' font-weight="600"' if strong else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12.5" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def _head(x: float, text: str, anchor: str) -> str:
    return _text(x, 15, text, anchor, True) if text else ""
