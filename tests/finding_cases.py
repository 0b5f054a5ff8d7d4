"""Golden cases of findings and domains in short form: one line is one person, as a clinician would note it.

A line of facts is joined by ``;``. ``c: hypothyroidism, 2023-01-10`` is a condition (``, ruled out``: looked for and not
there; two dates: start and end; no date: undated), ``m: TSH, 6.2 mIU/L, 2024-05-01`` a measurement, ``d: sertraline,
100, 2024-01-01, 2024-03-31, stop_reason=inefficacy`` a drug with its daily dose, ``p: birth_date=1980-05-01`` the
person, ``o: 2023-01-01, 2024-06-30`` an observation period, ``g: CYP2C19 *2/*2`` a genotype. Everything is read as of 2024-06-30.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import opentrd
from histories import Raw, write_folder
from opentrd import knowledge
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from running import Row

AS_OF = date(2024, 6, 30)
TABLES = ("person", "condition", "measurement", "exposure", "procedure")
_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def read_cases(file: Path) -> list[dict[str, str]]:
    """The lines of a file of cases, as text."""
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def raw_of(facts: str, not_kept: str = "", person_id: str = "p") -> Raw:
    """The record tables of one person from a line of facts; ``not_kept`` names tables that the source does not keep."""
    raw: Raw = {table: [] for table in TABLES if table not in not_kept.split()}
    person = {"person_id": person_id}
    raw["person"] = [person]
    for number, fact in enumerate(filter(None, (part.strip() for part in facts.split(";"))), 1):
        kind, _, text = fact.partition(":")
        words = [word.strip() for word in text.split(",")]
        days = [word for word in words if _DAY.fullmatch(word)]
        row: dict[str, str] = {"person_id": person_id} | dict(
            word.split("=", 1) for word in words if "=" in word
        )
        start, end = [*days, "", ""][:2]
        if kind == "p":
            person |= {name: value for name, value in row.items() if name != "person_id"}
        elif kind == "o":
            raw.setdefault("observation_period", []).append(
                {"person_id": person_id, "start_date": start, "end_date": end}
            )
        elif kind == "c":
            name = ", ".join(word for word in words if word not in (*days, "ruled out") and "=" not in word)
            present = "false" if "ruled out" in words else ""
            raw["condition"].append(
                row | {"condition_id": f"{person_id}c{number}", "condition": name, "start_date": start,
                       "end_date": end, "present": row.get("present", present)}
            )  # fmt: skip
        elif kind == "m":
            value, _, unit = words[-2 if days else -1].partition(" ")
            name = ", ".join(words[: -2 if days else -1])
            raw["measurement"].append(
                row | {"measurement_id": f"{person_id}m{number}", "measure": name, "value": value, "unit": unit, "date": start}
            )  # fmt: skip
        elif kind == "d":
            raw["exposure"].append(
                row | {"exposure_id": f"{person_id}e{number}", "agent": words[0], "daily_dose_mg": words[1],
                       "start_date": start, "end_date": end}
            )  # fmt: skip
        elif kind == "g":
            gene, _, diplotype = text.strip().partition(" ")
            raw.setdefault("genotype", []).append(row | {"gene": gene, "diplotype": diplotype})
        else:
            raise ValueError(f"{fact!r}: it has to begin with p:, o:, c:, m:, d: or g:")
    return raw


def assessed(raws: list[Raw], folder: Path, *tables: str) -> list[dict[str, list[Row]]]:
    """The rows of tables of ``assess`` for each history, in their order; one run per set of tables that are kept."""
    cohorts: dict[frozenset[str], Raw] = {}
    for raw in raws:
        kept = frozenset(raw) - {"observation_period", "genotype"}
        cohort = cohorts.setdefault(kept, defaultdict(list))
        for table, rows in raw.items():
            cohort[table].extend(rows)
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: {table: [] for table in tables})
    for number, (kept, cohort) in enumerate(cohorts.items()):
        together = {table: [] for table in kept} | dict(cohort)
        record = opentrd.read(write_folder(together, folder / f"cohort{number}"))
        knowledge.load_into(record.connection)
        embedded.run(record.connection, order(), as_of=AS_OF)
        for table in tables:
            for row in record.connection.table(f"assess.{table}").to_arrow_table().to_pylist():
                found[row["person_id"]][table].append(row)
    return [found[raw["person"][0]["person_id"]] for raw in raws]
