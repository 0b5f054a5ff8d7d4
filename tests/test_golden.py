"""The golden cases, through the command line: record tables in, verdicts and stages out.

Each case is data that a clinician can check: tests/golden/*.json, with the source of what is expected.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from histories import write_folder
from opentrd.cli import main

CASES = [
    pytest.param(case, id=case["id"])
    for file in sorted((Path(__file__).parent / "golden").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_golden_case(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(case["tables"], tmp_path / "record")
    arguments = ["opentrd", "assess", str(folder), "--out", str(tmp_path / "out"), "--quiet"]
    if case.get("as_of"):
        arguments += ["--as-of", case["as_of"]]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    tables = tmp_path / "out" / "tables"
    verdicts = {row["definition"]: row for row in pq.read_table(tables / "verdict.parquet").to_pylist()}
    for definition, expected in case["expect"].get("verdict", {}).items():
        got = {name: _plain(verdicts[definition][name]) for name in expected}
        assert got == expected, f"{case['id']} ({case['note']}): {definition}"
    stages = {
        (row["instrument"], row["item"]): row for row in pq.read_table(tables / "stage.parquet").to_pylist()
    }
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
