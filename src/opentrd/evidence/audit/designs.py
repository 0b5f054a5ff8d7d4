"""Study designs as they are written in a table or a sentence, sorted into a few classes."""

from __future__ import annotations

import re

from opentrd.evidence.audit.model import Document, Table, TableRow

# The first pattern that matches decides.
_CLASSES: tuple[tuple[str, str], ...] = (
    ("systematic review", r"systematic|meta-?analys|cochrane|network meta|umbrella review|scoping review"),
    (
        "narrative review",
        r"(?:narrative|theoretical|conceptual|foundational|critical|expert|literature)[\w\s-]{0,25}reviews?|"
        r"reviews? \(?narrative|^narrative|commentary|opinion|editorial|perspective",
    ),
    ("animal study", r"\banimals?\b|\bmouse\b|\bmice\b|\brats?\b|murine|preclinical|translational"),
    ("case report", r"case (?:report|series)"),
    ("randomised trial", r"randomi[sz]ed|\bRCTs?\b"),
    ("trial", r"\btrials?\b|phase [1-4I]"),
    ("imaging study", r"imaging|\bPET\b|\bf?MRI\b|spectroscop"),
    (
        "observational study",
        r"observational|cohort|case-?control|cross-?sectional|registry|real-world|longitudinal|prospective|retrospective",
    ),
    ("review", r"\breviews?\b"),
)
REVIEWS = ("systematic review", "narrative review", "review")


def design_class(text: str) -> str:
    """The class of a design; empty when the words name none."""
    return next((name for name, pattern in _CLASSES if re.search(pattern, text, re.IGNORECASE)), "")


def included_tables(document: Document) -> list[Table]:
    """The tables that list studies with their design, one row each."""
    return [
        table
        for table in document.tables
        if "study" in table.roles and "design" in table.roles and len(table.rows) >= 4
    ]


def studies(table: Table) -> list[TableRow]:
    """One row per study: further rows of the same study are left out."""
    seen, found = set(), []
    for row in table.rows:
        if row.study not in seen:
            seen.add(row.study)
            found.append(row)
    return found


def row_words(table: Table, row: TableRow, roles: tuple[str, ...]) -> str:
    """The text of some columns of a row in one piece."""
    return " ".join(table.cell(row, role) for role in roles)
