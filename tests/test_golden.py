"""The golden cases, as cohorts and some through the command line: record tables in, verdicts and stages out.

Each case is data that a clinician can check: tests/golden/*.json, with the source of what is expected.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import opentrd
from histories import write_folder
from opentrd import knowledge
from opentrd.assess.plan import leading_to
from opentrd.cli import main
from opentrd.engines import duckdb as embedded
from running import renamed

Row = dict[str, Any]

CASES = [
    pytest.param(case, id=case["id"])
    for file in sorted((Path(__file__).parent / "golden").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]


# The whole command line for a few; the others share a cohort, because one run of the chain judges many persons.
BY_COMMAND = CASES[::29]


@pytest.mark.parametrize("case", BY_COMMAND)
def test_golden_case_by_command(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(case["tables"], tmp_path / "record")
    arguments = ["opentrd", "assess", str(folder), "--out", str(tmp_path / "out"), "--quiet"]
    if case.get("as_of"):
        arguments += ["--as-of", case["as_of"]]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    tables = tmp_path / "out" / "tables"
    _hold(
        case,
        pq.read_table(tables / "verdict.parquet").to_pylist(),
        pq.read_table(tables / "stage.parquet").to_pylist(),
    )


@pytest.mark.parametrize("case", CASES)
def test_golden_case(case: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    verdicts, stages = _judged(case, tmp_path_factory)
    _hold(case, verdicts, stages)


_COHORTS: dict[tuple[str | None, frozenset[str]], dict[int, tuple[list[Row], list[Row]]]] = {}


def _judged(case: dict[str, Any], folders: pytest.TempPathFactory) -> tuple[list[Row], list[Row]]:
    """Verdicts and stages of a case, from one run over all cases of the same day whose source keeps the same tables."""
    key = _cohort_of(case)
    if key not in _COHORTS:
        members = {
            f"p{number:04d}": param.values[0]
            for number, param in enumerate(CASES)
            if _cohort_of(param.values[0]) == key
        }
        together: dict[str, list[Row]] = {table: [] for table in key[1]}
        for person, member in members.items():
            for table, rows in renamed(member["tables"], person).items():
                together.setdefault(table, []).extend(rows)
        record = opentrd.read(write_folder(together, folders.mktemp("golden")))
        knowledge.load_into(record.connection)
        day = date.fromisoformat(key[0]) if key[0] else None
        embedded.run(record.connection, leading_to("verdict", "stage"), as_of=day)
        found = {
            table: record.connection.table(f"assess.{table}").to_arrow_table().to_pylist()
            for table in ("verdict", "stage")
        }
        _COHORTS[key] = {
            id(member): (
                [row for row in found["verdict"] if row["person_id"] == person],
                [row for row in found["stage"] if row["person_id"] == person],
            )
            for person, member in members.items()
        }
    return _COHORTS[key][id(case)]


def _cohort_of(case: dict[str, Any]) -> tuple[str | None, frozenset[str]]:
    return case.get("as_of"), frozenset(case["tables"]) - {"observation_period", "coverage"}


def _hold(case: dict[str, Any], verdict_rows: list[Row], stage_rows: list[Row]) -> None:
    """Every cell that the case expects is there."""
    person = case["tables"]["person"][0]["person_id"]
    verdicts = {row["definition"]: row for row in verdict_rows}
    for definition, expected in case["expect"].get("verdict", {}).items():
        got = {name: _plain(verdicts[definition][name]) for name in expected}
        if got.get("episode_id"):
            got["episode_id"] = f"{person}/{got['episode_id'].partition('/')[2]}"
        assert got == expected, f"{case['id']} ({case['note']}): {definition}"
    stages = {(row["instrument"], row["item"]): row for row in stage_rows}
    for instrument, items in case["expect"].get("stage", {}).items():
        for item, expected in items.items():
            row = stages[instrument, item]
            got = (
                {name: row[name] for name in expected}
                if isinstance(expected, dict)
                else [row["low"], row["high"]]
            )
            assert got == expected, f"{case['id']} ({case['note']}): {instrument}/{item}"
    for instrument, expected in case["expect"].get("band", {}).items():
        row = stages[instrument, "total"]
        assert [row["band_low"], row["band_high"]] == expected, f"{case['id']}: band of {instrument}"


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
