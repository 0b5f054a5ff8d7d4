"""Ratings, laboratory values and outcomes are the same on every engine, and do not depend on the order of the rows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engines_cohort import differences
from measuring import START, answers, day, drug, measured, run, steps_for
from opentrd.engines.sqlite import SmallRun
from test_engines import ENGINES, opened, started  # noqa: F401

Row = dict[str, Any]
TABLES = ("rating_item", "rating", "lab", "outcome", "finding_monitoring")
PERSONS = 40
SEED = 7
DAYS = [
    None, "2023", "2023-02", "2023-03",
    *(day(number).isoformat() for number in (-30, -3, 0, 7, 14, 21, 28, 40, 90, 150, 157, 170)),
]  # fmt: skip
SCALES = {
    "MADRS": 60,
    "HAM-D17": 52,
    "QIDS-SR16": 27,
    "PHQ-9": 27,
    "BDI-II": 63,
    "FIBSER burden": 6,
    "SDS": 30,
    "GAD-7": 21,
}
UNITS = ["mg/L", "mg/dL", "nmol/L", "", "kg", "MG/L"]


def messy(seed: int) -> dict[str, list[Row]]:
    """Persons with trials and measurements of all kinds, some undated, double, partly answered or out of range."""
    draw = random.Random(seed)
    tables: dict[str, list[Row]] = {"exposure": [], "measurement": [], "condition": []}
    for number in range(PERSONS):
        person = f"p{number:02d}"
        for agent in draw.sample(
            ["sertraline", "venlafaxine", "esketamine", "quetiapine"], draw.randint(1, 3)
        ):
            stop = draw.choice(["", "intolerance", "inefficacy"])
            row = drug(person, agent, draw.choice([30, 90, 150]), stop_reason=stop)
            if draw.random() < 0.3:
                row |= {"end_date": "", "ongoing": draw.choice(["", "true"])}
            tables["exposure"].append(row)
        tables["condition"].append(
            {
                "condition_id": f"c{person}",
                "person_id": person,
                "condition": "major depressive disorder",
                "start_date": "2022-12",
            }
        )
        rows: list[Row] = []
        for scale, most in draw.sample(sorted(SCALES.items()), 4):
            for when in draw.sample(DAYS, 4):
                rows.append(
                    measured(
                        scale,
                        when,
                        draw.randint(0, most + 2),
                        person,
                        sign=draw.choice(["", "", "", "<", ">"]),
                    )
                )
        for scale, items in (("QIDS-SR16", 16), ("PHQ-9", 9), ("IDS-SR30", 30)):
            for when in draw.sample(DAYS, 3):
                asked = draw.sample(range(1, items + 1), draw.choice([items, items, items - 1, 3]))
                level = draw.choice([0, 0, 1, 3])
                rows += answers(
                    scale, when, {item: draw.choice([level, level, 1, 9]) for item in asked}, person
                )
        for value in ("0.4", "<5", ">10", "7", "x"):
            rows.append(
                measured(
                    draw.choice(["CRP", "hs-CRP"]), draw.choice(DAYS), value, person, unit=draw.choice(UNITS)
                )
            )
        for place, row in enumerate(rows):
            row["measurement_id"] = f"{person}-{place:03d}"
        tables["measurement"] += rows
    return tables


def connected(folder: Path, tables: dict[str, list[Row]]) -> duckdb.DuckDBPyConnection:
    return run(folder, [f"p{number:02d}" for number in range(PERSONS)], TABLES, **tables)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return connected(tmp_path_factory.mktemp("messy"), messy(SEED))


def contents(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return sorted(map(repr, connection.execute(f"SELECT * FROM assess.{table}").fetchall()))


def test_there_is_something_of_everything(connection: duckdb.DuckDBPyConnection) -> None:
    for table, column, values in (
        ("rating", "origin", {"recorded", "summed", "converted"}),
        ("outcome", "status", {"met", "not met", "not determinable", None}),
        ("outcome", "acting", {"standard", "rapid"}),
        ("lab", "usable", {True, False}),
        ("finding_monitoring", "present", {True, False}),
    ):
        found = connection.execute(f"SELECT DISTINCT {column} FROM assess.{table}").fetchall()
        assert {row[0] for row in found} == values, table


def test_a_rating_and_an_outcome_have_one_key(connection: duckdb.DuckDBPyConnection) -> None:
    for table, key in (
        ("rating", "person_id, rating_id"),
        ("lab", "person_id, measurement_id"),
        ("outcome", "trial_id, measurement_id, rule"),
        ("finding_monitoring", "person_id, finding, subject, source"),
    ):
        assert (
            connection.execute(
                f"SELECT {key} FROM assess.{table} GROUP BY ALL HAVING count(*) > 1"
            ).fetchall()
            == []
        )


def test_the_order_of_the_rows_changes_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables = messy(SEED)
    for rows in tables.values():
        random.Random(1).shuffle(rows)
    shuffled = connected(tmp_path, tables)
    for table in TABLES:
        assert contents(shuffled, table) == contents(connection, table), table


def test_answering_an_open_item_only_narrows(tmp_path: Path) -> None:
    """With one more answer a total's bounds lie inside the bounds without it, and no outcome turns over."""
    given = dict.fromkeys(range(1, 9), 1)
    baseline = measured("PHQ-9", START, 24)
    persons = ["p1"]

    def of(folder: str, more: dict[int, float]) -> tuple[tuple[float, float], dict[str, str]]:
        rows = [baseline, *answers("PHQ-9", day(40), given | more)]
        found = run(tmp_path / folder, persons, ["outcome"], exposure=[drug()], measurement=rows)
        ((low, high),) = found.execute(
            "SELECT low, high FROM assess.rating WHERE measure = 'PHQ-9' AND origin = 'summed'"
        ).fetchall()
        rules = found.execute(
            "SELECT rule, status FROM assess.outcome WHERE kind NOT IN ('recovery')"
        ).fetchall()
        return (low, high), dict(rules)

    open_bounds, open_rules = of("open", {})
    for answer in range(4):
        (low, high), rules = of(str(answer), {9: answer})
        assert open_bounds[0] <= low == high <= open_bounds[1]
        assert {rule: was for rule, was in open_rules.items() if was not in (None, rules[rule])} == {}


def test_sqlite_gives_the_same(connection: duckdb.DuckDBPyConnection) -> None:
    small = SmallRun(connection)
    for table in TABLES:
        columns = [row[0] for row in connection.execute(f"DESCRIBE assess.{table}").fetchall()]
        theirs = sorted(map(repr, (tuple(row[c] for c in columns) for row in small.table(table).to_pylist())))
        assert theirs == contents(connection, table), table


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_other_engines_give_the_same(
    name: str, connection: duckdb.DuckDBPyConnection, request: pytest.FixtureRequest
) -> None:
    with opened(name, request) as engine:
        engine.load(connection)
        engine.run(steps_for(*TABLES))
        assert (
            differences(connection, engine, [step for step in steps_for(*TABLES) if step.kind == "TABLE"])
            == {}
        )
