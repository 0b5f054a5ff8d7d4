"""Small records for the tests of options: a cohort in, the option tables of every person out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import opentrd
from histories import write_folder
from opentrd import knowledge
from opentrd.assess.plan import Step, order, steps
from opentrd.engines import duckdb as embedded
from typed_rows import Raw

Row = dict[str, Any]
AS_OF = date(2024, 6, 1)
# Between the ages of all rules: no rule on age acts.
NEUTRAL_BIRTH = "1967-01-15"
KEPT = ("person", "exposure", "procedure", "condition", "measurement", "genotype")
IDS = {
    "exposure": "exposure_id",
    "procedure": "procedure_id",
    "condition": "condition_id",
    "measurement": "measurement_id",
}


@cache
def chain(*wanted: str) -> tuple[Step, ...]:
    """The steps that the wanted tables rest on, and themselves, in order."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += steps()[name].needs
    return tuple(step for step in order() if step.table in found)


def born(age: int) -> str:
    """The birth date of somebody who is so many years old on the day of the assessment, with months to spare."""
    return f"{AS_OF.year - age}-01-15"


def ago(days: int) -> str:
    """So many days before the day of the assessment."""
    return (AS_OF - timedelta(days=days)).isoformat()


def cohort(persons: dict[str, Raw], folder: Path, kept: Iterable[str] = KEPT) -> opentrd.Record:
    """Assess persons, given by id with their rows, as one source that keeps these tables; their rows get ids."""
    together: Raw = {table: [] for table in kept}
    for person, raw in persons.items():
        given = {"birth_date": NEUTRAL_BIRTH, "sex": "female"}
        together.setdefault("person", []).append(
            given | {"person_id": person} | (raw.get("person") or [{}])[0]
        )
        for table, rows in raw.items():
            if table == "person":
                continue
            for number, row in enumerate(rows):
                key = {IDS[table]: f"{person}-{table[0]}{number}"} if table in IDS else {}
                together.setdefault(table, []).append(key | row | {"person_id": person})
    record = opentrd.read(write_folder(together, folder))
    knowledge.load_into(record.connection)
    embedded.run(record.connection, chain("option", "recommendation"), as_of=AS_OF)
    return record


def table(record: opentrd.Record, name: str) -> dict[str, list[Row]]:
    """The rows of one table of the assessment, by person."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in record.connection.sql(f"FROM assess.{name}").to_arrow_table().to_pylist():
        found[row["person_id"]].append(row)
    return found


def options(record: opentrd.Record) -> dict[str, dict[tuple[str, str], Row]]:
    """The options of every person, by treatment and role."""
    return {
        person: {(row["treatment"], row["role"]): row for row in rows}
        for person, rows in table(record, "option").items()
    }


def listed(text: str | None) -> list[str]:
    """The members of a list in text."""
    return text.split("; ") if text else []
