"""The cohort page's content, from aggregated rows. Every count passes through ``suppress`` first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from opentrd.report import charts, words
from opentrd.report.adequacy import NO_RULE, WITHOUT_RULE
from opentrd.report.cohort_fit import causes
from opentrd.report.cohort_stages import DENOMINATOR, points_tables, share, stage_tables
from opentrd.report.suppress import (
    WITHHELD,
    Cell,
    smallest_shown,
    suppress_chain,
    suppress_nested,
    suppress_one,
    suppress_partition,
)
from opentrd.report.words import Row

Tables = Mapping[str, Sequence[Row]]

DEFAULT_MIN_COUNT = 5
ROW = 22
NAMES, PLOT, WORDS = 440, 380, 130

# Counts of one definition in the order in which they are shown rather than others. Each group lies inside another, so
# that no sum of three of them gives a fourth away, as it would with who certainly belongs to the denominator.
COUNTS = ("persons", "eligible_high", "met_low", "met_high", "denominator_high")
CHAIN = ("met_low", "met_high", "denominator_high", "eligible_high", "persons")
INSIDE = {(part, whole) for place, part in enumerate(CHAIN) for whole in CHAIN[place + 1 :]}
DIAGNOSED = 4  # the step of the flow from which on everybody has a diagnosis
ADEQUACY = ((True, "Adequate", "solid"), (None, "Not known", "dots"), (False, "Not adequate", "hatch"))


def content(tables: Tables, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the template prints for a population."""
    least = int(given) if (given := meta.get("min_count")) is not None else DEFAULT_MIN_COUNT
    definitions = [definition_row(row, least) for row in tables.get("verdict") or ()]
    wholes = [row["eligible_high"].value for row in definitions if row["eligible_high"].value is not None]
    attrition = attrition_rows(tables.get("attrition") or (), least, wholes)
    published = {line["persons"].value for line in attrition if line["persons"].value is not None}
    return {
        "persons": attrition[0]["persons"].text if attrition else "not stated",
        "min_count": least,
        "attrition": attrition,
        "definitions": definitions,
        "range_chart": range_chart(definitions),
        "outcomes": outcome_words(tables.get("outcome") or (), least),
        "staged": DENOMINATOR,
        "instruments": stage_tables(tables.get("stage") or (), least, published),
        "points": points_tables(tables.get("points") or (), least, published),
        "trials": trial_rows(tables.get("trial") or (), least),
        "causes": causes(
            tables.get("finding_count") or (), meta.get("findings") or {}, _everyone(tables), least
        ),
        "unread": [
            {**_named(row, "source", "field", "reason"), "rows": suppress_one(row.get("rows"), least).text}
            for row in sorted(tables.get("unread") or (), key=_most_rows)
        ],
        "facts_share": facts_share(tables.get("facts") or ()),
        "definition_texts": [
            {
                "title": row.get("title") or words.title_case(str(row.get("definition"))),
                "text": row["text"],
                "citation": row.get("citation") or "",
                "status": row.get("knowledge_status") or "not stated",
            }
            for row in tables.get("verdict") or ()
            if row.get("text")
        ],
    }


def _everyone(tables: Tables) -> int:
    """How many persons were assessed: the first step of the flow."""
    return int(next((row.get("persons") or 0 for row in tables.get("attrition") or ()), 0))


def attrition_rows(rows: Sequence[Row], min_count: int, wholes: Sequence[int] = ()) -> list[dict[str, Any]]:
    """The flow of persons: each step lies inside the one before; bars are relative to the first step.

    ``wholes``: denominators shown on the same page. The diagnosed who were treated lie inside all diagnosed, so a step
    from ``DIAGNOSED`` on is withheld when only a few persons of such a denominator are missing in it.
    """
    cells = suppress_chain([row.get("persons") for row in rows], min_count)
    for place, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        short = [whole - cell.value for whole in wholes] if cell.value is not None else []
        if (row.get("place") or 0) >= DIAGNOSED and any(0 < few < smallest_shown(min_count) for few in short):
            cells[place] = Cell(None, WITHHELD)
    first = cells[0].value if cells else None
    lines: list[dict[str, Any]] = []
    before: int | None = None
    for row, cell in zip(rows, cells, strict=True):
        left = before - cell.value if before is not None and cell.value is not None else None
        lines.append(
            {
                "step": row.get("step"),
                "persons": cell,
                "left": "" if left is None else f"{left:,}",
                "share": None if not first or cell.value is None else 100 * cell.value / first,
            }
        )
        before = cell.value if cell.value is not None else None
    return lines


def definition_row(row: Row, min_count: int) -> dict[str, Any]:
    """The counts of one definition and the widest interval of its percentage, from shown counts only.

    The lowest percentage is certain cases among all who may belong to the denominator; the highest is certain
    and possible cases among those who belong to it if every possible case does, as in a comparison. Where a few
    undetermined persons hide a count, the certain cases and the lowest percentage stay: they come first in the
    order, and a percentage of two shown counts tells no more than these. Only the count beside them is withheld,
    as its difference is the small one.
    """
    cells = suppress_nested({name: row.get(name) for name in COUNTS}, INSIDE, min_count)
    low = _percent(cells["met_low"], cells["eligible_high"])
    high = _percent(cells["met_high"], cells["denominator_high"])
    return {
        "title": row.get("title") or words.title_case(str(row.get("definition"))),
        **cells,
        "low": low,
        "high": high,
        "percent": _percents(low, high),
        "status": row.get("knowledge_status") or "",
    }


def _percent(part: Cell, whole: Cell) -> float | None:
    if part.value is None or whole.value is None:
        return None
    if whole.value == 0:
        return None if part.value == 0 else 100.0
    return min(100.0, 100 * part.value / whole.value)


def _percents(low: float | None, high: float | None) -> str:
    if low is None:
        return "not shown" if high is None else f"at most {high:.1f} %"
    if high is None:
        return f"at least {low:.1f} %"
    one, two = f"{low:.1f}", f"{max(low, high):.1f}"
    return f"{one} %" if one == two else f"{one}–{two} %"


def range_chart(rows: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Each definition's percentage as a line from lowest to highest; a hidden one says so."""
    if not rows:
        return None
    ends = [row[name] for row in rows for name in ("low", "high") if row[name] is not None]
    highest = max(ends, default=None)
    if highest is None:
        return None
    end = next(limit for limit in (10, 20, 50, 100) if highest <= limit)
    bottom = ROW * len(rows) + 6

    def at(percent: float) -> float:
        return NAMES + percent / end * PLOT

    body = ""
    for step in range(6):
        value = end * step / 5
        body += (
            f'<line x1="{at(value):.1f}" x2="{at(value):.1f}" y1="4" y2="{bottom}" stroke="{charts.FAINT}"/>'
            + charts.label(at(value), bottom + 16, f"{value:g} %", "middle")
        )
    for place, row in enumerate(rows):
        y = ROW * place + 18
        body += charts.label(NAMES - 12, y + 4, _short(row["title"]), "end")
        body += charts.label(NAMES + PLOT + 12, y + 4, row["percent"], "start")
        if row["low"] is None:
            if row["high"] is not None:
                body += f'<circle cx="{at(row["high"]):.1f}" cy="{y}" r="5" fill="#fff" stroke="{charts.SOLID}" stroke-width="1.8"/>'
            continue
        if row["high"] is None:
            body += f'<circle cx="{at(row["low"]):.1f}" cy="{y}" r="5" fill="{charts.SOLID}"/>'
            continue
        low, high = at(row["low"]), at(max(row["low"], row["high"]))
        body += (
            f'<path d="M{low:.1f},{y}H{high:.1f}" stroke="{charts.SOLID}" stroke-width="2.5"/>'
            f'<circle cx="{high:.1f}" cy="{y}" r="5" fill="#fff" stroke="{charts.SOLID}" stroke-width="1.8"/>'
            f'<circle cx="{low:.1f}" cy="{y}" r="5" fill="{charts.SOLID}"/>'
        )
    return charts.figure(
        NAMES + PLOT + WORDS,
        bottom + 24,
        body,
        prefix="ranges",
        title="Share of persons who meet each definition",
        description="The lowest and the highest percentage of each definition, as in the table.",
    )


def outcome_words(rows: Sequence[Row], min_count: int) -> str:
    """How many drug trials say how they ended: the reason for wide bounds. Empty without drug trials."""
    row = rows[0] if rows else {}
    if not row.get("trials"):
        return ""
    inside = {("recorded", "trials"), ("improved", "trials"), ("improved", "recorded")}
    order = ("trials", "recorded", "improved")
    cells = suppress_nested({name: row.get(name) for name in order}, inside, min_count)
    said = {name: f"a number that is {c.text}" if c.text == WITHHELD else c.text for name, c in cells.items()}
    return (
        f"An improvement, or a stop for inefficacy or remission, is recorded for {said['recorded']} of "
        f"{said['trials']} drug trials (an improvement for {said['improved']}); without it a failure cannot be certain."
    )


def trial_rows(rows: Sequence[Row], min_count: int) -> list[dict[str, Any]]:
    """Per kind of trial: how many are adequate, not adequate, not known."""
    lines = []
    for kind in dict.fromkeys(str(row.get("kind")) for row in rows):
        counts = [
            sum(
                int(row.get("trials") or 0)
                for row in rows
                if str(row.get("kind")) == kind and words.truth(row.get("adequate")) is value
            )
            for value, _, _ in ADEQUACY
        ]
        parted = suppress_partition(counts, min_count)
        cells = [
            {"word": word, "fill": f"f-{fill}", "cell": cell, "percent": share(cell, parted.total)}
            for (_, word, fill), cell in zip(ADEQUACY, parted.cells, strict=True)
        ]
        lines.append(
            {
                "kind": words.title_case(kind),
                "total": parted.total,
                "cells": cells,
                "no_rule": NO_RULE if kind in WITHOUT_RULE else "",
            }
        )
    return lines


def facts_share(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Which share of the statements rests on facts of which status; whole per cent, no counts."""
    counts = {
        str(row.get("knowledge_status") or "not stated"): int(row.get("statements") or 0) for row in rows
    }
    total = sum(counts.values())
    order = [*words.STATUS_WORDS, *(name for name in counts if name not in words.STATUS_WORDS)]
    return [
        {
            "status": name,
            "meaning": words.STATUS_WORDS.get(name, "the statement names no fact"),
            "share": round(100 * counts[name] / total),
        }
        for name in order
        if counts.get(name)
    ]


def _named(row: Row, *names: str) -> dict[str, str]:
    return {name: str(row.get(name) or "") for name in names}


def _most_rows(row: Row) -> tuple[int, str]:
    return (-(row.get("rows") or 0), str(row.get("reason")))


def _short(text: str, length: int = 70) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
