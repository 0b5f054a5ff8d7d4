"""Runs the SQL of this wing over a finished run, part by part, and holds the tables of counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb

from opentrd import knowledge
from opentrd.compare import run
from opentrd.compare.run import RunError
from opentrd.knowledge.own import facts_of_run

SQL = Path(__file__).parent / "sql"
CONFIDENCE = 0.95
# Verdict rows read at a time: memory depends on this, not on the population.
PART_ROWS = 2_000_000
# Days after the index date at which the risk of resistance is printed: one and two years.
YEARS = (365, 730)

# What each part adds to, and the file that counts it; in the order of their making.
_PART_TABLES = ("verdict", "follow_up")
_PART_COUNTS = ("pattern", "blocked", "stratum", "tally", "fate", "attrition", "pathway", "accuracy")
_TABLES = (
    "pattern",
    "pair_cell",
    "agreement",
    "disagreement",
    "missed",
    "joint",
    "group_count",
    "curve",
    "risk",
    "time_summary",
    "fate",
    "attrition",
    "pathway",
)
_MULTIVERSE = ("variant_level", "parameter_level", "parameter_effect")
Rows = list[dict[str, Any]]


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The standard normal quantile of a two-sided interval: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(part: int, whole: int, z: float | None = None) -> tuple[float, float] | None:
    """The score interval of a proportion (Wilson 1927), as fractions; None without persons."""
    if whole <= 0:
        return None
    z = normal_quantile() if z is None else z
    share = part / whole
    centre = share + z * z / (2 * whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    low, high = (centre - half) / (1 + z * z / whole), (centre + half) / (1 + z * z / whole)
    # At the ends the limit is exactly 0 or 1; arithmetic may miss it by a rounding error.
    return (0.0 if part == 0 else low), (1.0 if part == whole else high)


@dataclass
class Comparison:
    """The tables of one comparison, in a database of their own. Close it when done."""

    connection: duckdb.DuckDBPyConnection
    facts: dict[str, Any]
    persons: int
    definitions: Rows
    tables: frozenset[str] = field(default_factory=frozenset)

    def rows(self, table: str, definition: str | None = None) -> Rows:
        """A table as a list of rows in a fixed order, column -> value; empty when it was not made.

        With ``definition`` only the rows of that one: curves have thousands of days each.
        """
        if table not in self.tables:
            return []
        result = self.connection.execute(
            f"SELECT * FROM compare.{table} {'' if definition is None else 'WHERE definition = ?'} ORDER BY ALL",
            [] if definition is None else [definition],
        )
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()


def compare(
    run_dir: Path,
    truth: Path | None = None,
    *,
    part_rows: int = PART_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare the definitions of the run in ``run_dir``; with ``truth`` also against what truly happened.

    ``progress`` is called with the persons done and their number. Raises RunError when the run or the truth cannot
    be used.
    """
    facts = run.facts(run_dir)
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("CREATE SCHEMA compare")
        there = run.open_run(connection, run_dir)
        knowledge.load_into(connection, facts_of_run(run_dir))
        if truth is not None:
            run.open_truth(connection, truth)
            _make(connection, "true_failures")
        return _compare(connection, facts, run_dir, there, truth, part_rows, progress)
    except duckdb.Error as problem:
        connection.close()
        raise RunError(
            f"{run_dir}: the tables cannot be compared ({str(problem).splitlines()[0]}); run `opentrd assess` again."
        ) from problem
    except BaseException:
        connection.close()
        raise


def _compare(
    connection: duckdb.DuckDBPyConnection,
    facts: dict[str, Any],
    run_dir: Path,
    there: frozenset[str],
    truth: Path | None,
    part_rows: int,
    progress: Callable[[int, int], None] | None,
) -> Comparison:
    _make(connection, "definition")
    definitions = _rows(connection, "SELECT * FROM compare.definition ORDER BY place")
    persons = max((int(row["persons"]) for row in definitions), default=0)
    uneven = [row["definition"] for row in definitions if row["persons"] != persons]
    if uneven:
        raise RunError(
            f"{run_dir / 'tables' / 'verdict.parquet'}: {uneven[0]} has fewer rows than other definitions, "
            "so some persons have no verdict by it; run `opentrd assess` again."
        )
    counts = [name for name in _PART_COUNTS if truth is not None or name != "accuracy"]
    size = max(1, part_rows // max(1, len(definitions)))
    _count_parts(connection, run_dir, definitions, counts, size, persons, progress)
    made = [*_TABLES]
    if truth is not None:
        made.append("true_count")
    if "multiverse" in there:
        made.extend(_MULTIVERSE)
    for name in made:
        _make(connection, name)
    if truth is not None and definitions and not connection.execute("FROM compare.true_count").fetchall():
        raise RunError(f"{truth}: none of its persons is in {run_dir}; give the truth of that population.")
    return Comparison(connection, facts, persons, definitions, frozenset({*made, "definition", *there}))


def _count_parts(
    connection: duckdb.DuckDBPyConnection,
    run_dir: Path,
    definitions: Rows,
    counts: list[str],
    size: int,
    persons: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Read the population in parts of ``size`` persons and add up what each file of ``sql/part`` counts."""
    name = definitions[0]["definition"] if definitions else ""
    parts = connection.execute(
        "SELECT min(person_id), max(person_id), count(*) FROM (SELECT person_id, "
        "(row_number() OVER (ORDER BY person_id) - 1) // ? AS part FROM run.verdict WHERE definition = ?) GROUP BY part ORDER BY part",
        [size, name],
    ).fetchall()
    done = 0
    # A part without persons gives the empty tables their columns.
    for number, (first, last, inside) in enumerate([("", "", 0), *parts]):
        bounds = {"first": first, "last": last}
        for table in _PART_TABLES:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE part_{table} AS {_sql('part/' + table, 'temp')}",
                _used(table, bounds),
            )
        for table in counts:
            verb = f"INSERT INTO compare.all_{table}" if number else f"CREATE TABLE compare.all_{table} AS"
            connection.execute(f"{verb} {_sql('part/' + table, 'temp')}", _used(table, bounds))
        done += inside
        if progress and number:
            progress(done, persons)
    lengths = connection.execute("SELECT DISTINCT length(states) FROM compare.all_pattern").fetchall()
    if lengths not in ([], [(len(definitions),)]):
        raise RunError(
            f"{run_dir / 'tables' / 'verdict.parquet'}: a person has two verdicts by one definition, or none; "
            "run `opentrd assess` again."
        )


def _make(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    values = {"z": normal_quantile()}
    text = _sql(name)
    connection.execute(f"CREATE OR REPLACE TABLE compare.{name} AS {text}", values if "$z" in text else None)


def _sql(name: str, parts: str = "compare") -> str:
    """The text of a file; the tables of the present part live in the temporary schema."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8").replace("compare.part_", f"{parts}.part_")


def _used(table: str, bounds: dict[str, str]) -> dict[str, str] | None:
    return bounds if table in ("verdict", "attrition", "pathway") else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Rows:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
