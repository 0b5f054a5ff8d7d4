"""Questions count the standings of options that an answer settles: held against the whole chain in every possible world."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

import fit_histories
import opentrd
from histories import Raw, drawn, write_folder
from opentrd.assess import worlds
from opentrd.assess.plan import SETTLED, Step, leading_to, steps
from opentrd.engines import duckdb as embedded
from running import renamed

Pair = tuple[str, str]


def pairs(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, set[Pair]]:
    """Person (or world) -> treatment and role of every open standing."""
    found: dict[str, set[Pair]] = defaultdict(set)
    rows = connection.execute(f"SELECT DISTINCT person_id, treatment, role FROM {table}").fetchall()
    for person, treatment, role in rows:
        found[person].add((treatment, role))
    return found


def truly_settled(assessment: opentrd.Assessment) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(person, question, field) -> fewest and most open standings that are settled, with all rules run again in every world."""
    connection = assessment.connection

    def run(inside: duckdb.DuckDBPyConnection, _: Iterable[Step], as_of: dt.date | None) -> None:
        embedded.run(inside, leading_to(*SETTLED, "option_open"), as_of=as_of)
        inside.execute("CREATE OR REPLACE TABLE memory.world.open_there AS FROM possible.assess.option_open")

    # All knowledge that the longer chain reads goes along with the steps that are named.
    worlds.ask(connection, leading_to(*SETTLED, "option_open"), steps()["question"], run)
    before, after = pairs(connection, "assess.option_open"), pairs(connection, "world.open_there")
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    asked = connection.execute(
        "SELECT q.person_id, q.asks, q.field, a.world_id FROM world.question AS q "
        "JOIN world.answer AS a ON a.person_id = q.person_id AND a.question_no = q.question_no"
    ).fetchall()
    for person, asks, field, world in asked:
        counts[person, asks, field].append(len(before[person] - after[world]))
    return {key: (min(found), max(found)) for key, found in counts.items()}


def counted(assessment: opentrd.Assessment) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {
        (row["person_id"], row["asks"], row["field"]): (row["standings_low"], row["standings_high"])
        for row in assessment.question.rows()
    }


def of(found: dict[tuple[str, str, str], tuple[int, int]], drug: str, field: str) -> tuple[int, int]:
    """What is counted for the one question about a field of a drug."""
    (only,) = [value for (_, asks, name), value in found.items() if name == field and drug in asks]
    return only


def record(*exposures: dict[str, str]) -> Raw:
    return {
        "person": [{"person_id": "p1", "birth_date": "1970-05-01", "sex": "female"}],
        "observation_period": [{"person_id": "p1", "start_date": "2023-01-01", "end_date": "2024-06-01"}],
        "exposure": [{"exposure_id": f"e{n}", "person_id": "p1"} | row for n, row in enumerate(exposures, 1)],
        "condition": [
            {"condition_id": "c1", "person_id": "p1", "condition": "major depressive disorder", "start_date": "2023-12-01"}
        ],
        "procedure": [],
        "measurement": [],
    }  # fmt: skip


def assessed(raw: Raw, folder: Path) -> opentrd.Assessment:
    return opentrd.assess(opentrd.read(write_folder(raw, folder)), "2024-06-01", engine="duckdb")


SERTRALINE = {"agent": "sertraline", "start_date": "2024-03-01", "daily_dose_mg": "100"}
VENLAFAXINE = {
    "agent": "venlafaxine",
    "start_date": "2024-02-01",
    "end_date": "2024-06-01",
    "ongoing": "true",
}


def test_the_end_of_a_drug_settles_what_it_blocks(tmp_path: Path) -> None:
    assessment = assessed(record(SERTRALINE | {"improvement_pct": "0"}), tmp_path / "record")
    low, high = of(counted(assessment), "sertraline", "end_date")
    options = {(row["treatment"], row["role"]): row["standing"] for row in assessment.option.rows()}
    assert options["tranylcypromine", "switch"] == "blocked", "without an end it counts as still taken"
    blocked = pairs(assessment.connection, "assess.option_open")["p1"]
    assert ("tranylcypromine", "switch") in blocked and low >= 4
    assert (low, high) == of(truly_settled(assessment), "sertraline", "end_date")


def test_a_block_that_stands_in_any_case_is_no_open_standing(tmp_path: Path) -> None:
    known = {
        "agent": "fluoxetine",
        "start_date": "2024-03-01",
        "ongoing": "true",
        "daily_dose_mg": "20",
        "improvement_pct": "0",
    }
    assessment = assessed(record(SERTRALINE | {"improvement_pct": "0"}, known), tmp_path / "record")
    assert ("tranylcypromine", "switch") not in pairs(assessment.connection, "assess.option_open")["p1"]


def test_an_outcome_settles_whether_it_was_tried_and_a_dose_whether_it_can_be_raised(tmp_path: Path) -> None:
    ended = {
        "agent": "escitalopram",
        "start_date": "2023-09-01",
        "end_date": "2023-12-31",
        "daily_dose_mg": "10",
    }
    assessment = assessed(record(ended, VENLAFAXINE | {"improvement_pct": "10"}), tmp_path / "record")
    found = counted(assessment)
    assert of(found, "escitalopram", "improvement_pct") == (1, 1)
    low, high = of(found, "venlafaxine", "daily_dose_mg")
    assert low >= 1 and (low, high) == of(truly_settled(assessment), "venlafaxine", "daily_dose_mg")


def test_settled_standings_are_part_of_what_a_question_settles(tmp_path: Path) -> None:
    ended = {
        "agent": "escitalopram",
        "start_date": "2023-09-01",
        "end_date": "2023-12-31",
        "daily_dose_mg": "10",
    }
    folder = write_folder(record(ended), tmp_path / "record")
    with_options = opentrd.assess(opentrd.read(folder), "2024-06-01", engine="duckdb").question.rows()
    without = opentrd.assess(opentrd.read(folder), "2024-06-01", engine="duckdb", fit=False).question.rows()
    both = {row["field"]: row for row in with_options}, {row["field"]: row for row in without}
    for field in ("settles_low", "settles_high"):
        more = both[0]["improvement_pct"][field] - both[1]["improvement_pct"][field]
        assert more == 1 and both[1]["improvement_pct"]["standings_high"] == 0


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> opentrd.Assessment:
    together: Raw = defaultdict(list)
    histories = [*drawn(20, 3), *fit_histories.drawn(20, 4)]
    for number, raw in enumerate(histories, 1):
        for table, rows in renamed(raw, f"p{number:03d}").items():
            together[table].extend(rows)
    folder = write_folder(dict(together), tmp_path_factory.mktemp("many") / "record")
    return opentrd.assess(opentrd.read(folder), engine="duckdb")


def test_no_question_promises_more_than_the_worlds_hold(many: opentrd.Assessment) -> None:
    promised, true = counted(many), truly_settled(many)
    assert sum(high for _, high in promised.values()) > 20, "the histories have to leave standings open"
    for key, (low, high) in promised.items():
        assert low <= true[key][0] and high <= true[key][1], (key, (low, high), true[key])
    exact = sum(found == true[key] for key, found in promised.items())
    assert exact >= 0.8 * len(promised), f"{exact} of {len(promised)}"


def test_what_is_not_known_is_open_and_sqlite_counts_the_same(
    many: opentrd.Assessment, tmp_path: Path
) -> None:
    unknown = many.connection.execute(
        "SELECT o.person_id, o.treatment, o.role FROM assess.option AS o WHERE o.standing = 'not known' AND o.safety = 'not known' "
        "AND NOT EXISTS (FROM assess.option_open AS u WHERE u.person_id = o.person_id AND u.treatment = o.treatment "
        "AND u.role = o.role)"
    ).fetchall()
    assert not unknown
    folder = write_folder(record(SERTRALINE, VENLAFAXINE), tmp_path / "record")
    rows = [
        opentrd.assess(opentrd.read(folder), "2024-06-01", engine=name).question.rows()
        for name in ("duckdb", "sqlite")
    ]
    assert rows[0] == rows[1] and any(row["standings_high"] for row in rows[0])
