"""The grid of a multiverse: what may stand in it, what a wrong one says, and what the command and the interface make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

import opentrd
import test_sql_rules as rules
from histories import Raw, write_folder
from opentrd import multiverse
from opentrd.cli import app
from opentrd.engines.translate import translate
from opentrd.record.raw import InputError

STEPS = {step.table: step for step in multiverse.steps()}
# Two drugs that failed after six weeks, the second with a month's pause inside; depression throughout.
TWO_FAILURES: Raw = {
    "person": [{"person_id": "p1"}],
    "condition": [{"condition_id": "c1", "person_id": "p1", "condition": "depression", "start_date": "2020-01-01"}],
    "exposure": [
        {
            "exposure_id": f"e{number}", "person_id": "p1", "agent": agent, "start_date": start, "end_date": end,
            "daily_dose_mg": dose, "improvement_pct": improvement,
        }
        for number, (agent, start, end, dose, improvement) in enumerate(
            [
                ("sertraline", "2020-01-01", "2020-02-11", "100", "10"),  # 42 days
                ("citalopram", "2020-02-12", "2020-03-03", "40", ""),  # 21 days, a pause of 20 days, 21 days
                ("citalopram", "2020-03-24", "2020-04-13", "40", "40"),
                ("lithium", "2020-01-01", "2020-02-11", "900", "10"),
            ]
        )
    ],
}  # fmt: skip


def _file(folder: Path, *rows: str, header: str = "parameter,value") -> Path:
    path = folder / "grid.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def _met(folder: Path, tables: Raw = TWO_FAILURES, **grid: list[str]) -> list[tuple[Any, ...]]:
    """The met counts of the variants by the values that the grid varies."""
    record = opentrd.read(write_folder(tables, folder / "record"))
    table = opentrd.assess(record).multiverse(grid)
    return [(*(str(row[name]) for name in grid), row["met_low"], row["met_high"]) for row in table.rows()]


def test_a_pause_longer_than_the_gap_makes_two_short_trials(tmp_path: Path) -> None:
    assert _met(tmp_path, max_gap_days=["19", "20"]) == [("19", 0, 0), ("20", 1, 1)]


def test_weeks_and_failure_thresholds(tmp_path: Path) -> None:
    assert _met(tmp_path, min_weeks=["6", "7"], failure=["25", "50"]) == [
        ("6", "25", 0, 0), ("6", "50", 1, 1), ("7", "25", 0, 0), ("7", "50", 0, 0),
    ]  # fmt: skip


def test_a_change_of_drug_stands_for_failure_of_the_first_only(tmp_path: Path) -> None:
    assert _met(tmp_path, failure=["switch"], needed=["1", "2"]) == [
        ("switch", "1", 1, 1),
        ("switch", "2", 0, 0),
    ]


def test_an_augmentation_counts_as_a_trial_where_the_grid_says_so(tmp_path: Path) -> None:
    found = _met(tmp_path, augmentation=["augmenting", "none"], needed=["2", "3"])
    # Lithium has no ATRQ minimum, so that its dose is not known: a third failure is possible.
    assert sorted(found) == [
        ("augmenting", "2", 1, 1),
        ("augmenting", "3", 0, 1),
        ("none", "2", 1, 1),
        ("none", "3", 0, 0),
    ]


def test_failures_further_apart_than_the_window_do_not_add_up(tmp_path: Path) -> None:
    # From 11 February to 13 April 2020 are 62 days.
    assert _met(tmp_path, window_days=["61", "62", "none"]) == [("61", 0, 0), ("62", 1, 1), ("none", 1, 1)]


def test_two_drugs_of_one_class_are_one_failure_by_class(tmp_path: Path) -> None:
    assert sorted(_met(tmp_path, distinct_level=["agent", "class"])) == [("agent", 1, 1), ("class", 0, 0)]


def test_days_count_whole_while_it_is_not_known_whether_the_dose_was_reached(tmp_path: Path) -> None:
    first = {
        "exposure_id": "e1",
        "person_id": "p1",
        "agent": "sertraline",
        "start_date": "2020-01-01",
        "end_date": "2020-01-21",
    }
    later = first | {"exposure_id": "e2", "start_date": "2020-01-22", "end_date": "2020-02-11"}
    tables = TWO_FAILURES | {"exposure": [first | {"daily_dose_mg": "25"}, later]}
    found = _met(tmp_path, tables, dose_table=["atrq", "none"], failure=["any"], needed=["1"])
    assert sorted(found) == [("atrq", "any", "1", 0, 1), ("none", "any", "1", 1, 1)]


def test_a_trial_whose_end_is_not_known_may_belong_to_the_next_episode(tmp_path: Path) -> None:
    episode = TWO_FAILURES["condition"][0]
    tables = TWO_FAILURES | {
        "condition": [
            episode | {"end_date": "2020-02-15"},
            episode | {"condition_id": "c2", "start_date": "2020-06-01", "end_date": "2020-12-31"},
        ],
        "exposure": [
            {"exposure_id": "e1", "person_id": "p1", "agent": "sertraline", "start_date": "2020-02-10"}
        ],
    }
    found = _met(
        tmp_path,
        tables,
        episode_washout_days=["183", "ever"],
        failure=["any"],
        needed=["1"],
        dose_table=["none"],
        min_weeks=["none"],
    )
    assert [(row[0], *row[-2:]) for row in found] == [("183", 0, 1), ("ever", 1, 1)]


def test_the_shipped_grid_is_valid_and_holds_its_base() -> None:
    grid = multiverse.default_grid()
    assert multiverse.complete(grid) == grid
    assert multiverse.size(grid) > 1_000
    assert set(multiverse.base_values()) == set(multiverse.EXPECTED) == set(grid)
    for name, value in multiverse.base_values().items():
        assert value in grid[name]


def test_a_file_keeps_the_base_value_of_what_it_does_not_name(tmp_path: Path) -> None:
    grid = multiverse.read_grid(
        _file(tmp_path, "min_weeks,08", "min_weeks,4", "", "window_days,none", "window_days,365")
    )
    assert grid == {name: [value] for name, value in multiverse.base_values().items()} | {
        "min_weeks": ["4", "8"],
        "window_days": ["365", "none"],
    }


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["min_weks,4"], "row 2, field parameter: min_weks is not known; expected one of max_gap_days, min_weeks"),
        (["min_weeks,6", "min_weeks,-1"], "row 3, field value: -1 is no value of min_weeks; expected weeks, more than 0, or none"),
        (["min_weeks,"], "row 2, field value: (empty) is no value of min_weeks"),
        (["dose_table,atqr"], "field value: atqr is no value of dose_table; expected a dose table of the knowledge, or none ("),
        (["augmentation,ssri"], "ssri is no value of augmentation"),
        (["failure,0"], "0 is no value of failure"),
        (["failure,switch_"], "switch_ is no value of failure"),
        (["needed,0"], "0 is no value of needed; expected a whole number, 1 or more"),
        (["needed,2.5"], "2.5 is no value of needed"),
        (["window_days,ever"], "ever is no value of window_days; expected whole days, 1 or more, or none"),
        (["needed,2", "needed,02"], "row 3, field value: '02' is given twice for needed"),
        (["needed,2,3"], "row 2: more cells than the header has"),
        (["max_gap_days,90", "episode_washout_days,60"], "60 of episode_washout_days is shorter than 90 of max_gap_days"),
        (["distinct_level,trial", "failure,switch_90"], "trial of distinct_level does not go with a switch as failure"),
        ([], "the grid has no row"),
        ([f"needed,{number}" for number in range(1, 102)], "needed has 101 values; expected at most 100"),
    ],
)  # fmt: skip
def test_a_wrong_grid_names_the_row_the_field_and_what_was_expected(
    tmp_path: Path, rows: list[str], says: str
) -> None:
    path = _file(tmp_path, *rows)
    with pytest.raises(InputError) as problem:
        multiverse.read_grid(path)
    assert str(problem.value).startswith(str(path))
    assert says in str(problem.value)


def test_a_grid_with_other_columns_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the columns parameter and value"):
        multiverse.read_grid(_file(tmp_path, "needed,2", header="name,value"))
    with pytest.raises(InputError, match="cannot be read"):
        multiverse.read_grid(tmp_path / "missing.csv")


def test_a_grid_that_is_too_large_says_so() -> None:
    many = [str(number) for number in range(1, 101)]
    with pytest.raises(InputError, match="variants; expected at most"):
        multiverse.complete({"needed": many, "window_days": many, "min_weeks": many})


def test_a_mapping_is_held_to_the_same_rules() -> None:
    with pytest.raises(InputError, match="given twice"):
        multiverse.complete({"needed": ["2", "2"]})
    with pytest.raises(InputError, match="needed has no value"):
        multiverse.complete({"needed": []})


def test_the_command_writes_the_variants(tmp_path: Path) -> None:
    record, out = write_folder(TWO_FAILURES, tmp_path / "record"), tmp_path / "out"
    grid = _file(tmp_path, "needed,2", "needed,3")
    result = CliRunner().invoke(
        app, ["assess", str(record), "--out", str(out), "--multiverse", str(grid), "--quiet"]
    )
    assert result.exit_code == 0, result.output
    path = out / "tables" / "multiverse.parquet"
    rows = duckdb.sql(
        f"SELECT needed, persons, eligible_low, met_low, met_high FROM '{path}' ORDER BY variant"
    ).fetchall()
    assert rows == [(2, 1, 1, 1, 1), (3, 1, 1, 0, 0)]
    # A later run without a grid leaves no variants of an earlier one behind.
    CliRunner().invoke(app, ["assess", str(record), "--out", str(out), "--quiet"])
    assert not path.exists()


def test_chunks_of_persons_give_the_same_variants(tmp_path: Path) -> None:
    tables = {
        name: [
            row | {key: f"{number}-{row[key]}" for key in row if key.endswith("_id")}
            for number in range(7)
            for row in rows
        ]
        for name, rows in TWO_FAILURES.items()
    }
    record = opentrd.read(write_folder(tables, tmp_path / "record"))
    whole = opentrd.assess(record).multiverse().rows()
    multiverse.run(record.connection, chunk=2)
    found = record.connection.sql("SELECT * FROM assess.multiverse ORDER BY ALL").fetchall()
    assert found == [tuple(row.values()) for row in whole]
    assert max(row["met_low"] for row in whole) == 7


def test_a_record_without_persons_with_drugs_has_variants_that_nobody_meets(tmp_path: Path) -> None:
    tables = TWO_FAILURES | {"exposure": []}
    rows = (
        opentrd.assess(opentrd.read(write_folder(tables, tmp_path / "record")))
        .multiverse({"needed": ["1"]})
        .rows()
    )
    assert [(row["eligible_low"], row["met_low"], row["met_high"]) for row in rows] == [(1, 0, 0)]


@pytest.mark.parametrize("name", sorted(STEPS))
def test_the_sql_keeps_the_rules_of_the_chain(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "STEPS", STEPS)
    rules.test_only_admitted_functions_and_nodes(name)
    rules.test_truth_is_never_closed_by_is_true_or_by_a_list(name)
    rules.test_windows_that_run_have_a_frame_of_rows(name)
    rules.test_the_last_select_names_its_columns_and_the_header_documents_them(name)
    rules.test_a_file_fits_in_the_head(name)


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
def test_the_sql_is_carried_to_the_other_engines(dialect: str, tmp_path: Path) -> None:
    record = opentrd.read(write_folder(TWO_FAILURES, tmp_path / "record"))
    opentrd.assess(record)
    multiverse.run(record.connection, keep=True)
    types: dict[str, dict[str, dict[str, str]]] = {}
    for schema, table, column, kind in record.connection.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_catalog = 'variants' ORDER BY ordinal_position"
    ).fetchall():
        types.setdefault(schema, {}).setdefault(table, {})[column] = kind
    for step in multiverse.steps():
        made = translate(
            step.sql, dialect, types, file=step.path.name, place=lambda schema, table: (schema, table)
        )
        assert made.columns == types["multiverse"][step.table]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_grid_may_be_separated_as_a_spreadsheet_does(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "grid.csv"
    path.write_text("parameter,value\nneeded,2\nneeded,3\n".replace(",", separator), encoding="utf-8")
    assert multiverse.read_grid(path)["needed"] == ["2", "3"]
