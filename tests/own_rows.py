"""Files of one's own definitions, and a small record, for the tests of both."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from opentrd.cli import main

ROOT = Path(__file__).parent.parent
CLINIC = ROOT / "examples" / "definitions" / "clinic.csv"
SITE = ROOT / "examples" / "definitions" / "site"
PROOF = {"source": "Smith 2024", "read_in": "the paper", "knowledge_status": "verified"}
# As ``two_adequate_trials``, written in one row.
TWIN = {
    "definition": "twin", "needed": "2", "episode": "any", "dose_table": "atrq", "min_days": "42", "max_improvement_pct": "50",
    "exclusions": "bipolar", **PROOF,
}  # fmt: skip


def written(folder: Path, rows: list[Mapping[str, str]], name: str = "my.csv") -> Path:
    """A CSV file of these rows; the columns are those of the first one."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def record(folder: Path, doses: tuple[str, str] = ("100", "225")) -> Path:
    """Sertraline and then venlafaxine, both failed after 70 and 102 days."""
    written(folder, [{"person_id": "p1", "birth_date": "1980-01-01"}], "person.csv")
    common = {"person_id": "p1", "improvement_pct": "20"}
    rows = [
        {"agent": "sertraline", "start_date": "2023-01-10", "end_date": "2023-03-20", "daily_dose_mg": doses[0], **common},
        {"agent": "venlafaxine", "start_date": "2023-03-21", "end_date": "2023-06-30", "daily_dose_mg": doses[1], **common},
    ]  # fmt: skip
    written(folder, rows, "exposure.csv")
    written(
        folder,
        [{"person_id": "p1", "condition": "major depressive disorder", "start_date": "2023-01-01"}],
        "condition.csv",
    )
    return folder


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["opentrd", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)
