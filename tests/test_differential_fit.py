"""Ratings, values, outcomes, genes, findings, domains and options: the SQL and a reading written apart agree cell by cell."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fit_histories import drawn, measures
from fit_running import of_one_source, results
from reference import facts, fit
from running import Row, renamed
from typed_rows import Raw, typed

COHORT = 60

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


def assessed(seed: int) -> tuple[tuple[Raw, dict[str, list[Row]], dict[str, list[Row]]], ...]:
    """Histories, each with the reference reading and the tables of the chain."""
    raws = [
        of_one_source(renamed(raw, f"p{number:04d}")) for number, raw in enumerate(drawn(COHORT, seed), 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = results(raws, Path(folder), tuple(COMPARED))
    people = [raw["person"][0]["person_id"] for raw in raws]
    return tuple(
        (raw, fit.assess_person(typed(readable(raw)), person), found[person])
        for raw, person in zip(raws, people, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 13])
def test_the_sql_agrees_with_the_reference_reading(seed: int) -> None:
    for raw, expected, got in assessed(seed):
        found = [line for table in COMPARED for line in differences(table, expected[table], got[table])]
        assert not found, "\n".join([*found, json.dumps(raw)])


def said_of(row: Row) -> str:
    """All that an option says of safety rules."""
    return "; ".join(str(row[column]) for column in ("reasons", "cautions", "monitoring") if row[column])


def misnamed(wanted: list[Row], got: list[Row]) -> list[str]:
    """Options whose texts leave out a rule that acts or may act, or name one that does not."""
    words = {rule["says"] for rule in facts.rows("safety_rule")}
    texts = {(row["treatment"], row["role"]): said_of(row) for row in got}
    found = []
    for row in wanted:
        text = texts.get((row["treatment"], row["role"]), "")
        missing = sorted(says for says in row["named"] if says not in text)
        # A rule's words may stand inside those of another.
        extra = sorted(
            says
            for says in words - row["named"]
            if says in text and not any(says in other for other in row["named"])
        )
        if row["role"] != "stop" and (missing or extra):
            found.append(f"option {row['treatment']} {row['role']}: not named {missing}, named {extra}")
    return found


def differences(table: str, wanted: list[Row], got: list[Row]) -> list[str]:
    """Rows of one side only and cells that differ, in words."""
    keys, columns = COMPARED[table]
    left, right = (
        {tuple(_plain(row[key], key) for key in keys): row for row in rows} for rows in (wanted, got)
    )
    assert len(left) == len(wanted), f"{table}: the reference has two rows of one key"
    assert len(right) == len(got), f"{table}: the SQL has two rows of one key"
    found = misnamed(wanted, got) if table == "option" else []
    found += [f"{table} {key}: reference only" for key in sorted(left.keys() - right.keys(), key=str)]
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
