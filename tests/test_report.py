"""The pages: nothing leaks, nothing is told by colour alone, small counts stay hidden."""

from __future__ import annotations

import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrd import knowledge
from opentrd.knowledge.wording import definition_texts
from opentrd.lineage import knowledge_rows
from opentrd.report import cohort_page, index_page, patient_page, scale, write
from opentrd.report.aggregate import aggregate
from opentrd.report.cohort import COUNTS, INSIDE, content
from opentrd.report.cohort_stages import HIDDEN, points_inside
from opentrd.report.groups import GROUPS, grouped
from opentrd.report.lineage import Lineage
from opentrd.report.suppress import (
    WITHHELD,
    suppress_chain,
    suppress_nested,
    suppress_one,
    suppress_partition,
)
from opentrd.report.words import without_person

sys.path.insert(0, str(Path(__file__).parent))
import report_sample as sample


class Outline(HTMLParser):
    """What a screen reader meets: headings in order, ids, labels, tables with their captions, images."""

    VOID = ("meta", "link", "br", "img", "input", "hr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []
        self.unscoped = 0
        self.tables_without_caption = 0
        self._await_caption = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "th" and "scope" not in given:
            self.unscoped += 1
        if self._await_caption:
            self.tables_without_caption += tag != "caption"
        self._await_caption = tag == "table"
        if "id" in given:
            self.ids.append(given["id"])
        self.references += given.get("aria-labelledby", "").split()
        self.references += re.findall(r"url\(#([^)]+)\)", " ".join(given.values()))
        self.outside += [
            v
            for k, v in given.items()
            if k in ("src", "href") and not re.fullmatch(r"#[\w-]+|person-\d+\.html", v)
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()


def pages() -> dict[str, str]:
    first, second = sample.first_patient(), sample.second_patient()
    return {
        "first": patient_page(1, *first, sample.META),
        "second": patient_page(2, *second, sample.META),
        "empty": patient_page(3, {}, {}, {}),
        "cohort": cohort_page(sample.cohort(), sample.META),
        "empty cohort": cohort_page({}, {}),
        "index": index_page([], {}),
    }


@pytest.mark.parametrize("name", ["first", "second", "empty", "cohort", "empty cohort", "index"])
def test_a_page_is_self_contained_and_can_be_read_aloud(name: str) -> None:
    page = pages()[name]
    outline = Outline(page)
    assert not outline.open, "every element is closed"
    assert '<html lang="en">' in page
    assert 'class="skip" href="#content"' in page
    assert {"header", "main", "footer"} <= set(outline.tags)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(outline.headings))
    assert outline.tables_without_caption == 0
    assert outline.unscoped == 0
    assert len(outline.ids) == len(set(outline.ids)), "ids of charts must not collide"
    assert set(outline.references) <= set(outline.ids)
    assert outline.outside == []
    assert "<script" not in page
    assert "<link" not in page
    assert not re.search(r"@import|url\((?!#)", page)
    assert page.count("<svg") == page.count('role="img"') + page.count('class="pips" aria-hidden="true"')


def test_the_same_input_gives_the_same_page() -> None:
    assert pages() == pages()


def test_every_verdict_is_said_in_words() -> None:
    tables, explain = sample.first_patient()
    page = patient_page(1, tables, explain, sample.META)
    assert "Of 6 definitions: 1 met, 3 not met, 2 undetermined." in page
    for row in tables["verdict"]:
        title = explain["definition_text"][row["definition"]]["title"]
        word = {True: "met", False: "not met", None: "undetermined"}[row["met"]]
        assert re.search(rf"<strong>{re.escape(title)}</strong>: {word}", page), title
    assert '<span class="vh">not known</span>' in page, "a symbol has its word beside it"


def test_a_verdict_opens_to_trials_exposures_and_facts_with_their_source() -> None:
    page = patient_page(1, *sample.first_patient(), sample.META)
    assert "Clauses of Sforzini 2022 consensus (TRD), per trial" in page
    assert "Exposures of trial 1" in page
    assert "min dose mg 50" in page
    assert "MGH-ATRQ, form of trial COMP006" in page
    assert "Mol Psychiatry 2022;27:1286-1299" in page
    assert "no agent of this name is listed" in page


def test_the_share_of_firm_facts_is_said() -> None:
    page = patient_page(1, *sample.first_patient(), sample.META)
    assert "81 %</strong> verified" in page
    assert "recalled, still to be checked" in page


def test_text_from_data_is_escaped_everywhere() -> None:
    evil = '<script>alert("x")</script>'
    tables, explain = sample.first_patient()
    for rows in tables.values():
        for row in rows:
            for key, value in row.items():
                if (
                    isinstance(value, str)
                    and not key.endswith("_id")
                    and key not in ("definition", "base_trial")
                ):
                    row[key] = f"{value}{evil}"
    for text in explain["definition_text"].values():
        text["title"] = evil
    for number, (given_tables, given_explain) in enumerate(
        [(tables, explain), ({**tables, "trial": []}, {})], 1
    ):
        page = patient_page(number, given_tables, given_explain, {"version": evil})
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert not Outline(page).open
    rows = sample.cohort()
    for line in rows["attrition"] + rows["unread"] + rows["stage"] + rows["verdict"] + rows["trial"]:
        for key, value in line.items():
            if isinstance(value, str):
                line[key] = f"{value}{evil}"
    page = cohort_page(rows, sample.META)
    assert "<script" not in page
    assert not Outline(page).open


def test_no_page_names_the_person() -> None:
    tables, explain = sample.first_patient()
    page = patient_page(1, tables, explain, sample.META)
    assert "NHS-4711-0815" not in page
    assert "4711" not in page
    assert "[this person]/exposure.csv" in page


@pytest.mark.parametrize(
    ("text", "person", "said"),
    [
        ("stop of 7/sertraline/1 on day 7", "7", "stop of [this person]/sertraline/1 on day 7"),
        ("row 7, 1.7/L, 7/day, 7/10", "7", "row 7, 1.7/L, 7/day, 7/10"),
        ("B/lithium/2 and vitamin B", "B", "[this person]/lithium/2 and vitamin B"),
        ("P104-e1 of P104, not P1040", "P104", "[this person]-e1 of [this person], not P1040"),
    ],
)
def test_an_id_is_taken_out_of_keys_and_a_short_one_hides_no_number(
    text: str, person: str, said: str
) -> None:
    assert without_person(text, person) == said


def test_files_carry_numbers(tmp_path: Path) -> None:
    patients = [sample.first_patient(), sample.second_patient()]
    paths = write(tmp_path / "run", patients, sample.META)
    assert [path.name for path in paths] == ["index.html", "person-1.html", "person-2.html"]
    assert 'href="person-2.html"' in paths[0].read_text(encoding="utf-8")
    only = write(tmp_path / "cohort", [], sample.META, cohort_tables=sample.cohort())
    assert [path.name for path in only] == ["index.html"]


def test_a_person_without_exposures() -> None:
    tables = {"person": [{"person_id": "P1"}], "kept": [{"table_name": "exposure"}]}
    page = patient_page(1, tables, {}, sample.META)
    assert "No treatment trial is recorded." in page
    assert "Nothing in this record has a date" in page


def test_rows_with_nothing_but_ids_are_no_error() -> None:
    bare: dict[str, list[dict[str, Any]]] = {
        "trial": [{"trial_id": "t"}], "verdict": [{"definition": "d"}],
        "stage": [{"instrument": "i", "item": "total"}],
        "judgement": [{"definition": "d", "trial_id": "other"}], "question": [{}],
        "episode": [{}], "exposure": [{}],
        "measurement": [{}], "unread": [{}], "as_of": [{}], "person": [{}], "procedure": [{}],
    }  # fmt: skip
    page = patient_page(1, bare, {}, {})
    assert "trial not listed" in page
    assert not Outline(page).open
    rows = {name: [{}] for name in ("attrition", "verdict", "stage", "trial", "unread", "facts")}
    assert not Outline(cohort_page(rows, {})).open


def test_a_person_without_dates() -> None:
    page = patient_page(2, *sample.second_patient(), sample.META)
    assert "Nothing in this record has a date" in page
    assert "Fluoxetine" in page


def test_sixty_trials_are_drawn_by_treatment_and_listed_each() -> None:
    tables, explain = sample.first_patient()
    start = date(2014, 1, 6)
    tables["trial"] = [
        sample._trial("NHS-4711-0815", n, "drug", f"agent {n % 25:02d}", "SSRI",
        start + timedelta(days=60 * n),
                      (30, 55), 50.0, "adequate")
        for n in range(1, 61)
    ]  # fmt: skip
    page = patient_page(1, tables, explain, sample.META)
    assert "60 trials are drawn by treatment" in page
    assert "Not drawn: " in page
    assert page.count("rests on") >= 60
    assert not Outline(page).open


def test_a_trial_that_lasted_long_enough_only_possibly_is_not_known_to_be_adequate() -> None:
    tables, explain = sample.first_patient()
    low_high = {(84, 84): "yes", (20, 60): "not known", (20, 30): "no"}
    for (low, high), word in low_high.items():
        tables["trial"] = [
            sample._trial(
                "P", 1, "drug", "sertraline", "SSRI", date(2022, 1, 10), (low, high), 100, "adequate"
            )
        ]
        page = patient_page(1, tables, explain, sample.META)
        assert re.search(rf"</span> {word}</td>", page), word


def test_what_a_reader_must_not_misread_is_said_in_words() -> None:
    tables, explain = sample.first_patient()
    tables["trial"][1] |= {"start_date": date(2022, 4, 1), "certain_start": date(2022, 4, 30)}
    tables["judgement"] += [{**row, "definition": "mgh_s"} for row in tables["judgement"][:6]]
    tables["verdict"][-1] |= {"clause": "bipolar disorder"}
    tables["question"] += [
        {"table": "exposure", "row": "NHS-4711-0815-x5", "field": "daily_dose_mg", "settles_low": 0,
         "settles_high": 0, "narrows_low": 0.0, "narrows_high": 4.0,
         "asks": "What was the daily dose of amitriptyline (from 2022-10-03)?"},
    ]  # fmt: skip
    page = patient_page(1, tables, explain, sample.META).replace("\N{NO-BREAK SPACE}", " ")
    assert "between 1 Apr and 30 Apr 2022 – " in page
    assert "3 of 3 definitions,<br>1 of 1 instrument<" in page
    assert "<p>excluded: bipolar disorder</p>" in page
    assert "(from 3 Oct 2022)?" in page
    assert "Amitriptyline (trial 4, row 5)</a></td><td>daily dose</td>" in page
    assert "narrows by up to 4 points" in page
    assert "</span> no rule</td>" in page
    assert "No fact was handed over" not in page


def test_a_clause_that_is_not_asked_is_not_ticked_off() -> None:
    tables, explain = sample.first_patient()
    explain["knowledge_rows"] |= {
        ("definition", "sforzini_2022"): {
            "adequacy_rule": "atrq_28",
            "episode": "current",
            "family": "failures",
        },
        ("definition", "fabbri_2021_code"): {"family": "switches"},
        ("adequacy_rule", "atrq_28"): {"dose_table": "atrq", "min_days": "28", "min_adherence": "none"},
    }
    tables["judgement"][1]["adherence_ok"] = False
    page = patient_page(1, tables, explain, sample.META)
    assert page.count('<span class="sym" aria-hidden="true">–</span><span class="vh">not asked</span>') == 5
    assert "No dated event that this definition counts is recorded." in page
    assert "The record has nothing that this definition looks at." in page


def test_an_instrument_that_may_not_apply_says_so() -> None:
    tables, explain = sample.first_patient()
    total = next(row for row in tables["stage"] if row["item"] == "total")
    words = "not applicable (no failed trial)"
    total |= {"low": None, "high": 9, "band_low": words, "band_high": "moderate"}
    page = patient_page(1, tables, explain, sample.META)
    assert "Maudsley Staging Method: not applicable, or up to 9 <" in page
    assert "The score is not applicable, or up to 9 on a scale" in page
    assert "Open to the left" in page
    total |= {"high": None, "band_high": words}
    assert f"Maudsley Staging Method: {words}</h3>" in patient_page(1, tables, explain, sample.META)


def test_an_event_without_a_day_says_so() -> None:
    tables, explain = sample.first_patient()
    tables["entry"] = [
        {"definition": "ohdsi_1009_json", "on_date": None, "agent": "esketamine", "counts": None}
    ]
    assert "<td>day not known</td>" in patient_page(1, tables, explain, sample.META)


def test_the_window_definition_is_told_from_its_rows() -> None:
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection)
        text = definition_texts(connection)["ohdsi_1009_json"]["text"]
        assert (
            "(A) an antipsychotic is started, with at least one antidepressant in the year up to that day"
            in text
        )
        assert "esketamine is started, with dose eras of at least two different antidepressants" in text
        assert "ohdsi_1009" not in text
        connection.execute(
            "UPDATE knowledge.window_rule SET min_agents = 4, lookback_days = 180 WHERE path = 'B'"
        )
        text = definition_texts(connection)["ohdsi_1009_json"]["text"]
        assert "at least four different antidepressants in the 180 days up to that day" in text


def test_definitions_are_grouped_by_what_their_rows_ask() -> None:
    connection = duckdb.connect(":memory:")
    knowledge.load_into(connection)
    rows = knowledge_rows(connection)
    connection.close()
    explain = {"knowledge_rows": rows}
    met = {"rybak_2021": False, "gsrd": True, "sforzini_2022": None}
    views = [
        {"definition": key, "title": row["title"], "met": met.get(key, False)}
        for (table, key), row in rows.items()
        if table == "definition" and row["family"] != "instrument"
    ]
    groups = grouped(views, explain, Lineage(explain))
    named = {group["title"]: [view["definition"] for view in group["verdicts"]] for group in groups}
    criteria, cut_offs, algorithms = named.values()
    assert list(named) == [GROUPS[name][0] for name in ("criteria", "cut-off", "algorithm")]
    assert criteria[:2] == ["gsrd", "sforzini_2022"], "met, then undetermined, then not met"
    assert {"nice_ng222_further_line", "vns_label", "conway_stage_1", "gaynes_2020"} <= set(criteria)
    assert "maudsley_cutoff" in cut_offs
    assert {"fabbri_2021_text", "cepeda_2018", "kubitz_2013", "lundberg_2023", "li_2019"} <= set(algorithms)
    assert [group["cards"] for group in groups] == [True, False, False]
    numbers = [view["number"] for group in groups for view in group["verdicts"]]
    assert numbers == list(range(1, len(views) + 1))
    assert sum(sum(group["counts"]) for group in groups) == len(views)


def test_every_line_at_a_glance_leads_to_its_argument() -> None:
    tables, explain = sample.first_patient()
    explain["knowledge_rows"] |= {
        ("definition", "sforzini_2022"): {"family": "failures", "failure_rule": "below_25"},
        ("failure_rule", "below_25"): {"basis": "improvement"},
        ("definition", "fabbri_2021_code"): {"family": "switches"},
    }
    page = patient_page(1, tables, explain, sample.META)
    outline = Outline(page)
    assert not outline.open
    links = re.findall(r'href="#(verdict-\d+)">([^<]+)', page)
    assert len(links) == 6
    for anchor, title in links:
        assert re.search(rf'id="{anchor}">.*<strong>{re.escape(title)}</strong>', page), title
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(outline.ids) | {"content"}
    assert "Register and claims algorithms: verdicts</caption>" in page


def test_names_of_narrow_bands_are_broken_into_lines() -> None:
    names = ["no failed trial", "A (non-responder)", *(f"TRD{n}" for n in range(1, 6)), "CRD"]
    bands = [{"band": name, "low": n, "high": n} for n, name in enumerate(names)]
    row = {"low": 2, "high": 3, "scale_min": 0, "scale_max": 7}
    drawn = str(scale.draw(row, bands, "x", "European Staging Model"))
    boxes = [float(width) for width in re.findall(r'width="([\d.]+)" height="36"', drawn)]
    assert len(boxes) == len(names)
    for line in re.findall(r'text-anchor="middle">([^<]*[A-Za-z][^<]*)<', drawn):
        assert len(line) * scale.LETTER <= min(boxes), line
    assert "(non-responder)<" in drawn and "A (non" not in drawn


# Small counts


def splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to divide a total over the cells of a table."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in splits(total - first, parts - 1):
            yield (first, *rest)


def assert_doubt_remains(groups: dict[tuple[str, ...], list[tuple[int, ...]]]) -> None:
    """Every hidden count has at least two values among all tables that would have been printed alike."""
    for printed, tables in groups.items():
        for place, text in enumerate(printed):
            if text.startswith("<") or text == WITHHELD:
                assert len({table[place] for table in tables}) > 1, (printed, tables)


@pytest.mark.parametrize(
    ("min_count", "parts", "largest"), [(3, 3, 24), (3, 4, 16), (5, 2, 30), (5, 3, 30), (5, 4, 20)]
)
def test_no_table_of_a_published_total_gives_a_hidden_cell_away(
    min_count: int, parts: int, largest: int
) -> None:
    groups = defaultdict(list)
    for total in range(largest + 1):
        for counts in splits(total, parts):
            parted = suppress_partition(counts, min_count)
            printed = (*(cell.text for cell in parted.cells), parted.total.text)
            groups[printed].append((*counts, total))
    assert_doubt_remains(groups)


@pytest.mark.parametrize(("min_count", "largest"), [(3, 11), (5, 15)])
def test_denominators_and_complements_give_no_hidden_count_away(min_count: int, largest: int) -> None:
    groups = defaultdict(list)
    for total in range(largest + 1):
        for true, open_met, false, open_both, open_not, out in splits(total, 6):
            low = true + open_met + false
            counts = {
                "persons": total, "eligible_high": total - out, "met_low": true,
                "met_high": true + open_met + open_both, "denominator_high": low + open_both,
            }  # fmt: skip
            assert tuple(counts) == COUNTS
            cells = suppress_nested(counts, INSIDE, min_count)
            groups[tuple(cell.text for cell in cells.values())].append(tuple(counts.values()))
            assert low + open_both + open_not == total - out
    assert_doubt_remains(groups)


def test_rows_of_points_give_no_hidden_count_away() -> None:
    inside = points_inside((1, 2))
    groups = defaultdict(list)
    for total in range(14):
        for zero, zero_one, zero_two, one, one_two, two in splits(total, 6):
            counts: dict[str, Any] = {
                "persons": total, "possible 1": total - zero, "certain 1": one + one_two + two,
                "possible 2": zero_two + one_two + two, "certain 2": two,
            }  # fmt: skip
            assert zero + zero_one + zero_two + one + one_two + two == total
            cells = suppress_nested(counts, inside, 3)
            groups[tuple(cell.text for cell in cells.values())].append(tuple(counts.values()))
    assert_doubt_remains(groups)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(3, 11))
@settings(derandomize=True)
def test_partition_properties(counts: list[int], min_count: int) -> None:
    parted = suppress_partition(counts, min_count)
    hidden = [count for count, cell in zip(counts, parted.cells, strict=True) if cell.hidden]
    for count, cell in zip(counts, parted.cells, strict=True):
        assert cell.value in (None, count)
        assert not (0 < count < min_count and cell.value is not None)
    if any(0 < count < min_count for count in counts) and len(counts) > 1:
        assert len(hidden) != 1, "a single hidden cell is the total minus the rest"
    if not any(0 < count < min_count for count in counts):
        assert hidden == []


@given(st.lists(st.integers(0, 200), min_size=1, max_size=8), st.integers(3, 11))
@settings(derandomize=True)
def test_chain_properties(counts: list[int], min_count: int) -> None:
    counts.sort(reverse=True)
    cells = suppress_chain(counts, min_count)
    shown = [cell.value for cell in cells if cell.value is not None]
    for one, two in itertools.combinations(shown, 2):
        assert one - two == 0 or one - two >= min_count, "a step may not tell how few were left out"
    assert all(value == 0 or value >= min_count for value in shown)


def test_suppression_can_be_switched_off_and_two_protects_nobody() -> None:
    assert suppress_one(1, 0).text == "1"
    assert suppress_one(1, 1).text == "1"
    assert suppress_one(1, 2).text == "<3"
    assert suppress_one(0, 5).text == "0"
    assert suppress_one(1234, 5).text == "1,234"
    assert suppress_partition([1, 2, 50], 1).cells[0].value == 1


def test_neither_table_nor_chart_shows_a_small_count() -> None:
    page = content(sample.cohort(), sample.META)
    assert [line["persons"].text for line in page["attrition"]] == ["1,204", "987", "640", WITHHELD, "512"]
    ohdsi = page["definitions"][-1]
    assert (ohdsi["met_low"].text, ohdsi["met_high"].text, ohdsi["percent"]) == (
        "<5",
        "9",
        "at most 1.4 %",
    )
    maudsley = page["instruments"][0]
    assert [line["persons"].text for line in maudsley["lines"]].count(WITHHELD) == 2
    sizes = {segment["words"]: segment["size"] for segment in maudsley["segments"]}
    assert 3 not in sizes.values()
    assert 44 in sizes.values(), "the hidden cells are one segment"


def test_stages_count_persons_with_a_recorded_episode() -> None:
    persons = [str(n) for n in range(40)]
    naught = "not applicable (no failed trial)"
    tables: dict[str, Any] = {
        "as_of": pa.table({"person_id": persons}),
        "episode": pa.table({"person_id": persons, "basis": ["diagnosis, stated"] * 30 + ["treatment only"] * 10}),
        "trial": pa.table({"person_id": persons, "kind": ["drug"] * 39 + ["psychotherapy"],
                           "improvement_pct": [10.0] * 8 + [None] * 32,
                           "stop_reason": [None] * 10 + ["inefficacy"] * 10 + ["intolerance"] * 20}),
        "stage": pa.table({
            "person_id": persons * 2, "instrument": ["maudsley"] * 40 + ["mgh_s"] * 40, "item": ["total"] * 80,
            "low": [None] * 20 + [4.0] * 20 + [0.0] * 20 + [2.0] * 20,
            "high": [9.0] * 20 + [4.0] * 20 + [0.5] * 10 + [None] * 10 + [2.5] * 20,
            "band_low": [naught] * 20 + ["mild"] * 20 + [None] * 40,
            "band_high": ["moderate"] * 20 + ["mild"] * 20 + [None] * 40}),
    }  # fmt: skip
    tables["verdict"] = pa.table({"definition": ["a"] * 40, "eligible": [True] * 40, "met": [None] * 40})
    rows = aggregate(tables)
    assert [(row["band_low"], row["persons"]) for row in rows["stage"]] == [
        ("mild", 10),
        ("not applicable, or up to moderate", 20),
    ]
    points = [(row["points"], row["certain"], row["possible"], row["persons"]) for row in rows["points"]]
    assert points == [(1, 10, 20, 30), (2, 10, 20, 30), *((n, 0, 10, 30) for n in range(3, 7))]
    page = cohort_page(rows, sample.META)
    assert "is recorded for 18 of 39 drug trials (an improvement for 8)" in page
    assert "at least 1 point</th>" in page
    assert '<td class="mid" colspan="3">no rule</td>' in page
    rows["attrition"] = [{"step": "all", "persons": 31}]
    assert cohort_page(rows, sample.META).count(HIDDEN) == 2


def test_few_undetermined_persons_leave_the_certain_count() -> None:
    row = {"definition": "d", "persons": 900, "eligible_low": 799, "eligible_high": 800, "met_low": 360,
           "met_high": 361, "denominator_high": 800}  # fmt: skip
    shown = content({"verdict": [row]}, sample.META)["definitions"][0]
    assert (shown["met_low"].text, shown["met_high"].text) == ("360", WITHHELD)
    assert shown["percent"] == "at least 45.0 %"


def test_aggregation_counts_certain_and_possible() -> None:
    truths: list[tuple[bool | None, bool | None]] = [
        (True, True),
        (True, None),
        (None, None),
        (True, False),
        (False, False),
    ]
    tables: dict[str, Any] = {
        "as_of": pa.table({"person_id": [str(n) for n in range(5)], "age_low": [30, 17, None, 40, 50]}),
        "trial": pa.table(
            {
                "person_id": ["0", "1", "1"], "kind": ["drug"] * 3, "dose_status": ["adequate",
                "below minimum", "adequate"],
                "days_at_dose_low": [50, 0, 10], "days_at_dose_high": [50, 0, 90],
            }
        ),
        "episode": pa.table({"person_id": ["0", "1"], "basis": ["diagnosis, stated", "treatment only"]}),
        "verdict": pa.table(
            {
                "definition": ["a"] * 5, "eligible": [e for e, _ in truths], "met": [m for _, m in truths],
                "knowledge_status": ["verified"] * 4 + ["recalled"],
            }
        ),
    }  # fmt: skip
    rows = aggregate(tables, {"a": {"title": "Definition A", "text": "words"}}, min_days=42, adult_age=18)
    verdict = rows["verdict"][0]
    assert [verdict[k] for k in ("persons", "eligible_low", "eligible_high", "met_low", "met_high")] == [
        5,
        3,
        4,
        1,
        3,
    ]
    assert verdict["denominator_high"] == 4, "the person who may belong to it may also meet the definition"
    assert (verdict["title"], verdict["knowledge_status"]) == ("Definition A", "recalled")
    assert [row["persons"] for row in rows["attrition"]] == [5, 2, 2, 1, 1]
    assert sorted((str(row["adequate"]), row["trials"]) for row in rows["trial"]) == [
        ("False", 1),
        ("None", 1),
        ("True", 1),
    ]
    assert len(aggregate(tables)["attrition"]) == 4
    assert "Definition A" in cohort_page(rows, sample.META)
    assert cohort_page(aggregate({}), {})
