"""Ratings and laboratory values on public data: NHANES 2015 to 2018, PHQ-9 and hs-CRP together."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import opentrd
from opentrd import knowledge
from opentrd.assess import plan
from opentrd.engines import duckdb as embedded
from opentrd.record.nhanes import convert

OFFICIAL = Path(__file__).parents[1].parent / "shared" / "data" / "nhanes-2015-2018"

pytestmark = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason="the official NHANES files are not beside the checkout"
)


def steps_for(*tables: str) -> list[plan.Step]:
    """These tables and what they rest on, in order."""
    known, wanted = plan.steps(), set(tables)
    while more := {need for table in wanted for need in known[table].needs} - wanted:
        wanted |= more
    return [step for step in plan.order() if step.table in wanted]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    out = tmp_path_factory.mktemp("nhanes") / "record"
    convert([file for file in sorted(OFFICIAL.iterdir()) if file.name[:3] in ("DEM", "DPQ", "HSC")], out)
    record = opentrd.read(out)
    knowledge.load_into(record.connection)
    embedded.run(record.connection, steps_for("rating", "lab"))
    return record.connection


def shares(connection: duckdb.DuckDBPyConnection, most: float | None) -> tuple[int, int, float, float]:
    """Persons with both, depressed ones (PHQ-9 of 10 or more), and the percentages of either group above 3 mg/L."""
    rows = connection.execute(
        """
        SELECT r.low >= 10 AS depressed, l.low > 3 AS inflamed, count(*)
        FROM assess.rating AS r JOIN assess.lab AS l ON l.person_id = r.person_id
        WHERE r.measure = 'PHQ-9' AND r.complete AND r.last AND l.measure = 'hs-CRP' AND l.last
          AND coalesce(l.high <= ?, TRUE)
        GROUP BY ALL
        """,
        [most],
    ).fetchall()
    count = {(depressed, inflamed): number for depressed, inflamed, number in rows}
    totals = {group: count[group, True] + count[group, False] for group in (True, False)}
    depressed, others = (round(100 * count[group, True] / totals[group], 1) for group in (True, False))
    return sum(totals.values()), totals[True], depressed, others


def test_depression_and_crp_above_3(connection: duckdb.DuckDBPyConnection) -> None:
    assert shares(connection, None) == (9605, 822, 46.6, 35.3)


def test_depression_and_crp_above_3_without_acute_values(connection: duckdb.DuckDBPyConnection) -> None:
    assert shares(connection, 10)[2:] == (38.1, 29.5)


def test_what_lies_below_the_limit_of_detection_is_a_bound(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT DISTINCT low, high FROM assess.lab WHERE measure = 'hs-CRP' AND sign = '<' ORDER BY high"
    ).fetchall()
    assert rows == [(0, 0.13), (0, 0.17)]


def test_a_refusal_leaves_an_interval(connection: duckdb.DuckDBPyConnection) -> None:
    ((partly, equal),) = connection.execute(
        "SELECT count(*), count(CASE WHEN high > low THEN NULL ELSE 1 END) FROM assess.rating "
        "WHERE measure = 'PHQ-9' AND NOT complete"
    ).fetchall()
    assert (partly, equal) == (48, 0)
