"""Ratings, values, outcomes, genes, findings, domains and options: the SQL and a reading written apart agree cell by cell."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import opentrd
from fit_histories import drawn, measures
from histories import write_folder
from measuring import rows_of, steps_for
from opentrd import knowledge
from opentrd.engines import duckdb as embedded
from reference import fit
from running import Row, renamed
from typed_rows import Raw, typed

COHORT = 60
TABLES = ("exposure", "procedure", "condition", "measurement", "genotype")

# table: (what tells its rows apart, what has to be equal)
COMPARED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rating_item": (("measurement_id",), ("measure", "item", "date_low", "date_high", "value", "last")),
    "rating": (
        ("measure", "rating_id"),
        ("date_low", "date_high", "low", "high", "origin", "complete", "band_low", "band_high", "last", "reason", "agrees"),
    ),
    "lab": (("measurement_id",), ("measure", "date_low", "date_high", "low", "high", "unit", "usable", "reason", "last")),
    "outcome": (
        ("trial_id", "measurement_id", "rule", "measure"),
        ("status", "baseline", "change_pct", "change_points_low", "change_points_high"),
    ),
    "sign": (("sign",), ("present", "row_id", "day")),
    "indicator": (("domain", "indicator"), ("present",)),
    "domain": (("domain",), ("present", "absent", "not_measured", "measurable", "rank_best", "rank_worst")),
    "pgx_metabolism": (
        ("gene", "system"),
        ("score_low", "score_high", "phenotype", "converted_least", "converted_most", "converted_phenotype", "changed"),
    ),
    "pgx_drug": (("agent", "source", "genes", "reading"), ("avoid", "actionable", "action")),
    "option_scope": ((), ("admitted",)),
    "option_state": (("state",), ("holds",)),
    "option": (
        ("treatment", "role"),
        ("standing", "safety", "unchecked", "place", "fit", "suicide_path", "rank_best", "rank_worst"),
    ),
    "recommendation": (("treatment", "role", "guideline", "line", "condition"), ("applies",)),
    "finding": (("finding", "subject", "source"), ("present", "value")),
}  # fmt: skip


def results(raws: list[Raw], folder: Path) -> dict[str, dict[str, list[Row]]]:
    """Person -> table -> rows, from one cohort."""
    together: Raw = {}
    for raw in raws:
        for table, rows in raw.items():
            together.setdefault(table, []).extend(rows)
    record = opentrd.read(write_folder(together, folder))
    knowledge.load_into(record.connection)
    embedded.run(record.connection, steps_for("trial", *COMPARED))
    found = {raw["person"][0]["person_id"]: {table: [] for table in COMPARED} for raw in raws}
    trials = {row["trial_id"]: trial_key(row) for row in rows_of(record.connection, "trial")}
    for table in COMPARED:
        for row in rows_of(record.connection, table):
            for name in ("trial_id", "subject"):
                trial, _, more = (row.get(name) or "").partition(" week ")
                if trial in trials:
                    row[name] = trials[trial] + (f" week {more}" if more else "")
            found[row["person_id"]][table].append(row)
    return found


def of_one_source(raw: Raw) -> Raw:
    """The history as one of a source that keeps every table: a table that was not kept is not covered for this person."""
    person = raw["person"][0]["person_id"]
    never = {"person_id": person, "start_date": "1900-01-01", "end_date": "1900-01-01"}
    absent = [table for table in TABLES if table not in raw]
    coverage = raw.get("coverage", []) + [never | {"table": table} for table in absent]
    return {**{table: [] for table in absent}, **raw, "coverage": coverage}


def trial_key(row: Row) -> str:
    """A trial of the chain as the reference names it."""
    days = [None if row[name] is None else row[name].toordinal() for name in ("reckoned_from", "reckoned_to")]
    return f"{row['kind']}: {row['agents']}, {days[0]} to {days[1]}"


def readable(raw: Raw) -> Raw:
    """The history without values that the record does not take in: they are left empty and listed as unread."""
    rows = []
    for row in raw.get("measurement", []):
        measure, value = measures()[row["measure"]], row.get("value")
        low, high = measure["min_value"], measure["max_value"]
        outside = value and (
            (low is not None and float(value) < low) or (high is not None and float(value) > high)
        )
        rows.append(
            row | {"value": ""} if outside and measure["kind"] in ("scale", "scale item", "rating") else row
        )
    return raw | ({"measurement": rows} if "measurement" in raw else {})


@cache
def assessed(seed: int) -> tuple[tuple[Raw, dict[str, list[Row]], dict[str, list[Row]]], ...]:
    """Histories, each with the reference reading and the tables of the chain."""
    raws = [
        of_one_source(renamed(raw, f"p{number:04d}")) for number, raw in enumerate(drawn(COHORT, seed), 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = results(raws, Path(folder))
    people = [raw["person"][0]["person_id"] for raw in raws]
    return tuple(
        (raw, fit.assess_person(typed(readable(raw)), person), found[person])
        for raw, person in zip(raws, people, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 13])
@pytest.mark.parametrize("table", COMPARED)
def test_the_sql_agrees_with_the_reference_reading(table: str, seed: int) -> None:
    for raw, expected, got in assessed(seed):
        found = differences(table, expected[table], got[table])
        assert not found, "\n".join([*found, json.dumps(raw)])


def differences(table: str, wanted: list[Row], got: list[Row]) -> list[str]:
    """Rows of one side only and cells that differ, in words."""
    keys, columns = COMPARED[table]
    left, right = (
        {tuple(_plain(row[key], key) for key in keys): row for row in rows} for rows in (wanted, got)
    )
    assert len(left) == len(wanted), f"{table}: the reference has two rows of one key"
    assert len(right) == len(got), f"{table}: the SQL has two rows of one key"
    found = [f"{table} {key}: reference only" for key in sorted(left.keys() - right.keys(), key=str)]
    found += [f"{table} {key}: SQL only" for key in sorted(right.keys() - left.keys(), key=str)]
    for key in sorted(left.keys() & right.keys(), key=str):
        for column in columns:
            one, other = (_plain(rows[key][column], column) for rows in (left, right))
            if one != other and one is not fit.NOT_STATED:
                found.append(f"{table} {key} {column}: reference {one}, SQL {other}")
    return found


def _plain(value: Any, column: str) -> Any:
    """A cell of either side in one form: days as text, numbers to nine places."""
    if isinstance(value, int) and not isinstance(value, bool) and column.startswith(("date_", "day")):
        return date.fromordinal(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(float(value), 9)
    return value
