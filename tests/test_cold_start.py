"""A command starts soon: nothing is imported or loaded that the request does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opentrd
from opentrd import knowledge
from opentrd.knowledge.arrays import text_array, text_table

EXPOSURES = (
    "person_id,agent,start_date,end_date,daily_dose_mg,improvement_pct\n"
    "p1,sertraline,2023-01-10,2023-03-20,100,20\n"
)
# Slow to import (pandas and scipy.stats take half a second each), and of no use before a page is drawn or SQL translated.
HEAVY = ("pandas", "scipy", "altair", "vl_convert", "jinja2", "sqlglot", "polars", "pydantic")


def imported(code: str, *arguments: str) -> set[str]:
    """The heavy packages that a fresh process has imported after this code."""
    told = f"\nimport json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    run = subprocess.run(
        [sys.executable, "-c", code + told, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout))


@pytest.fixture
def record_folder(tmp_path: Path) -> Path:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "exposure.csv").write_text(EXPOSURES, encoding="utf-8")
    return tmp_path / "record"


def test_an_assessment_imports_no_drawing_no_statistics_and_no_data_frames(record_folder: Path) -> None:
    code = "import sys, opentrd.cli\nfrom opentrd import api\nassert len(api.assess(api.read(sys.argv[1])).verdict)"
    assert imported(code, str(record_folder)) == set()


def test_the_command_line_itself_imports_no_engine() -> None:
    assert imported("import sys, opentrd.cli\nassert 'duckdb' not in sys.modules") == set()


@settings(deadline=None)
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=20))
def test_a_text_column_is_what_arrow_makes_of_it(cells: list[str | None]) -> None:
    made = text_array(cells)
    made.validate(full=True)
    assert made.equals(pa.array(cells, pa.string()))
    assert text_table({"a": cells}).equals(pa.table({"a": pa.array(cells, pa.string())}))


def test_the_facts_are_loaded_once(record_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    load = knowledge.load_into

    def counted(connection: object, facts: object = None) -> None:
        loads.append(facts)
        load(connection, facts)  # type: ignore[arg-type]

    monkeypatch.setattr(knowledge, "load_into", counted)
    record = opentrd.read(record_folder)
    opentrd.assess(record, engine="duckdb")
    assert len(loads) == 1
    only = opentrd.assess(record, engine="duckdb", definitions="two_adequate_trials")
    assert {row["definition"] for row in only.verdict.rows()} == {"two_adequate_trials"}
    assert len(opentrd.assess(record, engine="duckdb").verdict) > len(loads) == 3


def assessed(folder: Path, out: Path, *options: str) -> dict[str, Any]:
    """Run the command and return what ``run.json`` says."""
    code = "from opentrd.cli import main; main()"
    asked = [sys.executable, "-c", code, "assess", str(folder), "--out", str(out), "--quiet", *options]
    subprocess.run(asked, check=True, capture_output=True)
    made: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return made


def test_tables_can_be_had_without_pages(record_folder: Path, tmp_path: Path) -> None:
    with_pages = assessed(record_folder, tmp_path / "out")
    without = assessed(record_folder, tmp_path / "out", "--no-pages")
    assert with_pages["pages"] == ["index.html", "person-1.html"]
    assert without["pages"] == []
    assert without["tables"] == with_pages["tables"]
    assert not list((tmp_path / "out").glob("*.html"))  # those of the run before would be of another run


def test_a_page_without_fit_says_that_suicide_risk_was_not_looked_at(
    record_folder: Path, tmp_path: Path
) -> None:
    made = assessed(record_folder, tmp_path / "out", "--no-fit")
    page = (tmp_path / "out" / "person-1.html").read_text(encoding="utf-8")
    assert "Suicide risk: not looked at" in page
    assert "finding" not in made["tables"]
    assert not (tmp_path / "out" / "evidence").exists()
    assessed(record_folder, tmp_path / "out")
    assert "not looked at" not in (tmp_path / "out" / "person-1.html").read_text(encoding="utf-8")
