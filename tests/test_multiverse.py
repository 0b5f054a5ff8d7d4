"""The multiverse counts what the chain counts: every variant against the definition that it stands for, person by person."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import opentrd
from histories import Raw, drawn, write_folder
from opentrd import knowledge, multiverse
from opentrd.assess.plan import leading_to
from opentrd.engines import duckdb as embedded
from opentrd.record.reading import Record
from opentrd.record.synthesize import synthesize
from running import renamed

Row = dict[str, Any]

GRID: multiverse.Grid = {
    "max_gap_days": ["0", "30", "90"],
    "min_weeks": ["none", "6"],
    "dose_table": ["none", "atrq"],
    "distinct_level": ["agent", "class"],
    "failure": ["25", "50", "stop", "switch", "switch_30"],
    "window_days": ["200", "none"],
    "augmentation": ["none", "augmenting"],
    "episode_washout_days": ["90", "183", "ever"],
    "needed": ["1", "2", "3"],
}
# Failure rules that the shipped knowledge does not have: basis, max_next_days.
FAILURES = {
    "stop": ("stop", "none"),
    "any": ("any", "none"),
    "switch": ("switch", "none"),
    "switch_30": ("switch", "30"),
}
INSIDE = ("min_weeks", "dose_table", "distinct_level", "failure", "window_days", "augmentation")


SMALL: multiverse.Grid = GRID | {
    "max_gap_days": ["30", "90"],
    "min_weeks": ["6"],
    "failure": ["50", "switch_30"],
    "episode_washout_days": ["183", "ever"],
}
# The number of failures of one person that certainly and possibly count; possibly null: exposures are not kept.
Failures = dict[str, tuple[int, int | None]]
TALLIES = """
    SELECT p.person_id, c.bound, t.failed, g.value AS max_gap_days, m.value AS min_weeks, d.value AS dose_table,
           l.value AS distinct_level, f.value AS failure, w.value AS window_days, a.value AS augmentation,
           e.value AS episode_washout_days
    FROM variants.multiverse.tally AS t
    JOIN variants.multiverse.choice AS c USING (choice_no)
    JOIN variants.multiverse.person AS p USING (person_no)
    JOIN places AS g ON g.parameter = 'max_gap_days' AND g.code = c.gap_range
    JOIN places AS l ON l.parameter = 'distinct_level' AND l.code = t.distinct_range
    JOIN places AS w ON w.parameter = 'window_days' AND w.code = t.window_range
    JOIN places AS a ON a.parameter = 'augmentation' AND a.code = c.added_range
    JOIN places AS e ON e.parameter = 'episode_washout_days' AND e.code = c.washout_range
    JOIN variants.multiverse.grid AS m ON m.parameter = 'min_weeks' AND m.place = t.weeks_place
    JOIN variants.multiverse.grid AS d ON d.parameter = 'dose_table' AND d.place = c.dose_place
    JOIN variants.multiverse.grid AS f ON f.parameter = 'failure' AND f.place = c.failure_place"""


@pytest.mark.parametrize(
    ("seed", "number", "grid"),
    [
        (5, 12, SMALL),
        pytest.param(3, 60, GRID, marks=pytest.mark.slow),
        pytest.param(8, 60, GRID, marks=pytest.mark.slow),
    ],
)
def test_every_variant_equals_its_own_definition_in_the_chain(
    seed: int, number: int, grid: multiverse.Grid, tmp_path: Path
) -> None:
    _same_as_the_chain(_cohorts(drawn(number, seed), tmp_path), grid)


def test_variants_equal_the_chain_on_a_synthetic_population(tmp_path: Path) -> None:
    synthesize(300, 11, tmp_path / "synthetic", "record", file_format="parquet")
    record = opentrd.read(tmp_path / "synthetic")
    _same_as_the_chain(iter([record]), SMALL | {"dose_table": ["atrq", "fluoxetine_20"]})


def _same_as_the_chain(records: Iterator[Record], grid: multiverse.Grid) -> None:
    """Every person's count under every variant is that of the variant's own definition, and so are the variants' sums."""
    differing = set()
    for record in records:
        eligible, expected = _by_the_chain(record, grid)
        _prepare(record.connection, [], "30", "183")
        multiverse.run(record.connection, grid, keep=True)
        tallies = _tallies(record.connection, grid)
        for row in _rows(record.connection, "SELECT * FROM assess.multiverse"):
            choice = tuple(str(row[name]) for name in grid if name != "needed")
            failures = expected[choice]
            for person, (low, high) in failures.items():
                tally = tallies[choice, person]
                assert (tally["sure"], tally["may"] if high is not None else None) == (low, high), (
                    choice,
                    person,
                )
            met = [
                person
                for person, (_, high) in failures.items()
                if eligible[person] is not False and (high is None or high >= row["needed"])
            ]
            certain = [
                person for person, (low, _) in failures.items() if eligible[person] and low >= row["needed"]
            ]
            assert (row["met_low"], row["met_high"]) == (len(certain), len(met)), row
            assert (row["persons"], row["eligible_low"]) == (
                len(failures),
                sum(truth is True for truth in eligible.values()),
            )
            differing.add((row["needed"], len(certain), len(met)))
    assert len(differing) > 8  # the variants are not all alike


def _tallies(
    connection: duckdb.DuckDBPyConnection, grid: multiverse.Grid
) -> dict[tuple[tuple[str, ...], str], dict[str, int]]:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE places AS SELECT r.parameter, r.code, g.value FROM variants.multiverse.place_range AS r "
        "JOIN variants.multiverse.grid AS g USING (parameter, place)"
    )
    found: dict[tuple[tuple[str, ...], str], dict[str, int]] = defaultdict(lambda: {"sure": 0, "may": 0})
    for row in _rows(connection, TALLIES):
        choice = tuple(str(row[name]) for name in grid if name != "needed")
        assert found[choice, row["person_id"]][row["bound"]] == 0, "a person is counted once"
        found[choice, row["person_id"]][row["bound"]] = row["failed"]
    return found


def _cohorts(raws: list[Raw], folder: Path) -> Iterator[Record]:
    """The histories as cohorts of persons whose source keeps the same tables."""
    groups: dict[frozenset[str], list[Raw]] = defaultdict(list)
    for number, raw in enumerate(raws, 1):
        groups[frozenset(raw) - {"observation_period", "coverage"}].append(renamed(raw, f"p{number:04d}"))
    for kept, members in sorted(groups.items(), key=lambda item: sorted(item[0])):
        together: Raw = {table: [] for table in kept}
        for raw in members:
            for table, rows in raw.items():
                together.setdefault(table, []).extend(rows)
        yield opentrd.read(write_folder(together, folder / "-".join(sorted(kept))))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    result = connection.sql(query)
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]


def _by_the_chain(
    record: Record, grid: multiverse.Grid
) -> tuple[dict[str, bool | None], dict[tuple[str, ...], Failures]]:
    """Who is eligible, and how many failures of whom count under every variant, each by a definition of its own."""
    eligible: dict[str, bool | None] = {}
    found: dict[tuple[str, ...], Failures] = {}
    washouts = [value for value in grid["episode_washout_days"] if value != "ever"]
    for gap, washout in itertools.product(grid["max_gap_days"], washouts):
        rules = [
            (dict(zip(INSIDE, values, strict=True)), episode)
            for values in itertools.product(*(grid[name] for name in INSIDE))
            for episode in ("any", "none")
        ]
        _prepare(record.connection, rules, gap, washout)
        rules_of: dict[str, tuple[str, ...]] = {}
        for number, (rule, episode) in enumerate(rules):
            variant = rule | {
                "max_gap_days": gap,
                "episode_washout_days": washout if episode == "any" else "ever",
            }
            rules_of[f"v{number}"] = tuple(variant[name] for name in grid if name != "needed")
        for row in _rows(
            record.connection,
            "SELECT definition, person_id, eligible, failed_low, failed_high FROM assess.verdict",
        ):
            eligible[row["person_id"]] = row["eligible"]
            found.setdefault(rules_of[row["definition"]], {})[row["person_id"]] = (
                row["failed_low"],
                row["failed_high"],
            )
    return eligible, found


def _prepare(
    connection: duckdb.DuckDBPyConnection, rules: list[tuple[dict[str, str], str]], gap: str, washout: str
) -> None:
    """Load the knowledge with nothing but definitions by these rules (or ``two_adequate_trials``) and run the chain."""
    knowledge.load_into(connection)
    connection.execute(f"UPDATE knowledge.gap_rule SET max_gap_days = {gap} WHERE gap_rule = 'trial'")
    connection.execute(
        f"UPDATE knowledge.parameter SET value = {washout} WHERE parameter = 'episode_washout_days'"
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE plain AS SELECT * FROM knowledge.definition WHERE definition = 'two_adequate_trials';
        CREATE OR REPLACE TEMP TABLE lasting AS SELECT * FROM knowledge.adequacy_rule WHERE adequacy_rule = 'atrq_42';
        CREATE OR REPLACE TEMP TABLE failing AS SELECT * FROM knowledge.failure_rule WHERE failure_rule = 'below_50';
        CREATE OR REPLACE TEMP TABLE excluding AS SELECT * FROM knowledge.definition_exclusion
            WHERE definition = 'two_adequate_trials'"""
    )
    connection.execute("DELETE FROM knowledge.definition")
    if not rules:
        connection.execute("INSERT INTO knowledge.definition FROM plain")
    for name, (basis, within) in FAILURES.items():
        connection.execute(
            f"""INSERT INTO knowledge.failure_rule
            SELECT * REPLACE ('below_{name}' AS failure_rule, '{basis}' AS basis, '{within}' AS max_next_days) FROM failing"""
        )
    for number, (rule, episode) in enumerate(rules):
        days = "none" if rule["min_weeks"] == "none" else str(int(rule["min_weeks"]) * 7)
        window = "none" if rule["window_days"] == "none" else "each"
        connection.execute(
            f"""INSERT INTO knowledge.definition SELECT * REPLACE ('v{number}' AS definition, 'v{number}' AS adequacy_rule,
                'below_{rule["failure"]}' AS failure_rule, '{rule["augmentation"]}' AS augmentation,
                '{rule["distinct_level"]}' AS distinct_level, '{rule["window_days"]}' AS window_days, '{window}' AS window_from,
                '{episode}' AS episode) FROM plain;
            INSERT INTO knowledge.adequacy_rule SELECT * REPLACE ('v{number}' AS adequacy_rule, '{rule["dose_table"]}' AS dose_table,
                '{days}' AS min_days) FROM lasting;
            INSERT INTO knowledge.definition_exclusion SELECT * REPLACE ('v{number}' AS definition) FROM excluding"""
        )
    embedded.run(connection, leading_to("verdict"))
