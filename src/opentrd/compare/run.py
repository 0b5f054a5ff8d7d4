"""Reads the folder that ``opentrd assess`` leaves behind, and the truth of a synthetic population. Counts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

# The columns each table is read with. ``person`` and ``multiverse`` may be absent: older runs, or none asked for.
NEEDS: dict[str, tuple[str, ...]] = {
    "verdict": (
        "person_id",
        "definition",
        "eligible",
        "met",
        "needed",
        "met_on",
        "possible_on",
        "index_date",
        "observed_from",
        "observed_to",
        "clause",
        "knowledge_status",
    ),
    "trial": ("person_id", "trial_id", "kind", "agents", "start_date"),
    "person": ("person_id", "sex", "birth_earliest", "birth_latest", "race", "ethnicity", "language"),
}
TRUTH_NEEDS: dict[str, tuple[str, ...]] = {
    "truth_person": ("person_id", "observed_to"),
    "truth_trial": (
        "person_id",
        "episode",
        "kind",
        "agent",
        "dose_adequate",
        "days_adequate",
        "improvement_pct",
        "true_end",
    ),
}
# What a table of the multiverse holds beside its parameters.
VARIANT_COUNTS = ("variant", "persons", "eligible", "eligible_low", "eligible_high", "met_low", "met_high")
TYPES = {"eligible": "BOOLEAN", "met": "BOOLEAN", "met_on": "DATE", "index_date": "DATE"}


class RunError(ValueError):
    """The folder of a run, or of a truth, cannot be used; the message names the file, the fault and what to do."""


def facts(run_dir: Path) -> dict[str, Any]:
    """What ``run.json`` says. Raises RunError when the folder holds no finished run."""
    if not run_dir.is_dir():
        raise RunError(
            f"{run_dir} is not a folder; give the folder that `opentrd assess INPUT --out` has written."
        )
    path = run_dir / "run.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RunError(
            f"{path} is not there or cannot be read; run `opentrd assess INPUT --out {run_dir}` first."
        ) from None
    except ValueError as problem:
        raise RunError(f"{path} is not JSON ({problem}); run `opentrd assess` again.") from None
    if not isinstance(found, dict):
        raise RunError(f"{path} holds no object, so it was not written by `opentrd assess`; run it again.")
    return found


def open_run(connection: duckdb.DuckDBPyConnection, run_dir: Path) -> frozenset[str]:
    """Make ``run.<table>`` from the Parquet files; return the names of the tables that are there.

    Raises RunError when a table that is needed is missing, damaged or has not the columns that it should have.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS run")
    there = set()
    for name, columns in NEEDS.items():
        path = run_dir / "tables" / f"{name}.parquet"
        if name == "person" and not path.is_file():
            connection.execute(
                "CREATE TABLE run.person (person_id VARCHAR, sex VARCHAR, birth_earliest DATE, "
                "birth_latest DATE, race VARCHAR, ethnicity VARCHAR, language VARCHAR)"
            )
            continue
        if not path.is_file():
            raise RunError(f"{path} is not there; run `opentrd assess INPUT --out {run_dir}` first.")
        found = _columns(connection, path, f"read_parquet({_quoted(path)})")
        _need(path, found, columns)
        for column, kind in TYPES.items():
            if column in columns and found[column] != kind:
                raise RunError(
                    f"{path}: the column {column} is {found[column]}, expected {kind}; run `opentrd assess` again."
                )
        connection.execute(f"CREATE VIEW run.{name} AS SELECT * FROM read_parquet({_quoted(path)})")
        there.add(name)
    path = run_dir / "tables" / "multiverse.parquet"
    if path.is_file():
        found = _columns(connection, path, f"read_parquet({_quoted(path)})")
        eligible = ("eligible",) if "eligible" in found else ("eligible_low", "eligible_high")
        _need(path, found, ("variant", "met_low", "met_high", *eligible))
        _open_multiverse(connection, path, found, eligible)
        there.add("multiverse")
    return frozenset(there)


def _open_multiverse(
    connection: duckdb.DuckDBPyConnection, path: Path, found: dict[str, str], eligible: tuple[str, ...]
) -> None:
    source = f"read_parquet({_quoted(path)})"
    parameters = [name for name in found if name not in VARIANT_COUNTS]
    if not parameters:
        raise RunError(
            f"{path} has no column for a parameter; run `opentrd assess --multiverse` again, or remove the file."
        )
    levels = ", ".join(f"coalesce(CAST({_name(p)} AS VARCHAR), 'none') AS {_name(p)}" for p in parameters)
    connection.execute(
        f"CREATE TABLE compare.variant_text AS SELECT CAST(variant AS VARCHAR) AS variant, {levels} FROM {source}"
    )
    connection.execute(
        f"CREATE TABLE compare.variant_count AS SELECT CAST(variant AS VARCHAR) AS variant, {eligible[0]} AS eligible_low, "
        f"{eligible[-1]} AS eligible_high, met_low, met_high FROM {source}"
    )


def open_truth(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make ``truth.truth_person`` and ``truth.truth_trial`` from what ``opentrd synthesize`` has written.

    ``folder`` is that output folder or the folder ``truth`` in it. Raises RunError when the files cannot be used.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS truth")
    for name, columns in TRUTH_NEEDS.items():
        places = [
            base / f"{name}.{kind}" for base in (folder, folder / "truth") for kind in ("parquet", "csv")
        ]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise RunError(
                f"{folder} holds no {name}.csv or {name}.parquet; give the folder that `opentrd synthesize` has written."
            )
        # Dates and names are what the columns say, never what a sample of rows looks like.
        source = (
            f"read_parquet({_quoted(path)})"
            if path.suffix == ".parquet"
            else f"read_csv({_quoted(path)}, header = true, all_varchar = true)"
        )
        _need(path, _columns(connection, path, source), columns)
        kinds = {
            "observed_to": "DATE",
            "true_end": "DATE",
            "dose_adequate": "BOOLEAN",
            "days_adequate": "BIGINT",
            "improvement_pct": "DOUBLE",
        }
        picked = ", ".join(f"CAST({c} AS {kinds.get(c, 'VARCHAR')}) AS {c}" for c in columns)
        try:
            connection.execute(f"CREATE TABLE truth.{name} AS SELECT {picked} FROM {source}")
        except duckdb.Error as problem:
            raise RunError(f"{path}: {_first_line(problem)}; write the population again.") from None


def _columns(connection: duckdb.DuckDBPyConnection, path: Path, source: str) -> dict[str, str]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as problem:
        raise RunError(f"{path} cannot be read ({_first_line(problem)}); write it again.") from None
    return {str(row[0]): str(row[1]) for row in rows}


def _need(path: Path, found: dict[str, str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        raise RunError(
            f"{path} has no column {', '.join(missing)}, so it comes from another version or was changed; write it again."
        )


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
