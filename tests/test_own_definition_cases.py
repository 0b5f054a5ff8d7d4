"""``opentrd definition`` and the cases that a definition is tested by."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from opentrd.cases import read_cases, run_case
from opentrd.knowledge.own import DefinitionsError
from own_rows import CLINIC, ROOT, SITE, TWIN, command, record, written


def test_the_examples_are_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "definition", "check", str(SITE)) == 0
    printed = capsys.readouterr().out
    assert (
        "3 of 3 cases passed." in printed
        and "at least 42 days at or above the minimum dose (Minimum doses of the site)" in printed
    )
    assert (
        command(
            monkeypatch, "definition", "check", str(CLINIC), "--cases", str(CLINIC.with_suffix(".cases.json"))
        )
        == 0
    )
    assert "5 of 5 cases passed." in capsys.readouterr().out


def test_a_failing_case_says_what_was_expected_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = json.loads(CLINIC.with_suffix(".cases.json").read_text(encoding="utf-8"))[1]
    case["expect"]["verdict"]["clinic_two_failures"] |= {"met": True, "clause": None}
    case["tables"]["exposure"][0]["dose_unit"] = "spoons"
    (tmp_path / "cases.json").write_text(json.dumps([case]), encoding="utf-8")
    assert command(monkeypatch, "definition", "check", str(CLINIC), "--cases", str(tmp_path)) == 1
    printed = capsys.readouterr().out
    assert "clinic_two_failures, met: expected true, got false" in printed
    assert "clinic_two_failures, clause: expected not known, got dose" in printed
    assert "drug venlafaxine from 2023-03-21: dose_ok false, duration_ok true" in printed
    assert "not understood: exposure.csv" in printed and "spoons" in printed
    assert "0 of 1 case passed." in printed


def test_cases_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    case = json.loads(CLINIC.with_suffix(".cases.json").read_text(encoding="utf-8"))[0]
    faults = [
        {**case, "as_of": "last year"}, {**case, "tables": {"pills": []}}, {**case, "expect": {}}, {**case, "expects": 1}, 7,
        {**case, "expect": {"verdict": [1]}},
    ]  # fmt: skip
    (tmp_path / "cases.json").write_text(json.dumps([*faults, case]), encoding="utf-8")
    with pytest.raises(DefinitionsError) as caught:
        read_cases(tmp_path)
    told = {(problem.file.rpartition(", ")[2], problem.field) for problem in caught.value.problems}
    assert told == {
        ("case 1", "as_of"), ("case 2", "tables"), ("case 2", "person"), ("case 3", "expect"), ("case 4", "expects"), ("case 5", ""),
        ("case 6", "expect, verdict"),
    }  # fmt: skip
    (tmp_path / "cases.json").write_text("[", encoding="utf-8")
    with pytest.raises(DefinitionsError, match="expected a JSON file"):
        read_cases(tmp_path / "cases.json")


def test_a_case_may_name_shipped_definitions_alone() -> None:
    golden = read_cases(ROOT / "tests" / "golden" / "two_adequate_trials.json")[1]
    assert run_case(golden, []).passed
    wrong = type(golden)(**{**vars(golden), "verdict": {"nobody_2020": {"met": True}}})
    assert run_case(wrong, []).differences == ["nobody_2020: not a definition"]


def test_faults_end_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, [TWIN | {"min_days": "x"}])
    assert command(monkeypatch, "definition", "check", str(path)) == 2
    assert "row 2, field min_days: 'x'" in capsys.readouterr().err
    folder = record(tmp_path / "record")
    assert (
        command(
            monkeypatch, "assess", str(folder), "--definitions", str(path), "--out", str(tmp_path / "out")
        )
        == 2
    )
    assert not (tmp_path / "out").exists()
    assert command(monkeypatch, "definition", "show", "nobody_2020") == 2


def test_show_and_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(monkeypatch, "definition", "show", "kim_28", "maudsley") == 0
    printed = capsys.readouterr().out
    assert "adequacy_rule: adequacy_rule days_28" in printed and "band: instrument maudsley" in printed
    assert command(monkeypatch, "definition", "show", str(CLINIC), "clinic_two_switches") == 0
    printed = capsys.readouterr().out
    assert "max_next_days 90" in printed and "clinic_two_failures:" not in printed
    assert command(monkeypatch, "definition", "list", str(CLINIC)) == 0
    printed = capsys.readouterr().out
    assert "Two switches within a year (example clinic) (yours)" in printed and "sforzini_2022 " in printed


def test_the_command_line_runs_them_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = record(tmp_path / "record"), tmp_path / "out"
    wanted = f"{CLINIC},kim_28"
    assert (
        command(monkeypatch, "assess", str(folder), "--definitions", wanted, "--out", str(out), "--quiet")
        == 0
    )
    verdicts = pq.read_table(out / "tables" / "verdict.parquet").to_pylist()
    assert {row["definition"] for row in verdicts} == {"clinic_two_failures", "clinic_two_switches", "kim_28"}
