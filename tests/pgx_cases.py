"""Histories with genotypes, and a second, plain-Python reading of what a genotype means, made from the tables' cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.assess import plan
from opentrd.engines import duckdb as embedded
from opentrd.record.schema import RAW_COLUMNS

Row = dict[str, Any]
# One diplotype for each phenotype, as the alleles are described by CPIC.
STANDS_FOR = {
    "CYP2C19": {
        "Poor Metabolizer": "*2/*2", "Likely Poor Metabolizer": "*2/*9", "Intermediate Metabolizer": "*1/*2",
        "Likely Intermediate Metabolizer": "*1/*9", "Normal Metabolizer": "*1/*1", "Rapid Metabolizer": "*1/*17",
        "Ultrarapid Metabolizer": "*17/*17", "Indeterminate": "*1/*12",
    },
    "CYP2B6": {
        "Poor Metabolizer": "*6/*6", "Intermediate Metabolizer": "*1/*6", "Normal Metabolizer": "*1/*1",
        "Rapid Metabolizer": "*1/*4", "Ultrarapid Metabolizer": "*4/*4", "Indeterminate": "*1/*3",
    },
}  # fmt: skip
# CYP2D6: activity score -> a diplotype with it, by CPIC's values.
SCORED = {
    0: "*4/*4", 0.25: "*4/*10", 0.5: "*4/*17", 0.75: "*10/*17", 1: "*1/*4", 1.25: "*1/*10", 1.5: "*1/*17", 1.75: "*1/*41x3",
    2: "*1/*2", 2.25: "*1x2/*10", 2.5: "*1x2/*17", 2.75: "*1x2/*41x3", 3: "*1/*1x2", 4: "*2x2/*1x2", 5: "*1x2/*1x3",
}  # fmt: skip


def cells(table: str) -> list[dict[str, str]]:
    """The rows of a knowledge table as they stand in the file."""
    with (knowledge.TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, tables: Sequence[str], **record: Iterable[Row]) -> dict[str, list[Row]]:
    """Write a record, run what these tables of the assessment rest on, and return their rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, given in record.items():
        rows = list(given)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, RAW_COLUMNS[name], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return run_on(folder, tables)


def run_on(source: Path | Sequence[Path], tables: Sequence[str]) -> dict[str, list[Row]]:
    """Read a source, run what these tables rest on, and return their rows."""
    connection = opentrd.read(source if isinstance(source, Path) else list(source)).connection
    wanted, open_names = set(), list(tables)
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted.add(name)
            open_names += plan.steps()[name].needs
    embedded.run(connection, [step for step in plan.order() if step.table in wanted])
    return {name: connection.sql(f"FROM assess.{name}").to_arrow_table().to_pylist() for name in tables}


def one(rows: Iterable[Row], **wanted: Any) -> Row:
    """The only row with these values."""
    (found,) = [row for row in rows if all(row[column] == value for column, value in wanted.items())]
    return found
