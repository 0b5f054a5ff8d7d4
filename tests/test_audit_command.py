"""The command ``opentrd audit``: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opentrd import cli
from opentrd.evidence.audit import audit
from opentrd.evidence.errors import EvidenceError
from opentrd.record.raw import InputError

CASES = Path(__file__).parent / "audit_cases"
KEYS = {"rule", "locus", "statement_a", "statement_b", "arithmetic", "severity"}


def test_json_is_the_list_of_the_contract() -> None:
    result = CliRunner().invoke(cli.app, ["audit", str(CASES / "sign_lost.positive.csv"), "--json"])
    (found,) = json.loads(result.stdout)
    assert set(found) >= KEYS
    assert (found["rule"], found["severity"]) == ("sign_lost", "high")
    assert found["locus"].startswith("sign_lost.positive.csv:2")


def test_questions_are_listed_only_when_asked_for() -> None:
    path = str(CASES / "wide_citation_range.positive.txt")
    assert json.loads(CliRunner().invoke(cli.app, ["audit", path, "--json"]).stdout) == []
    (asked,) = json.loads(CliRunner().invoke(cli.app, ["audit", path, "--json", "--questions"]).stdout)
    assert asked["severity"] == "question"


def test_pages_and_tables_are_written(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Results\n\nIt was <script>alert(1)</script> seen in 9/20 (50%).\n", encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["audit", str(text), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0 and "1 finding (0 high, 1 medium, 0 low)" in result.stdout
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "100 x 9 / 20 = 45.0 %" in page and "<script" not in page
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["rule"] == "percent_of_count" and set(row) >= KEYS


def test_a_clean_text_has_no_finding(tmp_path: Path) -> None:
    text = tmp_path / "a.md"
    text.write_text("# Results\n\nAll went well.\n", encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["audit", str(text)])
    assert result.exit_code == 0 and "0 findings" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"study,estimate\n", "the table has no rows"),
        ("a.csv", b"study,estimate\nA,1,2\n", "row 2"),
        ("a.csv", b"study,estimate\n\"A,1\n", "well-formed"),
        ("a.csv", b"study\n\xff\xfe\n", "not UTF-8"),
        ("a.txt", b"  \n", "the file is empty"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.docx", b"x", "this kind of file is not read"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=said) as problem:
        audit([path])
    assert name in str(problem.value) and "What to do" in str(problem.value)


def test_the_command_line_turns_it_into_its_own_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["audit", str(tmp_path / "nothing.txt")])
    assert isinstance(result.exception, InputError) and "no such file" in str(result.exception)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.txt").write_text("Results\n\nFine.\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"t\.txt"):
        audit([tmp_path / "a" / "t.txt", tmp_path / "b" / "t.txt"])


def test_columns_that_are_not_understood_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("study,colour of the cover\nA 2010,red\n", encoding="utf-8")
    (document,) = audit([path]).documents
    assert document.notes == ["columns not understood: colour of the cover"]
