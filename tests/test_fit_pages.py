"""The pages of five different patients, from resistance to fit: what stands first, what is said, and that nobody is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import opentrd

FIT = Path(__file__).parents[1] / "examples" / "fit"
IDS = ("1-subdose", "2-inflamed", "3-bipolar-signs", "4-ultrarapid", "5-melancholic")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("fit")
    opentrd.assess(opentrd.read(FIT)).write(folder)
    return [(folder / f"person-{number}.html").read_text(encoding="utf-8") for number in range(1, 6)]


def between(page: str, first: str, last: str) -> str:
    """The text of one section, without marks."""
    return " ".join(
        re.sub(r"<[^>]+>", " ", page.split(f'id="{first}"')[1].split(f'id="{last}"', maxsplit=1)[0]).split()
    )


def test_no_page_names_a_person(pages: list[str]) -> None:
    for page in pages:
        assert not [name for name in IDS if name in page]


def test_suicide_risk_stands_before_everything_also_when_nobody_asked(pages: list[str]) -> None:
    heads = [re.search(r'<p class="first-head">([^<]+)</p>', page) for page in pages]
    assert all(head is not None for head in heads)
    for page, head in zip(pages, heads, strict=True):
        assert head is not None and head.start() < page.index('id="glance"')
    said = [head[1] for head in heads if head is not None]
    assert said[4] == "Suicidality is recorded"
    assert "not assessed" in said[1] and "not assessed" in said[2]
    assert "local emergency pathway" in pages[4].split('id="glance"')[0]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, ("certainly stayed below the minimum", "25 mg", "not taken as prescribed")),
        (2, ("CRP", "7 mg/L", "exploratory: infliximab 8 of 13", "does not show inflammation of the brain", "obesity")),
        (3, ("Family history", "Mood instability under an antidepressant", "intolerance, not non-response")),
        (4, ("Ultrarapid Metabolizer", "inference", "[CPIC]", "[DPWG]", "below the range")),
    ],
)  # fmt: skip
def test_what_else_explains_it(pages: list[str], number: int, words: tuple[str, ...]) -> None:
    said = between(pages[number - 1], "explains", "domains")
    assert [word for word in words if word not in said] == []


def test_the_leading_domain_and_the_first_option_of_psychotic_melancholia(pages: list[str]) -> None:
    assert "Profound melancholia, psychotic" in between(pages[4], "glance", "time")
    options = between(pages[4], "options", "ask")
    assert options.index("electroconvulsive therapy") < options.index("bupropion")


def test_every_option_says_what_was_not_checked_or_why_not(pages: list[str]) -> None:
    for page in pages:
        options = between(page, "options", "ask")
        assert "No recorded obstacle" in options and "Not checked" in options
    assert "Blocked" in between(pages[0], "options", "ask")


def test_what_is_taken_against_a_rule_is_said_at_first_sight_and_a_block_before_its_cautions(
    tmp_path: Path,
) -> None:
    record = tmp_path / "record"
    record.mkdir()
    (record / "person.csv").write_text("person_id,birth_date\nold,1945-01-30\n", encoding="utf-8")
    (record / "exposure.csv").write_text(
        "person_id,agent,start_date,end_date,ongoing\n"
        "old,citalopram,2024-08-01,,true\nold,sertraline,2023-01-01,2024-07-01,\n",
        encoding="utf-8",
    )
    (record / "condition.csv").write_text(
        "person_id,condition,start_date\nold,long QT syndrome,2023-03-01\n", encoding="utf-8"
    )
    (record / "measurement.csv").write_text(
        "person_id,measure,date,value,unit\nold,QTc interval,2025-06-20,512,ms\n", encoding="utf-8"
    )
    opentrd.assess(opentrd.read(record), as_of="2025-06-30").write(tmp_path / "pages")
    page = (tmp_path / "pages" / "person-1.html").read_text(encoding="utf-8")
    assert "and blocked by a rule: citalopram." in between(page, "glance", "time")
    options = between(page, "options", "ask")
    assert (
        "citalopram : blocked: not with a known QT prolongation; a measured QTc above 500 ms is read as one"
        in options
    )
    lines = re.findall(r'<strong>citalopram</strong> .*?<span class="why">([^<]*)', page)
    assert len(lines) == 2 and all(line.startswith("blocked") for line in lines)
