"""What a file of one's own definitions may hold: tables, columns, defaults, and how a fault in it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from opentrd.knowledge.loader import table
from opentrd.record.raw import InputError

Facts = Mapping[str, pa.Table]
Typed = Mapping[str, Any]

PROVENANCE = ("source", "read_in", "knowledge_status")
# The tables that a folder may hold, and the column that says whose row it is.
OWNERS = {
    "definition": "definition", "adequacy_rule": "adequacy_rule", "failure_rule": "failure_rule",
    "definition_gate": "definition", "definition_exclusion": "definition", "switch_rule": "definition",
    "window_rule": "definition", "score_rule": "definition", "instrument_rule": "instrument", "instrument": "instrument",
    "level": "instrument", "band": "instrument", "agent_set": "agent_set", "procedure_set": "procedure_set",
    "condition_set": "condition_set", "dose_table": "dose_table", "dose_minimum": "dose_table",
}  # fmt: skip
# The rule tables whose parameters may stand in the row of a definition: the families that read them, and what a
# parameter is when the file has no column for it.
PARTS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "adequacy_rule": (
        ("failures", "instrument"),
        {"gap_rule": "trial", "dose_table": "none", "min_days": "none", "min_adherence": "none"},
    ),
    "failure_rule": (
        ("failures", "instrument"),
        {
            "basis": "any", "min_improvement_pct": "none", "max_improvement_pct": "", "includes_threshold": "",
            "max_next_days": "none",
        },
    ),
    "switch_rule": (
        ("switches",),
        {"from_set": "none", "max_issues_before": "none", "max_issues_after": "none", "max_issues_total": "none"},
    ),
    "window_rule": (
        ("window",),
        {
            "path": "A", "min_before": "0", "uses_dose_eras": "false", "diagnosis_set": "depression",
            "prior_observation_days": "0",
        },
    ),
    "score_rule": (("scores",), {"item": "total", "strictly": "false"}),
    "instrument_rule": (("instrument",), {}),
}  # fmt: skip
# What else a row of ``definition`` may say in short: sets of conditions that exclude (separated by ;), and ages.
SHORT = ("exclusions", "min_age", "max_age")
DEFAULTS = {
    "family": "failures", "at_most": "none", "distinct_level": "event", "agent_set": "antidepressant", "augmentation": "none",
    "neurostimulation": "none", "intolerance": "none", "episode": "none", "window_days": "none", "window_from": "none",
    "min_depression_rows": "1", "alternative": "none", "assumes": "", "note": "", "adequacy_rule": "", "failure_rule": "",
}  # fmt: skip
FAMILY_DEFAULTS = {
    "failures": {"distinct_level": "agent"},
    "scores": {"episode": "last", "needed": "1"},
    "window": {"needed": "1"},
    "instrument": {"distinct_level": "agent", "episode": "last", "needed": "", "min_depression_rows": "0"},
}
# The shipped instrument whose items, levels and bands a variant of its method takes over.
BASE_INSTRUMENTS = {
    "maudsley": "maudsley", "thase_rush": "thase_rush", "mgh_s": "mgh_s", "european_staging": "european_staging_model",
    "count": "athf_count",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file of definitions. Row 1 is the header; row 0: the file as a whole."""

    file: str
    row: int
    field: str
    value: str
    expected: str
    advice: str = ""

    def __str__(self) -> str:
        place = (
            self.file
            + (f", row {self.row}" if self.row else "")
            + (f", field {self.field}" if self.field else "")
        )
        said = f"{place}: {self.value!r}" if self.value else f"{place}: empty or missing"
        return f"{said}; expected {self.expected}.{' ' + self.advice if self.advice else ''}"


class DefinitionsError(InputError):
    """A file of definitions cannot be used. ``problems`` has everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in problems]
        super().__init__(
            lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} things are wrong:", *lines])
        )


@dataclass(frozen=True)
class Row:
    """One row of a file as text, and where it stands; ``made``: out of a row of definitions that writes it in short."""

    file: str
    number: int
    cells: Mapping[str, str]
    made: bool = False


@cache
def inline_columns() -> tuple[str, ...]:
    columns = [column for name in PARTS for column in part_columns(name)]
    return tuple(dict.fromkeys([*columns, *SHORT]))


def part_columns(name: str) -> list[str]:
    """The parameters of a rule table that may stand in the row of a definition."""
    owner = OWNERS[name]
    return [column for column in table(name).column_names if column not in (owner, "meaning", *PROVENANCE)]


def as_text(value: Any) -> str:
    """A value as it stands in a CSV file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
