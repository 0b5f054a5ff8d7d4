"""Run the part of the chain that makes the later tables over many histories at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import opentrd
from histories import write_folder
from measuring import rows_of, steps_for
from opentrd import knowledge
from opentrd.engines import duckdb as embedded
from running import Row
from typed_rows import Raw

TABLES = ("exposure", "procedure", "condition", "measurement", "genotype")


def results(
    raws: Iterable[Raw], folder: Path, tables: tuple[str, ...], as_of: date | None = None
) -> dict[str, dict[str, list[Row]]]:
    """Person -> table -> rows, from one cohort; a trial is named by what it is, not by its id."""
    together: Raw = {}
    persons = []
    for raw in raws:
        persons.append(raw["person"][0]["person_id"])
        for table, rows in raw.items():
            together.setdefault(table, []).extend(rows)
    record = opentrd.read(write_folder(together, folder))
    knowledge.load_into(record.connection)
    embedded.run(record.connection, steps_for("trial", *tables), as_of=as_of)
    found: dict[str, dict[str, list[Row]]] = {person: {table: [] for table in tables} for person in persons}
    trials = {row["trial_id"]: trial_key(row) for row in rows_of(record.connection, "trial")}
    for table in tables:
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
    """A trial of the chain as the reference names it: kind, agents, first and last possible day."""
    days = [None if row[name] is None else row[name].toordinal() for name in ("reckoned_from", "reckoned_to")]
    return f"{row['kind']}: {row['agents']}, {days[0]} to {days[1]}"
