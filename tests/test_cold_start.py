"""A command starts soon: nothing is imported or loaded that the request does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opentrd
from opentrd import cache, knowledge
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
    """Run the command and return what ``run.json`` says, and under ``imported`` the heavy packages it needed."""
    told = f"import json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    code = f"from opentrd.cli import main\ntry:\n  main()\nexcept SystemExit as end:\n  assert not end.code\n{told}"
    asked = [sys.executable, "-c", code, "assess", str(folder), "--out", str(out), "--quiet", *options]
    run = subprocess.run(asked, check=True, capture_output=True, text=True)
    made: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    made["imported"] = set(json.loads(run.stdout))
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


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache, not yet there."""
    monkeypatch.setenv("OPENTRD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made_by(calls: list[bytes], content: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        calls.append(content)
        return content

    return make


def test_the_second_run_draws_the_same_pages_without_statistics_and_keeps_nothing_of_a_patient(
    record_folder: Path, tmp_path: Path, place: Path
) -> None:
    table = record_folder / "exposure.csv"
    table.write_text(EXPOSURES.replace("p1", "zebra-7781"), encoding="utf-8")
    assessed(record_folder, tmp_path / "first")
    again = assessed(record_folder, tmp_path / "second")
    assert again["imported"] <= {"jinja2", "pydantic"}
    names = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*.html"))
    assert [str(name) for name in names] == ["evidence/index.html", "index.html", "person-1.html"]
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert list(place.iterdir())
    assert not any(b"zebra" in path.read_bytes() for path in place.iterdir())


def test_an_entry_is_made_once_and_anew_when_damaged_or_of_another_digest(place: Path) -> None:
    calls: list[bytes] = []
    for content, digest in ((b"one", "a" * 64), (b"two", "a" * 64), (b"three", "b" * 64)):
        cache.kept("thing", digest, made_by(calls, content))
    assert calls == [b"one", b"three"]
    (entry,) = place.glob("thing-a*")
    entry.write_bytes(entry.read_bytes()[:-1])
    assert cache.kept("thing", "a" * 64, made_by(calls, b"four")) == b"four"
    assert cache.read("thing", "a" * 64) == b"four"
    entry.write_bytes(b"\xff\x00")
    assert cache.read("thing", "a" * 64) is None


def test_entries_of_old_versions_go(place: Path) -> None:
    for number in range(9):
        cache.write("thing", f"{number:064d}"[::-1], b"content")
    assert 1 <= len(list(place.iterdir())) <= 5
    assert cache.read("thing", f"{8:064d}"[::-1]) == b"content"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions as POSIX has them")
def test_a_folder_that_others_may_write_into_is_not_trusted(place: Path) -> None:
    cache.write("thing", "a" * 64, b"content")
    assert cache.read("thing", "a" * 64) == b"content"
    place.chmod(0o777)
    assert cache.read("thing", "a" * 64) is None


def test_a_cache_that_cannot_be_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for there in (str(tmp_path / "file"), str(tmp_path / "file" / "below"), ""):
        monkeypatch.setenv("OPENTRD_CACHE", there)
        calls: list[bytes] = []
        assert cache.kept("thing", "a" * 64, made_by(calls, b"content")) == b"content"
        assert cache.kept("thing", "a" * 64, made_by(calls, b"content")) == b"content"
        assert len(calls) == 2
