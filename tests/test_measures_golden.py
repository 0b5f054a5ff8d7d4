"""The golden cases of scales, units, conversions and outcome rules: each rule row has one, and each is a line of a CSV."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import duckdb
import pytest

from measuring import START, answers, day, drug, golden, measured, rows_of, run
from opentrd import knowledge

Row = dict[str, Any]
Connection = duckdb.DuckDBPyConnection
OUTCOME, BANDS, ITEMS, LABS, CONVERSIONS = (
    golden(name) for name in ("outcome", "band", "item", "lab", "crosswalk")
)


def case_id(case: Row) -> str:
    return "-".join(str(case[name]) for name in list(case)[:4])


def number(cell: str) -> float | None:
    return float(cell) if cell else None


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    ratings = []
    for case in OUTCOME:
        person = case["person_id"]
        if case["baseline"]:
            ratings.append(measured(case["scale"], START, case["baseline"], person))
        ratings.append(measured(case["scale"], day(int(case["day"])), case["value"], person))
    persons = [case["person_id"] for case in OUTCOME]
    exposures = [drug(person) for person in persons]
    connection = run(
        tmp_path_factory.mktemp("outcome"), persons, ["outcome"], exposure=exposures, measurement=ratings
    )
    found: dict[str, list[Row]] = {person: [] for person in persons}
    for row in rows_of(connection, "outcome"):
        found[row["person_id"]].append(row)
    return found


@pytest.mark.parametrize("case", OUTCOME, ids=case_id)
def test_an_outcome_rule_at_and_beside_its_line(case: Row, outcomes: dict[str, list[Row]]) -> None:
    found = [row["status"] for row in outcomes[case["person_id"]] if row["rule"] == case["rule"]]
    expected = {"no row": [], "": [None]}.get(case["status"], [case["status"]])
    assert found == expected, case["note"]


def test_every_cut_off_has_a_case_on_either_side() -> None:
    rows = {(row["rule"], row["scale"]) for row in knowledge.table("scale_cutoff").to_pylist()}
    for status in ("met", "not met"):
        cases = {(case["rule"], case["scale"]) for case in OUTCOME if case["status"] == status}
        assert rows - cases == (
            {("relapse_stard", "QIDS-SR16"), ("relapse_stard", "HAM-D17")}
        )  # test_outcome.py


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    rows = [measured(case["scale"], START, case["value"], case["person_id"]) for case in BANDS]
    persons = [case["person_id"] for case in BANDS]
    return run(tmp_path_factory.mktemp("band"), persons, ["rating"], measurement=rows)


@pytest.mark.parametrize("case", BANDS, ids=case_id)
def test_a_severity_band(case: Row, rated: Connection) -> None:
    (row,) = [row for row in rows_of(rated, "rating", case["person_id"]) if row["measure"] == case["scale"]]
    assert (row["band_low"], row["band_high"]) == (case["band"], case["band"])


def test_every_band_that_is_used_has_a_case() -> None:
    used = {(row["scale"], row["band_scheme"]) for row in knowledge.table("scale").to_pylist()}
    bands = {
        (row["scale"], row["band"])
        for row in knowledge.table("scale_band").to_pylist()
        if (row["scale"], row["scheme"]) in used
    }
    assert bands == {(case["scale"], case["band"]) for case in BANDS}


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    rows = []
    for case in ITEMS:
        given = {
            int(item): float(value) for item, value in (pair.split("=") for pair in case["answers"].split())
        }
        rows += answers(case["scale"], START, given, case["person_id"])
    persons = [case["person_id"] for case in ITEMS]
    return run(tmp_path_factory.mktemp("item"), persons, ["rating"], measurement=rows)


@pytest.mark.parametrize("case", ITEMS, ids=case_id)
def test_a_total_from_its_items(case: Row, summed: Connection) -> None:
    found = [
        (row["low"], row["high"], row["complete"])
        for row in rows_of(summed, "rating", case["person_id"])
        if row["measure"] == case["measure"]
    ]
    expected = (number(case["low"]), number(case["high"]), case["complete"] == "true")
    assert found == ([] if case["low"] == "" else [expected]), case["note"]


def test_every_scored_scale_has_a_case() -> None:
    scored = {row["scale"] for row in knowledge.table("scale_rule").to_pylist()}
    assert scored == {case["measure"] for case in ITEMS}


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    rows = [
        measured(case["measure"], START, case["value"], case["person_id"], unit=case["unit"]) for case in LABS
    ]
    persons = [case["person_id"] for case in LABS]
    return run(tmp_path_factory.mktemp("lab"), persons, ["lab"], measurement=rows)


@pytest.mark.parametrize("case", LABS, ids=case_id)
def test_a_value_in_the_unit_of_its_measure(case: Row, labs: Connection) -> None:
    (row,) = rows_of(labs, "lab", case["person_id"])
    for bound in ("low", "high"):
        expected = number(case[bound])
        assert row[bound] == (None if expected is None else pytest.approx(expected, rel=1e-12))
    assert (row["reason"], row["usable"]) == (case["reason"] or None, not case["reason"])


def test_every_conversion_of_units_has_a_case() -> None:
    names = {row["name"].lower(): row["unit"] for row in knowledge.table("unit_name").to_pylist()}
    rows = {(row["measure"], row["unit"]) for row in knowledge.table("lab_unit").to_pylist()}
    cases = {
        (case["measure"], names.get(case["unit"].lower(), case["unit"]))
        for case in LABS
        if not case["reason"]
    }
    assert rows <= cases


def test_a_name_of_a_unit_means_one_unit() -> None:
    rows = knowledge.table("unit_name").to_pylist()
    assert len({row["name"].lower() for row in rows}) == len(
        {(row["name"].lower(), row["unit"]) for row in rows}
    )


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    rows = [measured(case["scale"], START, case["value"], case["person_id"]) for case in CONVERSIONS]
    persons = [case["person_id"] for case in CONVERSIONS]
    return run(tmp_path_factory.mktemp("crosswalk"), persons, ["rating"], measurement=rows)


@pytest.mark.parametrize("case", CONVERSIONS, ids=case_id)
def test_a_conversion(case: Row, converted: Connection) -> None:
    rows = [
        row for row in rows_of(converted, "rating", case["person_id"]) if row["measure"] == case["to_scale"]
    ]
    assert all(row["origin"] == "converted" and not row["last"] and row["crosswalk"] for row in rows)
    found = {(row["low"], row["high"]) for row in rows}
    assert (found == set()) if case["low"] == "" else ((number(case["low"]), number(case["high"])) in found)


def test_the_conversion_table_is_monotone_and_covers_every_score() -> None:
    rows = sorted(knowledge.table("crosswalk").to_pylist(), key=lambda row: (row["scale"], row["step"]))
    for scale in {row["scale"] for row in rows}:
        steps = [(row["from_score"], row["to_score"]) for row in rows if row["scale"] == scale]
        assert all(low <= high for low, high in steps)
        # HRSD17 of 18 and 19 is printed for two steps; everywhere else one step follows on the other
        assert all(
            after[0] == before[1] + 1 or (scale == "HAM-D17" and before == after == (18, 19))
            for before, after in pairwise(steps)
        )
