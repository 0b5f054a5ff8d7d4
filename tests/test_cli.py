"""The command line as a user meets it: what it writes, and what it says when something is wrong."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opentrd.cli import main

EXPOSURE = """exposure_id,person_id,agent,start_date,end_date,daily_dose_mg,improvement_pct
e1,p1,sertraline,2020-01-01,2020-03-01,100,20
e2,p1,RxNorm:39786,2020-03-02,2020-05-20,225,15
"""
CONDITION = "condition_id,person_id,condition,start_date\nc1,p1,major depressive disorder,2019-12-01\n"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["opentrd", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = tmp_path / "record"
    folder.mkdir()
    (folder / "exposure.csv").write_text(EXPOSURE, encoding="utf-8")
    (folder / "condition.csv").write_text(CONDITION, encoding="utf-8")
    return folder


def test_assess_writes_tables_pages_and_the_facts_of_the_run(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, "assess", record, "--out", out) == 0
    assert "index.html" in capsys.readouterr().out.replace("\n", "")
    names = {path.stem for path in (out / "tables").iterdir()}
    assert names == {
        "episode",
        "trial",
        "judgement",
        "verdict",
        "stage",
        "question",
        "trace",
        "finding",
        "indicator",
        "domain",
        "option",
        "recommendation",
        "outcome",
        "unread",
        "person",
    }
    assert {path.name for path in out.glob("*.html")} == {"index.html", "person-1.html"}
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert facts["persons"] == 1 and facts["input_kind"] == "tables" and len(facts["inputs"]) == 2
    assert "exposure.csv" not in json.dumps(facts), "file names can name a patient"
    verdict = {
        row["definition"]: row for row in pq.read_table(out / "tables" / "verdict.parquet").to_pylist()
    }
    assert verdict["two_adequate_trials"]["met"] is True


def test_pages_show_no_person_id_and_need_no_network(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Zx-Person-4711"
    for file in record.iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("p1", secret), encoding="utf-8")
    run(monkeypatch, "assess", record, "--out", tmp_path / "out", "--quiet")
    for page in (tmp_path / "out").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert secret not in text
        assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as-of", "2020-02-31"), "as-of '2020-02-31' is not a date; expected YYYY-MM-DD"),
        (
            ("--definitions", "sforzini_2022,nonsense"),
            "No definition is called nonsense. Known: amber_questionnaire",
        ),
        (
            ("--definitions", "sforzini_2023"),
            "No definition is called sforzini_2023. Is sforzini_2022 meant? Known:",
        ),
        (("--engine", "oracle"), "The engine 'oracle' is not known"),
        (("--person", "nobody"), "no person with the id given"),
    ],
)
def test_wrong_options_exit_2_and_say_what_is_expected(
    arguments: tuple[str, ...], message: str, record: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(monkeypatch, "assess", record, "--out", tmp_path / "out", *arguments) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("synthesize", "--persons", "999999999", "--seed", "1", "--out", "x"),
            "--persons 999,999,999: expected at most",
        ),
        (
            ("bench", "--persons", "10", "--keep", "text.txt"),
            "--keep text.txt: no population can be read from it",
        ),
        (
            ("bench", "--persons", "10", "--keep", "folder"),
            "--keep folder: no population can be read from it",
        ),
        (("bench", "--persons", "10", "--keep", "no/where.duckdb"), "there is no folder no"),
        (("knowledge", "agnt"), "There is no table 'agnt'. Is agent meant?"),
    ],
)
def test_other_commands_too_say_what_is_expected(
    arguments: tuple[str, ...], message: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("no database", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    assert run(monkeypatch, *arguments) == 2
    assert message in capsys.readouterr().err


def _nothing(folder: Path) -> Path:
    return folder / "not there"


def _not_json(folder: Path) -> Path:
    (folder / "bundle.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    return folder / "bundle.json"


def _wrong_header(folder: Path) -> Path:
    (folder / "tables").mkdir()
    (folder / "tables" / "exposure.csv").write_text("patient,drug\n1,x\n", encoding="utf-8")
    return folder / "tables"


def _empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def _picture(folder: Path) -> Path:
    (folder / "scan.png").write_bytes(b"\x89PNG\r\n")
    return folder / "scan.png"


def _database(folder: Path) -> Path:
    (folder / "cdm.duckdb").write_bytes(b"not a database at all")
    return folder / "cdm.duckdb"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_nothing, "there is no such file or folder"),
        (_not_json, "not JSON: line 1"),
        (_wrong_header, "exposure.csv: the header has no column person_id"),
        (_empty_folder, "nothing in it can be read"),
        (_picture, "not a file that OpenTRD reads"),
        (_database, "cdm.duckdb"),
    ],
)
def test_input_that_cannot_be_read_exits_2_with_what_and_why(
    make: object,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = make(tmp_path)  # type: ignore[operator]
    assert run(monkeypatch, "assess", source, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert message in said and ("xpected" in said or "an OMOP CDM is" in said), said
    assert "Traceback" not in said


def test_broken_cells_are_listed_and_the_rest_is_read(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        "e3,p1,duloxetine,2020-02-31,2020-08-01,60,10",  # no such day
        "e4,p1,duloxetine,2020-08-02,2020-07-01,60,10",  # ends before it starts
        "e5,p1,duloxetine,2020-09-01,2020-10-01,-60,10",  # negative dose
        "e6,p1,unobtainium,2020-09-01,2020-10-01,60,10",  # unknown agent
        "e7,p1,mirtazapine,2020-09-01,2020-10-01,30,=1+1",  # a formula
        "e2,p1,mirtazapine,2020-11-01,2020-12-01,30,5",  # an id used twice
        "e8,p1,mirtazapine",  # cells missing
    ]
    (record / "exposure.csv").write_text(EXPOSURE + "\n".join(rows) + "\n", encoding="utf-8")
    assert run(monkeypatch, "assess", record, "--out", tmp_path / "out", "--quiet") == 0
    listed = (tmp_path / "out" / "unread.csv").read_text(encoding="utf-8")
    for row, words in (
        ("4", "2020-02-31"), ("5", "2020-07-01"), ("6", "-60"), ("7", "unobtainium"), ("8", "=1+1"), ("10", "cells"),
    ):  # fmt: skip
        assert re.search(rf"exposure\.csv,{row},.*{re.escape(words)}", listed), (row, words, listed)
    assert "'=1+1" in listed and "'-60" in listed, "a spreadsheet would run these cells"
    assert "e2" in listed
    trials = pq.read_table(tmp_path / "out" / "tables" / "trial.parquet").to_pylist()
    assert {row["agents"] for row in trials} >= {"sertraline", "venlafaxine", "duloxetine", "mirtazapine"}


def test_knowledge_shows_facts_with_their_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "knowledge") == 0
    assert "dose_minimum" in capsys.readouterr().out
    assert run(monkeypatch, "knowledge", "dose_minimum", "--search", "sertraline") == 0
    said = capsys.readouterr().out
    assert "sertraline" in said and "transcribed: " in said
    assert run(monkeypatch, "knowledge", "no_such_table") == 2
    assert "The tables are:" in capsys.readouterr().err


def test_sql_prints_a_tested_dialect_and_refuses_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sql", "--dialect", "trino") == 2
    assert "not tested" in capsys.readouterr().err
    assert run(monkeypatch, "sql", "--dialect", "trino", "--untested") == 0
    assert capsys.readouterr().out.startswith("-- UNTESTED")
    assert run(monkeypatch, "sql", "--dialect", "klingon") == 2
    assert run(monkeypatch, "sql", "--cdm-schema", "omop") == 2


def test_synthesize_then_assess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for form in ("record", "omop", "fhir"):
        data = tmp_path / form
        assert (
            run(
                monkeypatch,
                "synthesize",
                "--persons",
                "30",
                "--seed",
                "7",
                "--out",
                data,
                "--format",
                form,
                "-q",
            )
            == 0
        )
        assert run(monkeypatch, "assess", data, "--out", tmp_path / f"{form}-out", "--quiet") == 0
        verdicts = pq.read_table(tmp_path / f"{form}-out" / "tables" / "verdict.parquet")
        assert len(set(verdicts["person_id"].to_pylist())) == 30
    assert (
        run(
            monkeypatch,
            "synthesize",
            "--persons",
            "3",
            "--seed",
            "7",
            "--out",
            tmp_path / "x",
            "--format",
            "xml",
        )
        == 2
    )


def test_results_never_touch_their_input_or_other_files(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(record, home / "tables")
    pq.write_table(pq_table(), home / "tables" / "mine.parquet")
    assert run(monkeypatch, "assess", home / "tables", "--out", home) == 2
    assert "holds the input" in capsys.readouterr().err
    assert (home / "tables" / "mine.parquet").exists() and (home / "tables" / "exposure.csv").exists()
    out = tmp_path / "out"
    (out / "tables").mkdir(parents=True)
    pq.write_table(pq_table(), out / "tables" / "mine.parquet")
    assert run(monkeypatch, "assess", record, "--out", out, "--quiet") == 0
    assert (out / "tables" / "mine.parquet").exists()


def pq_table() -> pa.Table:
    return pa.table({"a": [1]})


def test_pages_of_an_earlier_run_do_not_stay(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, two = tmp_path / "out", tmp_path / "two"
    shutil.copytree(record, two)
    (two / "exposure.csv").write_text(
        EXPOSURE + "e3,p2,sertraline,2020-01-01,2020-03-01,100,20\n", encoding="utf-8"
    )
    assert run(monkeypatch, "assess", two, "--out", out, "--quiet") == 0
    assert (out / "person-2.html").exists()
    (out / "person-notes.html").write_text("mine", encoding="utf-8")
    assert run(monkeypatch, "assess", record, "--out", out, "--quiet") == 0
    assert {path.name for path in out.glob("*.html")} == {"index.html", "person-1.html", "person-notes.html"}


def test_notes_on_a_page_name_no_person_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    (folder / "exposure.csv").write_text(
        EXPOSURE.replace("p1", "MRN123") + "e1,MRN999,sertraline,2020-02-31,2020-03-01,100,20\n",
        encoding="utf-8",
    )
    (folder / "person.csv").write_text("person_id\nMRN123\n", encoding="utf-8")
    assert run(monkeypatch, "assess", folder, "--out", tmp_path / "out", "--quiet") == 0
    for page in (tmp_path / "out").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "MRN" not in text and "exposure.csv" not in text, page.name


@pytest.mark.parametrize("out", ["", "."])
def test_an_empty_or_current_output_folder_is_refused(
    out: str, record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(record.parent)
    assert run(monkeypatch, "assess", record, "--out", out) == 2
    assert "current folder" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_a_message(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tables").write_text("a file", encoding="utf-8")
    assert run(monkeypatch, "assess", record, "--out", tmp_path / "out") == 2
    assert "cannot write or read" in capsys.readouterr().err
