"""`opentrd compare`: what may be shown, the files, OHDSI's form, the page and the command."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import opentrd
from opentrd.cli import app
from opentrd.record.raw import InputError
from opentrd.report import compare_omop
from opentrd.report.compare import write_comparison
from opentrd.report.compare_suppress import (
    COUNTS,
    OTHER,
    coarse_paths,
    definition_cells,
    largest_sets,
    level_cells,
    thinned_curve,
)
from test_compare import cross, day, trial, verdict, write_multiverse, write_run, write_truth

LEAST = 5
COUNT = st.integers(0, 12)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def group(not_met: int, open_: int, met: int, outside: int) -> dict[str, int]:
    """The nested counts of one group from its disjoint parts."""
    inside = not_met + open_ + met
    return {
        "persons": inside + outside,
        "eligible_high": inside,
        "eligible_low": inside,
        "met_high": open_ + met,
        "denominator_high": inside,
        "met_low": met,
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(COUNT, COUNT, COUNT, COUNT), min_size=1, max_size=4))
def test_no_hidden_count_of_a_group_follows_from_its_total(parts: list[tuple[int, int, int, int]]) -> None:
    levels = [group(*part) for part in parts]
    total = {name: sum(level[name] for level in levels) for name in COUNTS}
    published = definition_cells(total, {}, LEAST)
    cells = level_cells(levels, published, LEAST)
    for name in COUNTS:
        hidden = [place for place, own in enumerate(cells) if own[name].value is None]
        for place, own in enumerate(cells):
            value = own[name].value
            assert value is None or value == 0 or value >= LEAST
            assert value in (None, levels[place][name])
        if hidden and published[name].value is not None:
            assert len(hidden) > 1 or len(hidden) == len(levels)
    for own, level in zip(cells, levels, strict=True):
        for one, other in itertools.combinations(COUNTS, 2):  # in these groups each lies inside another
            if own[one].value is not None and own[other].value is not None:
                assert not 0 < abs(level[one] - level[other]) < LEAST


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.tuples(*(st.sampled_from("abc"),) * 3), st.integers(1, 9), min_size=0, max_size=20))
def test_coarse_paths_keep_every_person_and_show_no_small_number(paths: dict[tuple[str, ...], int]) -> None:
    coarse = coarse_paths(paths, LEAST)
    whole = sum(paths.values())
    assert sum(coarse.values()) == (whole if whole >= LEAST else 0)
    assert all(persons >= LEAST for persons in coarse.values())
    assert all(OTHER not in path[: path.index(OTHER)] for path in coarse if OTHER in path)
    assert all(persons == paths[path] for path, persons in coarse.items() if OTHER not in path)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 12), max_size=12), st.integers(1, 6))
def test_the_rest_beside_the_largest_sets_is_never_small(sizes: list[int], most: int) -> None:
    shown, rest = largest_sets([{"persons": size} for size in sizes], most, LEAST)
    left = sum(sizes) - sum(row["persons"] for row in shown)
    assert all(row["persons"] >= LEAST for row in shown)
    assert left == 0 or left >= LEAST or not shown
    assert rest.value == (None if 0 < left < LEAST else left)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 120)), max_size=30))
def test_days_of_a_curve_lie_enough_events_apart(steps: list[tuple[int, int]]) -> None:
    rows = []
    events = at = 0
    for gained, later in steps:
        events, at = events + gained, at + later
        rows.append({"day": at, "events_so_far": events, "at_risk": 1000 - events})
    kept = thinned_curve(rows, (365, 730), LEAST)
    counts = [0, *(row["events_so_far"] for row in kept)]
    assert all(later - before == 0 or later - before >= LEAST for before, later in itertools.pairwise(counts))
    assert [row["day"] for row in kept] == sorted({row["day"] for row in kept})


def test_every_day_of_a_curve_is_shown_without_suppression() -> None:
    rows = [{"day": n, "events_so_far": n, "at_risk": 50 - n} for n in range(1, 20)]
    assert thinned_curve(rows, (5,), 1) == rows


def population(folder: Path, min_count: int = LEAST, **other: Any) -> Path:
    """A run of two definitions with one count that may not be shown."""
    rows = cross(
        {(True, True): 30, (True, False): 12, (False, True): 3, (False, False): 40, (None, False): 15}
    )
    persons = [
        {"person_id": row["person_id"], "sex": "female" if n % 3 else "male", "race": "=1+1"}
        for n, row in enumerate(rows[::2])
    ]
    trials = [trial(row["person_id"], "sertraline", n) for n, row in enumerate(rows[::2])]
    trials += [trial(row["person_id"], "venlafaxine", 60 + n) for n, row in enumerate(rows[: 2 * 44 : 2])]
    return write_run(folder, rows, persons=persons, trials=trials, min_count=min_count, **other)


def test_small_counts_are_in_no_file(tmp_path: Path) -> None:
    page = write_comparison(population(tmp_path / "run"))
    counts = {"persons", "both_met", "only_a", "only_b", "neither", "undetermined", "not_met"} | set(COUNTS)
    seen = 0
    for path in sorted(page.parent.glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            for name in counts & row.keys():
                assert row[name] is None or row[name] == 0 or row[name] >= LEAST, (path.name, row)
                seen += 1
    assert seen > 40
    pair = read_csv(page.parent / "agreement.csv")[0]
    # 33 meet the second definition: beside that, 30 who meet both would leave three.
    assert (pair["persons"], pair["both_met"], pair["only_b"], pair["kappa"]) == ("85", "", "", "")
    assert "only_b withheld" in pair["hidden"]
    shown = read_csv(write_comparison(population(tmp_path / "open"), min_count=1).parent / "agreement.csv")[0]
    assert (shown["only_b"], shown["hidden"]) == ("3", "")


def test_tables_are_the_same_as_parquet_and_csv_and_cannot_run(tmp_path: Path) -> None:
    folder = write_comparison(population(tmp_path / "run")).parent
    tables = sorted(folder.glob("*.parquet"))
    assert {path.stem for path in tables} >= {
        "prevalence",
        "group",
        "attrition",
        "agreement",
        "curve",
        "pathway",
    }
    for path in tables:
        table = pq.read_table(path)
        rows = read_csv(path.with_suffix(".csv"))
        assert len(rows) == table.num_rows
        if rows:
            assert list(rows[0]) == table.column_names
    races = {row["level"] for row in read_csv(folder / "group.csv") if row["kind"] == "race"}
    assert races == {"'=1+1"}


def test_summarised_result_has_the_form_that_omopgenerics_reads(tmp_path: Path) -> None:
    folder = write_comparison(population(tmp_path / "run")).parent
    rows = read_csv(folder / "summarised_result.csv")
    assert tuple(rows[0]) == compare_omop.COLUMNS
    types = {"integer", "numeric", "proportion", "percentage", "character"}
    assert {row["estimate_type"] for row in rows} <= types
    for row in rows:
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", row["estimate_name"])
        assert all(row[name] for name in compare_omop.COLUMNS if name not in ("estimate_value",))
        for pair in ("group", "strata", "additional"):
            names, levels = (row[f"{pair}_{part}"].split(" &&& ") for part in ("name", "level"))
            assert len(names) == len(levels)
            assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
            assert (names == ["overall"]) == (levels == ["overall"])
        if row["estimate_type"] == "integer" and row["estimate_name"] == "count":
            assert re.fullmatch(r"0|-|<5|[1-9]\d+|[5-9]", row["estimate_value"]), row
    results = [row for row in rows if row["variable_name"] != "settings"]
    identity = [
        tuple(v for k, v in row.items() if k not in ("estimate_value", "estimate_type")) for row in results
    ]
    assert len(set(identity)) == len(identity)
    declared = read_csv(folder / "summarised_result_settings.csv")
    assert {row["result_id"] for row in results} <= {row["result_id"] for row in declared}
    assert {row["min_cell_count"] for row in declared} == {"5"}
    as_rows = {
        (r["result_id"], r["estimate_name"]): r["estimate_value"]
        for r in rows
        if r["variable_name"] == "settings"
    }
    for row in declared:
        assert all(as_rows[row["result_id"], name] == row[name] for name in compare_omop.SETTINGS[1:])
    hidden = [
        r for r in results if r["group_level"] == "a &&& b" and r["variable_level"] == "only_in_comparator"
    ]
    assert [row["estimate_value"] for row in hidden] == ["-"]
    assert {r["estimate_value"] for r in results if r["estimate_name"] == "kappa"} == {"-"}


def test_the_page_stands_alone_and_escapes_what_it_prints(tmp_path: Path) -> None:
    run = population(tmp_path / "run")
    write_multiverse(
        run,
        [
            {"min_weeks": weeks, "<b>needed": needed, "met_low": 100 // needed, "met_high": 300}
            for weeks in ("4", "none")
            for needed in (2, 3)
        ],
    )
    names = [row["person_id"] for row in pq.read_table(run / "tables" / "verdict.parquet").to_pylist()]
    truth = write_truth(
        tmp_path / "truth",
        [{"person_id": n, "agent": a} for n in names for a in ("sertraline", "venlafaxine")],
        names,
    )
    text = write_comparison(run, truth=truth).read_text(encoding="utf-8")
    assert "<script" not in text and "http://www.w3.org/2000/svg" in text
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert "<b>needed" not in text
    assert names[0] not in text
    for heading in (
        "How many persons",
        "How far",
        "Time to resistance",
        "by group",
        "pathways",
        "moves prevalence",
        "truly happened",
    ):
        assert heading in text, heading
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_sensitivity_and_its_bounds_by_hand(tmp_path: Path) -> None:
    met: dict[str, bool | None] = {}
    for truth, verdicts in (
        (True, [True] * 6 + [None] * 3 + [False]),
        (False, [True] * 2 + [None] + [False] * 7),
    ):
        met |= {f"{'t' if truth else 'f'}{n}": value for n, value in enumerate(verdicts)}
    run = write_run(tmp_path / "run", [verdict(name, "a", value) for name, value in sorted(met.items())])
    trials = [{"person_id": n, "agent": a} for n in met if n[0] == "t" for a in ("sertraline", "venlafaxine")]
    truth = write_truth(tmp_path / "truth", trials, list(met))
    row = pq.read_table(write_comparison(run, truth=truth).parent / "accuracy.parquet").to_pylist()[0]
    assert (row["sensitivity"], row["sensitivity_low"], row["sensitivity_high"]) == (0.8571, 0.6, 0.9)
    assert (row["specificity"], row["specificity_low"], row["specificity_high"]) == (0.7778, 0.7, 0.8)
    assert (row["ppv"], row["ppv_low"], row["ppv_high"]) == (0.75, 0.6667, 0.8182)
    assert (row["npv"], row["npv_low"], row["npv_high"]) == (0.875, 0.6364, 0.8889)


def test_sixty_definitions_keep_a_page(tmp_path: Path) -> None:
    rows = []
    for person, number in itertools.product(range(40), range(60)):
        rows.append(verdict(f"p{person:02d}", f"definition_{number:02d}", (person * 7 + number) % 5 < 2))
    page = write_comparison(write_run(tmp_path / "run", rows))
    assert len(read_csv(page.parent / "agreement.csv")) == 60 * 59 // 2
    assert "60 definitions" in page.read_text(encoding="utf-8")


def test_an_empty_run_and_a_run_of_one_person(tmp_path: Path) -> None:
    empty = write_comparison(write_run(tmp_path / "empty", []))
    assert "nothing to compare" in empty.read_text(encoding="utf-8")
    assert read_csv(empty.parent / "prevalence.csv") == []
    one = write_comparison(write_run(tmp_path / "one", [verdict("p1", "a", True)], min_count=LEAST))
    text = one.read_text(encoding="utf-8")
    assert "&lt;5" in text
    assert read_csv(one.parent / "prevalence.csv")[0]["persons"] == ""


def test_a_run_of_the_assessment_can_be_compared(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    lines = ["person_id,agent,start_date,end_date,daily_dose_mg,improvement_pct"]
    for n in range(30):
        lines.append(f"p{n},sertraline,2023-01-10,2023-03-20,100,{n}")
        lines.append(f"p{n},venlafaxine,2023-03-21,2023-06-30,225,{2 * n}")
    (source / "exposure.csv").write_text("\n".join(lines) + "\n")
    (source / "condition.csv").write_text(
        "person_id,condition,start_date\n" + "".join(f"p{n},depression,2022-12-01\n" for n in range(30))
    )
    (source / "person.csv").write_text(
        "person_id,birth_date,sex\n" + "".join(f"p{n},1980-05-05,{'fe' * (n % 2)}male\n" for n in range(30))
    )
    run = tmp_path / "run"
    opentrd.assess(opentrd.read(source), definitions=["two_adequate_trials", "sforzini_2022"]).write(run)
    result = CliRunner().invoke(app, ["compare", str(run)])
    assert result.exit_code == 0, result.output
    assert "index.html" in result.output
    prevalence = {row["definition"]: row for row in read_csv(run / "compare" / "prevalence.csv")}
    assert prevalence["two_adequate_trials"]["met_low"] == "25"
    sexes = {row["level"] for row in read_csv(run / "compare" / "group.csv") if row["kind"] == "sex"}
    assert sexes == {"female", "male"}


def test_what_cannot_be_compared_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        write_comparison(tmp_path / "nothing")
    run = write_run(tmp_path / "run", [verdict("p1", "a", True)])
    (run / "run.json").write_text('{"min_count": "many"}')
    with pytest.raises(InputError, match="min_count is 'many', expected a whole number"):
        write_comparison(run)
    assert write_comparison(run, min_count=1).is_file()


def test_tables_of_an_earlier_comparison_do_not_stay(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [verdict("p1", "a", True)])
    truth = write_truth(tmp_path / "truth", [{"person_id": "p1", "agent": "sertraline"}], ["p1"])
    folder = write_comparison(run, truth=truth).parent
    assert (folder / "accuracy.csv").is_file()
    write_comparison(run)
    assert not (folder / "accuracy.csv").exists()


def test_results_by_group_ask_for_the_table_of_persons(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [verdict("p1", "a", True, observed_to=day(900))], persons=None)
    assert "assess again to have results by group" in write_comparison(run).read_text(encoding="utf-8")
