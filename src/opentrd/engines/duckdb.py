"""The embedded engine: DuckDB. Runs the assessment's SQL where the record lies. Knows nothing clinical."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable

import duckdb

from opentrd.assess.plan import Step


def run(
    connection: duckdb.DuckDBPyConnection,
    steps: Iterable[Step],
    *,
    as_of: dt.date | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Run the steps in order, each into ``assess.<table>``; return the seconds each took.

    ``record.*`` and ``knowledge.*`` must be there. ``as_of`` is the day up to which the record is read.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS assess")
    connection.execute("CREATE OR REPLACE TABLE record.request AS SELECT CAST(? AS DATE) AS as_of", [as_of])
    seconds: dict[str, float] = {}
    for step in steps:
        if progress:
            progress(step.table)
        began = time.perf_counter()
        connection.execute(f"CREATE OR REPLACE {step.kind} assess.{step.table} AS {step.sql}")
        seconds[step.table] = round(time.perf_counter() - began, 4)
    return seconds
