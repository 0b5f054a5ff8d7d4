"""Ratings, items and laboratory values: what the tables say of what a record holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import opentrd
from histories import write_folder

Row = dict[str, Any]


def tables_of(folder: Path, measurements: list[Row], *, as_of: str | None = None, **tables: list[Row]) -> Any:
    """The assessment of one person with these measurements, as a function from table name to rows."""
    rows = [
        {"measurement_id": f"m{number:02d}", "person_id": "p1", **row}
        for number, row in enumerate(measurements, 1)
    ]
    raw = {"person": [{"person_id": "p1", "birth_date": "1980-01-01"}], "measurement": rows, **tables}
    assessment = opentrd.assess(opentrd.read(write_folder(raw, folder)), as_of)

    def table(name: str) -> list[Row]:
        found = assessment.connection.sql(f"FROM assess.{name}").to_arrow_table().to_pylist()
        return sorted(found, key=lambda row: [str(row[column]) for column in row])

    return table


def items(scale: str, day: str, answers: dict[int, float]) -> list[Row]:
    return [
        {"measure": f"{scale} item {item}", "date": day, "value": value} for item, value in answers.items()
    ]


def rating(rows: list[Row], measure: str) -> Row:
    (row,) = [row for row in rows if row["measure"] == measure]
    return row


def bounds(row: Row) -> list[float | None]:
    return [row["low"], row["high"]]


def test_a_sum_is_made_where_no_total_is_recorded_and_the_tenth_item_does_not_enter_it(
    tmp_path: Path,
) -> None:
    answers = items("PHQ-9", "2023-01-05", dict.fromkeys(range(1, 10), 2))
    difficulty = [{"measure": "PHQ-9 functional difficulty", "date": "2023-01-05", "value": 3}]
    table = tables_of(tmp_path, answers + difficulty)
    row = rating(table("rating"), "PHQ-9")
    assert (bounds(row), row["origin"], row["complete"]) == ([18, 18], "summed", True)
    assert (row["rating_id"], row["band_low"], row["answered"]) == (
        "PHQ-9/2023-01-05",
        "moderately severe",
        9,
    )
    (tenth,) = [item for item in table("rating_item") if item["item"] == 10]
    assert (tenth["measure"], tenth["value"]) == ("PHQ-9", 3)


@pytest.mark.parametrize("refused", [7, 9])
def test_a_refusal_code_never_enters_a_sum(tmp_path: Path, refused: int) -> None:
    answers = dict.fromkeys(range(1, 10), 1) | {4: refused}
    table = tables_of(tmp_path, items("PHQ-9", "2023-01-05", answers))
    row = rating(table("rating"), "PHQ-9")
    assert (bounds(row), row["complete"], row["prorated"]) == ([8, 11], False, 9)
    assert next(item for item in table("rating_item") if item["item"] == 4)["value"] is None


def test_crp_in_other_units_below_a_limit_and_without_a_unit(tmp_path: Path) -> None:
    table = tables_of(
        tmp_path,
        [
            {"measure": "hs-CRP", "date": "2023-01-05", "value": "0.3", "unit": "mg/dL"},
            {"measure": "CRP", "date": "2023-01-05", "value": "<5", "unit": "mg/L"},
            {"measure": "CRP", "date": "2023-01-06", "value": "7"},
            {"measure": "CRP", "date": "2023-01-07", "value": "7", "unit": "kg"},
            {"measure": "CRP", "date": "2023-01-08", "value": ">200", "unit": "mg/l"},
        ],
    )
    found = {row["measurement_id"]: row for row in table("lab")}
    assert bounds(found["m01"]) == [3, 3] and found["m01"]["unit"] == "mg/L"
    assert bounds(found["m02"]) == [0, 5] and found["m02"]["usable"]
    assert (bounds(found["m03"]), found["m03"]["reason"]) == ([None, None], "no unit recorded")
    assert (bounds(found["m04"]), found["m04"]["reason"]) == (
        [None, None],
        "a unit that cannot be converted to mg/L",
    )
    assert bounds(found["m05"]) == [200, None] and found["m05"]["last"]
    assert [row["usable"] for row in found.values()] == [True, True, False, False, True]
