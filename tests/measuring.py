"""Small records with measurements, and the part of the assessment that reads them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

import opentrd
from histories import write_folder
from opentrd import knowledge
from opentrd.assess import plan
from opentrd.engines import duckdb as embedded

Row = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden" / "measures"
START = dt.date(2023, 1, 10)


def steps_for(*tables: str) -> list[plan.Step]:
    """These tables and what they rest on, in order."""
    known, wanted = plan.steps(), set(tables)
    while more := {need for table in wanted for need in known[table].needs} - wanted:
        wanted |= more
    return [step for step in plan.order() if step.table in wanted]


def golden(name: str) -> list[Row]:
    """The cases of a file in tests/golden/measures, each with the id of its person."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row | {"person_id": f"p{number:04d}"} for number, row in enumerate(csv.DictReader(file), 1)]


def run(
    folder: Path, persons: Iterable[str], tables: Sequence[str], as_of: str | None = None, **raw: list[Row]
) -> duckdb.DuckDBPyConnection:
    """The connection after these tables were made for a record of these rows."""
    rows = {"person": [{"person_id": person} for person in persons], **raw}
    record = opentrd.read(write_folder(rows, folder))
    knowledge.load_into(record.connection)
    day = dt.date.fromisoformat(as_of) if as_of else None
    embedded.run(record.connection, steps_for(*tables), as_of=day)
    return record.connection


def rows_of(connection: duckdb.DuckDBPyConnection, table: str, person: str | None = None) -> list[Row]:
    """The rows of a table, of all persons or of one."""
    found: list[Row] = connection.sql(f"FROM assess.{table}").to_arrow_table().to_pylist()
    return [row for row in found if person in (None, row["person_id"])]


def measured(
    measure: str, day: dt.date | str | None, value: object, person: str = "p1", **more: object
) -> Row:
    """One measurement as a row of the record; its id is made of what it says."""
    text = day.isoformat() if isinstance(day, dt.date) else day or ""
    return {
        "measurement_id": f"{person} {measure} {text} {value}", "person_id": person, "measure": measure, "date": text,
        "value": value, **more,
    }  # fmt: skip


def answers(scale: str, day: dt.date | str | None, given: dict[int, float], person: str = "p1") -> list[Row]:
    """The answers to items of a scale on one day."""
    return [measured(f"{scale} item {item}", day, value, person) for item, value in given.items()]


def day(number: int) -> dt.date:
    """The day so many days after ``START``, on which the trials of these tests begin."""
    return START + dt.timedelta(number)


def drug(person: str = "p1", agent: str = "sertraline", last: int = 150, **more: object) -> Row:
    """An exposure from ``START`` on, for ``last`` days after it."""
    return {
        "exposure_id": f"{person} {agent}", "person_id": person, "agent": agent, "start_date": START.isoformat(),
        "end_date": day(last).isoformat(), "daily_dose_mg": 100, **more,
    }  # fmt: skip
