"""Section 6 of the rules: who a definition speaks about at all, by diagnosis and exclusions."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.history import History
from reference.truth import Truth

Row = dict[str, Any]


def eligibility(definition: Row, history: History) -> tuple[Truth, str | None]:
    """Whether the definition speaks about the person, and what keeps the person out (or leaves it open)."""
    needed = definition["min_depression_rows"]
    diagnosis = history.diagnosed("depression", needed) if needed else True
    if diagnosis is False:
        return False, "diagnosis"
    for name in exclusions(definition["definition"]):
        if history.recorded(name):
            return False, says(definition["definition"], name)
    return diagnosis, None if diagnosis else "diagnosis"


def exclusions(definition: str) -> list[str]:
    """The names of the condition sets that keep a person out."""
    return sorted(
        row["condition_set"] for row in facts.rows("definition_exclusion") if row["definition"] == definition
    )


def says(definition: str, condition_set: str) -> str:
    """An exclusion in words."""
    row = facts.one("definition_exclusion", definition=definition, condition_set=condition_set)
    return str(row["says"])
