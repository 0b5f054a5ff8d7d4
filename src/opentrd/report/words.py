"""How values are said on a page: dates, spans of days, numbers, truths, and where a fact was read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

Row = Mapping[str, Any]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS_PER_WEEK = 7
SPACE = "\N{NO-BREAK SPACE}"
ABBREVIATIONS = ("ect", "rtms", "tms", "vns")

# What a status says of a fact; the order is from the firmest to the weakest.
STATUS_WORDS: dict[str, str] = {
    "verified": "read in the primary source",
    "transcribed": "read in a named copy of the source",
    "recalled": "recalled, still to be checked",
}

MET_WORDS = {True: "met", False: "not met", None: "undetermined"}
# A clause that a definition does not ask is neither true nor unknown.
NOT_ASKED = "not asked"
TRUTH_WORDS = {True: "yes", False: "no", None: "not known", NOT_ASKED: NOT_ASKED}
TRUTH_SYMBOLS = {True: "✓", False: "✗", None: "?", NOT_ASKED: "–"}
TRUTH_CLASSES = {True: "yes", False: "no", None: "open"}


def truth(value: Any) -> bool | None:
    """The truth a cell holds; anything that is not a boolean is not known."""
    return value if isinstance(value, bool) else None


def number(value: Any) -> str:
    """A number without needless decimals and with thousands separated; empty when not known."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def censored(sign: Any, value: Any) -> str:
    """A measured value with its censoring sign: ``<5``."""
    said = number(value)
    return f"{sign}{said}" if said and sign in ("<", ">") else said or "not known"


def interval(low: Any, high: Any, nothing: str = "not known") -> str:
    """An interval of numbers: ``3``, ``3–5``, ``at least 3``, ``at most 5`` or the word for nothing known."""
    if low is None and high is None:
        return nothing
    if high is None:
        return f"at least {number(low)}"
    if low is None:
        return f"at most {number(high)}"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def day(value: Any, nothing: str = "not known") -> str:
    """A calendar day as it stands in a letter: ``3 May 2021``."""
    if isinstance(value, date):
        return f"{value.day}{SPACE}{MONTHS[value.month - 1]}{SPACE}{value.year}"
    return str(value) if value else nothing


def days_between(start: Any, end: Any) -> str:
    """A span of calendar days in words; an unknown side is said."""
    if start is None and end is None:
        return "not known"
    if start == end:
        return day(start)
    return f"{day(start, 'start not known')} – {day(end, 'end not known')}"


def stated_day(earliest: Any, latest: Any) -> str:
    """A date of the record, which may be an interval."""
    if earliest is None and latest is None:
        return "not known"
    if earliest == latest:
        return day(earliest)
    if earliest is None:
        return f"by {day(latest)}"
    if latest is None:
        return f"from {day(earliest)}"
    if isinstance(earliest, date) and isinstance(latest, date) and earliest.year == latest.year:
        return f"between {day(earliest).removesuffix(f'{SPACE}{earliest.year}')} and {day(latest)}"
    return f"between {day(earliest)} and {day(latest)}"


def span_from(earliest: Any, certain: Any, end: Any) -> str:
    """A span of days whose first day may be an interval: the record may give a month or a year only."""
    if earliest is None or certain is None or earliest == certain:
        return days_between(earliest, end)
    return f"{stated_day(earliest, certain)} – {day(end, 'end not known')}"


def dates_in_words(text: str) -> str:
    """The text with every ISO date written as it stands in a letter; what is no calendar day is left."""

    def said(found: re.Match[str]) -> str:
        try:
            return day(date.fromisoformat(found[0]))
        except ValueError:
            return found[0]

    return re.sub(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", said, text)


def weeks(low: Any, high: Any) -> str:
    """Days as weeks, with one decimal below ten weeks: ``8 wk``, ``2–10.5 wk``; empty when not known."""
    if low is None and high is None:
        return ""

    def one(days: Any) -> Any:
        if days is None:
            return None
        value = float(days) / DAYS_PER_WEEK
        return round(value, 1) if value < 10 else round(value)

    return f"{interval(one(low), one(high))}{SPACE}wk"


def plural(count: int, noun: str, many: str = "") -> str:
    """``1 trial``, ``3 trials``."""
    return f"{count:,} {noun if count == 1 else (many or noun + 's')}"


def title_case(text: str) -> str:
    """The text with its first letter raised and underscores read as spaces."""
    words = text.replace("_", " ").strip()
    return words.upper() if words in ABBREVIATIONS else words[:1].upper() + words[1:]


def outcome(row: Row) -> str:
    """What the record says of a treatment's end, in the record's own terms."""
    said = []
    change = row.get("improvement_pct")
    if change is not None:
        worse = isinstance(change, int | float) and change < 0
        said.append(f"{number(-change)}{SPACE}% worse" if worse else f"{number(change)}{SPACE}% better")
    if row.get("stop_reason"):
        said.append(f"stopped: {row['stop_reason']}")
    return ", ".join(said) or "outcome not recorded"


def status_counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows rest on facts of which status, firmest first; rows that name none are ``not stated``."""
    counts = dict.fromkeys(STATUS_WORDS, 0)
    for row in rows:
        status = str(row.get("knowledge_status") or "not stated")
        counts[status] = counts.get(status, 0) + 1
    return {status: count for status, count in counts.items() if count}


def without_person(text: Any, person_id: str) -> str:
    """The text with the person's id replaced: pages name nobody.

    An id of one or two characters is replaced at the head of a key only (``7/sertraline/1``): elsewhere it cannot be told
    from row numbers and doses, and would hide what must be checked.
    """
    said = "" if text is None else str(text)
    if len(person_id) < 3:
        return re.sub(
            rf"(?<![A-Za-z0-9.,]){re.escape(person_id)}(?=/[A-Za-z][^/,;]*/[0-9])", "[this person]", said
        )
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(person_id)}(?![A-Za-z0-9])", "[this person]", said)
