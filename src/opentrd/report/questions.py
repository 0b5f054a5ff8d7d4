"""The missing facts that would settle or narrow most, as the patient page asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.lineage import Lineage
from opentrd.report.words import Row

MOST_QUESTIONS = 8
FIELD_WORDS = {
    "improvement_pct": "improvement",
    "daily_dose_mg": "daily dose",
    "end_date": "end",
    "start_date": "start",
    "stop_reason": "reason for stopping",
    "maudsley severity": "severity",
    "condition": "diagnosis",
}
# What a question is about when the record has no row for it yet.
TABLE_WORDS = {
    "measurement": "a rating",
    "condition": "diagnoses",
    "procedure": "procedures",
    "exposure": "drugs",
}


def questions(
    rows: Sequence[Row],
    trials: Mapping[str, Row],
    records: Mapping[str, Row],
    lineage: Lineage,
    person_id: str,
) -> list[dict[str, Any]]:
    """The questions in the order of what they settle, then of what they narrow."""
    homes: dict[str, Row] = {}
    for key, trial in trials.items():
        for kind in ("exposure", "procedure"):
            for record in lineage.record_keys("trial", key, kind):
                # A row belongs to the trial of its drug alone before it belongs to a combination.
                if record not in homes or trial.get("kind") == "drug":
                    homes[record] = trial
    ordered = sorted(
        rows,
        key=lambda row: (
            -(row.get("settles_high") or 0),
            -(row.get("settles_low") or 0),
            -(row.get("narrows_high") or 0),
            str(row.get("asks")),
        ),
    )
    views: list[dict[str, Any]] = []
    for row in ordered[:MOST_QUESTIONS]:
        key, table = str(row.get("row")), str(row.get("table") or "")
        known, home = records.get(key), homes.get(key)
        field = str(row.get("field") or "")
        views.append(
            {
                "asks": words.dates_in_words(words.without_person(row.get("asks"), person_id)),
                "about": _about(known, home) if known else TABLE_WORDS.get(table, table.replace("_", " ")),
                "trial": home["number"] if known and home else None,
                "field": FIELD_WORDS.get(field, field.replace("_", " ")),
                "settles": words.interval(row.get("settles_low"), row.get("settles_high"))
                if row.get("settles_high") or not row.get("narrows_high")
                else "",
                "standings": standing_options(row.get("standings_low"), row.get("standings_high")),
                "narrows": narrowing(row.get("narrows_high")),
            }
        )
    return views


def _about(known: Row, home: Row | None) -> str:
    name = words.title_case(str(known.get("agent") or known.get("procedure") or "not named"))
    place = f"trial {home['number']}, " if home else ""
    return f"{name} ({place}row {known['number']})"


def standing_options(low: Any, high: Any) -> str:
    """``of these 4–6 options``: how many of what is settled are standings; empty when none is."""
    if not high:
        return ""
    return f"of these {words.interval(low, high)} {'option' if high == 1 else 'options'}"


def narrowing(points: Any) -> str:
    """``narrows by up to 4 points``; empty when nothing becomes narrower."""
    if not isinstance(points, int | float) or points <= 0:
        return ""
    return f"narrows by up to {words.number(points)} {'point' if points == 1 else 'points'}"
