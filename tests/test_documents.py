"""What the repository says about itself, held against what it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import opentrd
from opentrd import knowledge
from opentrd.record.schema import RAW_COLUMNS

ROOT = Path(__file__).parent.parent


def test_the_data_dictionary_is_up_to_date() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import data_dictionary

    assert (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == data_dictionary.text()


def test_the_page_of_the_spread_has_every_definition_and_no_other() -> None:
    text = (ROOT / "docs" / "spread.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([a-z_0-9]+) \| [0-9]", text, re.M)
    rows = knowledge.table("definition").to_pylist()
    assert sorted(listed) == sorted(row["definition"] for row in rows if row["family"] != "instrument")


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert target.startswith("http") or (document.parent / target).exists(), (document.name, target)


def test_the_record_tables_page_names_every_column() -> None:
    text = (ROOT / "docs" / "record-tables.md").read_text(encoding="utf-8")
    for table, columns in RAW_COLUMNS.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {table} |"))
        assert re.findall(r"[a-z_]+", re.sub(r"\([^)]*\)", "", line))[1:] == list(columns)


def test_the_readme_does_not_promise_more_definitions_than_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    families = [row["family"] for row in knowledge.table("definition").to_pylist()]
    assert "More than fifty definitions" in text and "and ten instruments" in text
    assert len(families) - families.count("instrument") > 50 and families.count("instrument") == 10


def test_the_readme_example_gives_what_it_promises(tmp_path: Path) -> None:
    block = re.search(r"```\n(person_id,agent.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert block
    (tmp_path / "exposure.csv").write_text(block.group(1), encoding="utf-8")
    verdicts = {row["definition"]: row for row in opentrd.assess(opentrd.read(tmp_path)).verdict.rows()}
    two = verdicts["two_adequate_trials"]
    assert (two["failed_low"], two["met"], two["clause"]) == (2, None, "diagnosis")


@pytest.mark.parametrize("word", [r"py[p]i\.org", r"python[h]osted", r"registry\.np[m]js", r"deb\.debia[n]"])
def test_no_registry_is_named(word: str) -> None:
    for path in ROOT.rglob("*"):
        hidden = any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
        if (
            path.is_file()
            and not hidden
            and path.suffix in (".py", ".md", ".toml", ".txt", ".csv", ".sql", ".cff", "")
        ):
            assert not re.search(word, path.read_text(encoding="utf-8", errors="ignore")), path
