"""One cohort for all engines: generated histories and the golden cases' records, as one folder of record tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

import fit_histories
import opentrd
from histories import drawn, write_folder
from opentrd.assess.plan import Step, order, trace_order
from opentrd.engines.base import Engine
from running import renamed
from typed_rows import Raw

SEED = 20
PERSONS = 300
KEPT = ("exposure", "procedure", "condition", "measurement")
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
# Ids that a language sorts otherwise than their code points: capitals, accents, punctuation, other scripts.
PREFIXES = ("p", "P", "é", "_", "z-", "Ω")


def cohort(folder: Path, persons: int = PERSONS, *, golden: bool = True) -> Path:
    """Write the cohort and return the folder. What a person's own source did not keep is not covered for them."""
    # Every fourth with ratings, laboratory values, diagnoses and genotypes, so that no later table is empty.
    rich = max(persons // 4, 1)
    raws = [*drawn(persons - rich, SEED), *fit_histories.drawn(rich, SEED)]
    if golden:
        raws += [case["tables"] for file in GOLDEN for case in json.loads(file.read_text(encoding="utf-8"))]
    together: Raw = {table: [] for table in ("person", "observation_period", *KEPT, "genotype", "coverage")}
    for number, raw in enumerate(raws, 1):
        for place, row in enumerate(raw.get("person", [{"person_id": "p1"}])):
            person = f"{PREFIXES[number % len(PREFIXES)]}{number:04d}{'' if place == 0 else f'-{place}'}"
            mine = {
                table: [other for other in rows if other["person_id"] == row["person_id"]]
                for table, rows in raw.items()
            }
            for table, rows in renamed(mine, person).items():
                together[table].extend(rows)
            together["coverage"] += [
                {"person_id": person, "table": table, "start_date": "1900-01-01", "end_date": "1900-01-01"}
                for table in KEPT
                if table not in raw
            ]
    return write_folder(together, folder)


@cache
def every_step() -> tuple[Step, ...]:
    """The steps of the chain and of the trace."""
    return (*order(), *trace_order())


def assessed(folder: Path) -> opentrd.Assessment:
    """The embedded engine's answer, with every table in between and the trace."""
    assessment = opentrd.assess(opentrd.read(folder))
    assessment.trace()
    return assessment


def differences(
    connection: duckdb.DuckDBPyConnection, engine: Engine, steps: Iterable[Step]
) -> dict[str, list[tuple[object, ...]]]:
    """Per table the rows that only one of the two engines has; a table on which they agree is not named."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for step in steps:
        connection.register("theirs_rows", engine.fetch("assess", step.table))
        columns = [
            row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM assess.{step.table}").fetchall()
        ]
        kinds = engine.types["assess"][step.table]
        assert list(kinds) == columns, f"{step.table}: other columns than the embedded engine"
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE theirs AS SELECT "
            + ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in kinds.items())
            + " FROM theirs_rows"
        )
        connection.unregister("theirs_rows")
        rows = connection.execute(
            f"(SELECT 'embedded', * FROM (FROM assess.{step.table} EXCEPT ALL FROM theirs)) UNION ALL "
            f"(SELECT '{engine.name}', * FROM (FROM theirs EXCEPT ALL FROM assess.{step.table})) LIMIT 6"
        ).fetchall()
        if rows:
            found[step.table] = rows
    return found
