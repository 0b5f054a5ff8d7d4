"""Which lanes and panels a timeline has: one lane per trial, or one per treatment when there are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from opentrd.report import words
from opentrd.report.adequacy import NO_RULE, standing
from opentrd.report.timeline import MOST_LANES, MOST_PANELS, Bar, Lane, Panel, Timeline
from opentrd.report.words import Row

NAME_LENGTH = 24
NOTE_LENGTH = 52


def timeline_of(
    trials: Sequence[Row],
    tables: Mapping[str, Sequence[Row]],
    explain: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> Timeline:
    """The drawing plan. What does not fit is named in ``omitted``; the trials table has all of it."""
    as_of = next((row.get("as_of") for row in tables.get("as_of") or ()), None)
    as_of = as_of if isinstance(as_of, date) else None
    lanes = [_trial_lane(row, tables, meta, as_of) for row in trials]
    omitted: list[str] = []
    if len(lanes) > MOST_LANES:
        lanes = _by_treatment(trials, tables, meta, as_of)
        omitted.append(f"{len(trials)} trials are drawn by treatment; the table of trials lists each.")
    if len(lanes) > MOST_LANES:
        rest = [lane.name for lane in lanes[MOST_LANES:]]
        lanes = lanes[:MOST_LANES]
        omitted.append(f"Not drawn: {', '.join(rest)}.")
    panels, left_out = _panels(tables.get("measurement") or (), explain)
    if left_out:
        omitted.append(
            f"Measurements not drawn: {', '.join(left_out)}; their values are in the table of ratings."
        )
    episodes = [
        (f"Episode {place}", row["start_date"], row.get("end_date") or as_of or row["start_date"])
        for place, row in enumerate(
            sorted(
                (r for r in tables.get("episode") or () if isinstance(r.get("start_date"), date)),
                key=lambda r: (r["start_date"], str(r.get("episode_id"))),
            ),
            1,
        )
    ]
    return Timeline(tuple(lanes), tuple(panels), tuple(episodes), as_of, tuple(omitted))


def _trial_lane(
    row: Row, tables: Mapping[str, Sequence[Row]], meta: Mapping[str, Any], as_of: date | None
) -> Lane:
    """A lane of its own: dose, weeks, what became of it, and how adequate it was."""
    name = words.title_case(str(row.get("agents") or row.get("kind") or "not named"))
    name = _short(f"+ {name}" if row.get("kind") == "augmentation" else name, NAME_LENGTH)
    bar = _bar(row, meta, as_of)
    said = [
        f"{words.number(row['top_dose_mg'])} mg" if row.get("top_dose_mg") is not None else "",
        words.weeks(row.get("days_low"), row.get("days_high")),
        words.outcome(row).replace("stopped: ", ""),
        "" if bar is not None else "start not known",
    ]
    return Lane(
        name,
        _short(" · ".join(part for part in said if part), NOTE_LENGTH),
        () if bar is None else (bar,),
        _sessions(row, tables),
    )


def _bar(row: Row, meta: Mapping[str, Any], as_of: date | None) -> Bar | None:
    """The days of a trial: certain to its last supplied day, possible as long as it may have lasted."""
    start = row.get("start_date")
    if not isinstance(start, date):
        return None
    first = row.get("certain_start")
    first = first if isinstance(first, date) and first > start else start
    high = row.get("days_high")
    end = row.get("bridged_end") or row.get("supply_end")
    certain = end if isinstance(end, date) and row.get("days_low") != 0 else None
    possible = start + timedelta(days=max(int(high), 1) - 1) if isinstance(high, int) else None
    if possible is not None and as_of is not None:
        possible = min(possible, as_of)
    if certain is None and possible is None:
        certain = start
    if certain is None or certain < first:
        return Bar(start, certain, possible, standing(row, meta))
    return Bar(first, certain, possible, standing(row, meta), start)


def _sessions(row: Row, tables: Mapping[str, Sequence[Row]]) -> tuple[date, ...]:
    """The dated sessions of a course of a procedure."""
    if row.get("kind") not in ("procedure", "psychotherapy"):
        return ()
    start, end = row.get("start_date"), row.get("bridged_end") or row.get("supply_end")
    if not (isinstance(start, date) and isinstance(end, date)):
        return ()
    days = {
        session["start_earliest"]
        for session in tables.get("procedure") or ()
        if session.get("procedure") == row.get("agents") and isinstance(session.get("start_earliest"), date)
    }
    return tuple(sorted(when for when in days if start <= when <= end))


def _by_treatment(
    trials: Sequence[Row], tables: Mapping[str, Sequence[Row]], meta: Mapping[str, Any], as_of: date | None
) -> list[Lane]:
    """One lane per treatment, in the order of first use."""
    groups: dict[str, list[Row]] = {}
    for row in trials:
        groups.setdefault(str(row.get("agents") or row.get("kind") or "not named"), []).append(row)
    lanes = []
    for name, rows in groups.items():
        bars = [bar for bar in (_bar(row, meta, as_of) for row in rows) if bar is not None]
        kinds = [standing(row, meta) for row in rows]
        counts = ((True, "adequate"), (False, "not adequate"), (None, "not known"), (NO_RULE, NO_RULE))
        note = f"{words.plural(len(rows), 'trial')}: " + ", ".join(
            f"{kinds.count(value)} {word}" for value, word in counts if kinds.count(value)
        )
        ticks = tuple(when for row in rows for when in _sessions(row, tables))
        lanes.append(
            Lane(_short(words.title_case(name), NAME_LENGTH), _short(note, NOTE_LENGTH), tuple(bars), ticks)
        )
    return lanes


def _panels(rows: Sequence[Row], explain: Mapping[str, Any]) -> tuple[list[Panel], list[str]]:
    """The measures with most dated values; the axis is the scale's own range where the knowledge gives it."""
    known: Mapping[str, Row] = explain.get("measures") or {}
    series: dict[str, list[tuple[date, float]]] = {}
    for row in rows:
        when, value = row.get("date_earliest"), row.get("value")
        if isinstance(when, date) and isinstance(value, int | float) and when == row.get("date_latest", when):
            series.setdefault(str(row.get("measure")), []).append((when, float(value)))
    order = sorted(series, key=lambda name: (-len(series[name]), name))
    drawn = [name for name in order if len(series[name]) > 1][:MOST_PANELS]
    panels = []
    for name in drawn:
        points = sorted(series[name])
        values = [value for _, value in points]
        scale = known.get(name) or {}
        low = scale.get("min_value")
        high = scale.get("max_value")
        panels.append(
            Panel(
                name,
                tuple(points),
                min([*values, 0.0] if low is None else [*values, float(low)]),
                max(values if high is None else [*values, float(high)]),
            )
        )
    return panels, [name for name in order if name not in drawn]


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
