"""Run the assessment over raw histories in one go: many persons, one cohort, one chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import opentrd
from histories import Raw, write_folder

Row = dict[str, Any]
ALL_TABLES = (
    "person",
    "observation_period",
    "exposure",
    "procedure",
    "condition",
    "measurement",
    "genotype",
    "coverage",
)


def renamed(raw: Raw, person_id: str) -> Raw:
    """The same history under another person id; row ids stay (they are unique per person only)."""
    changed: Raw = {}
    for table, rows in raw.items():
        key = f"{table}_id"
        changed[table] = [
            row
            | {"person_id": person_id}
            | ({key: f"{person_id}-{row[key]}"} if table != "person" and row.get(key) else {})
            for row in rows
        ]
    return changed


def run(
    raw: Raw, folder: Path, as_of: str | date | None = None, *, fit: bool | None = None
) -> opentrd.Assessment:
    """Write a history as a folder of record tables and assess it."""
    return opentrd.assess(opentrd.read(write_folder(raw, folder)), as_of, fit=fit)


def run_many(raws: Iterable[Raw], folder: Path) -> dict[str, dict[str, list[Row]]]:
    """Assess many one-person histories as few cohorts; returns person id -> table -> rows.

    Histories whose source keeps the same tables share a cohort, because what is kept belongs to the source.
    """
    groups: dict[frozenset[str], list[Raw]] = defaultdict(list)
    for number, raw in enumerate(raws, 1):
        kept = frozenset(raw) - {"observation_period", "coverage"}
        groups[kept].append(renamed(raw, f"p{number:04d}"))
    found: dict[str, dict[str, list[Row]]] = {}
    for kept, members in sorted(groups.items(), key=lambda item: sorted(item[0])):
        together: Raw = {table: [] for table in kept}
        for raw in members:
            for table, rows in raw.items():
                together.setdefault(table, []).extend(rows)
        assessment = run(together, folder / "-".join(sorted(kept)), fit=False)
        for raw in members:
            found[raw["person"][0]["person_id"]] = {}
        for table in ("episode", "trial", "judgement", "verdict", "stage"):
            for tables in found.values():
                tables.setdefault(table, [])
            for row in getattr(assessment, table).rows():
                found[row["person_id"]][table].append(row)
        for raw in members:
            found[raw["person"][0]["person_id"]]["switch"] = []
        for row in assessment.connection.execute("FROM assess.switch").to_arrow_table().to_pylist():
            found[row["person_id"]]["switch"].append(row)
    return found
