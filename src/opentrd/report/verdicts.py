"""The verdicts of the patient page: the tile of each definition, and the argument behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.lineage import Lineage
from opentrd.report.words import Row

CLAUSES: tuple[tuple[str, str], ...] = (
    ("dose_ok", "Dose"),
    ("duration_ok", "Duration"),
    ("adherence_ok", "Adherence"),
    ("stop_ok", "Stop"),
    ("response_ok", "No response"),
    ("episode_ok", "Episode"),
    ("counts", "Counts"),
)
MOST_PIPS = 8

# The families of definitions that count events of their own instead of judging trials.
EVENT_FAMILIES = ("switches", "window")
NO_EVENT = "No dated event that this definition counts is recorded."
NOTHING = "The record has nothing that this definition looks at."

# Definitions that do not judge trials count events of their own; the columns a reader needs to check one.
EVENT_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "switch": (
        ("agent", "Left"), ("first_issue", "First issue"), ("last_issue", "Last issue"), ("length_days", "Length, days"),
        ("next_agent", "Taken up"), ("next_issue", "On"), ("length_ok", "Long enough"), ("gap_ok", "Soon enough"),
        ("counts", "Counts"),
    ),
    "entry": (
        ("on_date", "Day"), ("agent", "Starts"), ("path", "Path"), ("agents_low", "Agents in the window, at least"),
        ("agents_high", "at most"), ("window_ok", "Window"), ("diagnosis_ok", "Diagnosis"),
        ("exclusion_ok", "No exclusion"), ("counts", "Qualifies"),
    ),
}  # fmt: skip


def tally(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The one-line summary over all definitions."""
    met = [view["met"] for view in verdicts]
    return (
        f"Of {words.plural(len(met), 'definition')}: {met.count(True)} met, {met.count(False)} not met, "
        f"{met.count(None)} undetermined."
    )


def verdict_view(
    row: Row,
    tables: Mapping[str, Sequence[Row]],
    explain: Mapping[str, Any],
    lineage: Lineage,
    trials: Mapping[str, Row],
) -> dict[str, Any]:
    """One definition: the tile's words, and the argument behind it."""
    definition = str(row.get("definition"))
    text: Mapping[str, Any] = (explain.get("definition_text") or {}).get(definition) or {}
    met, eligible = words.truth(row.get("met")), words.truth(row.get("eligible"))
    low, high, needed = row.get("failed_low"), row.get("failed_high"), row.get("needed")
    family = (lineage.knowledge("definition", definition) or {}).get("family")
    return {
        "definition": definition,
        "title": text.get("title") or words.title_case(definition),
        "met": met,
        "eligible": eligible,
        "count": words.interval(low, high),
        "needed": words.number(needed),
        "pips": pips(low, high, needed),
        "because": because(row),
        "met_on": words.day(row.get("met_on"), ""),
        "possible_on": words.day(row.get("possible_on"), ""),
        "index_date": words.day(row.get("index_date"), ""),
        "observed": words.days_between(row.get("observed_from"), row.get("observed_to")),
        "assumes": row.get("assumes") or "",
        "status": row.get("knowledge_status") or "not stated",
        "text": text.get("text") or "",
        "citation": text.get("citation") or "",
        "parameters": [
            (str(name).replace("_", " "), value) for name, value in (text.get("parameters") or {}).items()
        ],
        "clauses": clauses(definition, tables, lineage, trials),
        "events": events(tables, definition),
        "nothing": NO_EVENT if family in EVENT_FAMILIES and tables.get("exposure") else NOTHING,
        "facts": lineage.facts("verdict", definition),
    }


def because(row: Row) -> str:
    """Why a verdict is as it is: what excludes the person, or the clause that decides or is not known."""
    clause = str(row.get("clause") or "").replace("_", " ")
    if words.truth(row.get("eligible")) is False:
        if clause == "diagnosis":
            return "depression not diagnosed"
        return f"excluded: {clause}" if clause else "does not apply to this person"
    if not clause:
        return ""
    return f"{'not known' if words.truth(row.get('met')) is None else 'decided by'}: {clause}"


def clauses(
    definition: str, tables: Mapping[str, Sequence[Row]], lineage: Lineage, trials: Mapping[str, Row]
) -> list[dict[str, Any]]:
    """What a definition finds of each trial it judges, in the order of the trials."""
    unasked = not_asked(definition, lineage)
    lines: list[dict[str, Any]] = []
    for judged in tables.get("judgement") or ():
        if str(judged.get("definition")) != definition:
            continue
        key = str(judged.get("trial_id"))
        # A course of a procedure has neither a minimum dose nor a minimum number of days in any definition.
        course = {"dose_ok", "duration_ok"} if judged.get("kind") == "procedure" else set()
        lines.append(
            {
                "number": trials.get(key, {}).get("number", len(trials) + 1),
                "listed": key in trials,
                "trial": _trial_words(trials.get(key)),
                "truths": [_asked(judged, name, unasked | course) for name, _ in CLAUSES],
                # A trial that counts for itself is named by its id, which holds the person's id: not shown.
                "counted_as": "itself" if judged.get("counted_as") == key else judged.get("counted_as") or "",
            }
        )
    lines.sort(key=lambda line: line["number"])
    return lines


def not_asked(definition: str, lineage: Lineage) -> set[str]:
    """The clauses that a definition does not ask: its rule for them says ``none``."""
    row = lineage.knowledge("definition", definition) or {}
    rule = lineage.knowledge("adequacy_rule", str(row.get("adequacy_rule"))) or {}
    given = {
        "dose_ok": rule.get("dose_table"),
        "duration_ok": rule.get("min_days"),
        "adherence_ok": rule.get("min_adherence"),
        "episode_ok": row.get("episode"),
    }
    return {name for name, value in given.items() if str(value) == "none"}


def _asked(judged: Row, name: str, unasked: set[str]) -> bool | str | None:
    """The truth of a clause; one that is not asked holds by definition and says so instead of ticking it off."""
    value = words.truth(judged.get(name))
    return words.NOT_ASKED if name in unasked and value is True else value


def _trial_words(trial: Row | None) -> str:
    return "trial not listed" if trial is None else f"{trial['number']} {trial.get('agents') or 'not named'}"


def events(tables: Mapping[str, Sequence[Row]], definition: str) -> dict[str, Any] | None:
    """The events a definition counts (switches or entry days), as a table; None when it counts none."""
    for name, columns in EVENT_COLUMNS.items():
        rows = [row for row in tables.get(name) or () if str(row.get("definition")) == definition]
        if rows:
            order = "first_issue" if name == "switch" else "on_date"
            rows.sort(key=lambda row: str(row.get(order) or ""))
            return {
                "head": [title for _, title in columns],
                "lines": [[_cell(row.get(column), column) for column, _ in columns] for row in rows],
            }
    return None


def _cell(value: Any, column: str) -> dict[str, Any]:
    if column.endswith("_ok") or column == "counts":
        return {"truth": words.truth(value), "is_truth": True}
    if hasattr(value, "isoformat") or column.endswith(("_issue", "_date")):
        nothing = "none" if column == "next_issue" else "day not known"
        return {"text": words.day(value, nothing), "is_truth": False}
    return {"text": "none" if value is None else str(value), "is_truth": False}


def pips(low: Any, high: Any, needed: Any) -> list[dict[str, Any]]:
    """The count as a row of dots: certain, possible, lacking; the needed number is marked.

    Empty when the counts are not whole numbers or too many to be read at a glance.
    """
    if not (isinstance(high, int) and isinstance(needed, int)):
        return []
    least = low if isinstance(low, int) else 0
    length = max(high, needed)
    if not 0 < length <= MOST_PIPS:
        return []
    return [
        {
            "kind": "certain" if place <= least else "possible" if place <= high else "lacking",
            "last": place == needed,
        }
        for place in range(1, length + 1)
    ]
