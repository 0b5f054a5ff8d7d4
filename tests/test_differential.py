"""The SQL and a plain-Python reading of the same rules, written apart, agree cell by cell on histories nobody chose."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import reference
from histories import drawn
from running import Row, renamed, run_many
from typed_rows import typed

COHORT = 100

EPISODE_COLUMNS = ("basis", "start_date", "end_date")
TRIAL_COLUMNS = (
    "start_date", "supply_end", "bridged_end", "last_issue", "days_low", "days_high", "certain_start", "top_dose_mg",
    "stop_reason", "improvement_pct", "improvement_basis", "adherence",
)  # fmt: skip
SWITCH_COLUMNS = ("next_agent", "next_issue", "length_ok", "gap_ok", "counts")
CLAUSES = ("dose_ok", "duration_ok", "adherence_ok", "stop_ok", "response_ok", "episode_ok", "counts")
VERDICT_COLUMNS = (
    "eligible",
    "met",
    "failed_low",
    "failed_high",
    "met_on",
    "possible_on",
    "index_date",
    "clause",
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 7, 11])
def test_the_sql_agrees_with_the_reference_reading(seed: int) -> None:
    raws = drawn(COHORT, seed)
    with tempfile.TemporaryDirectory() as folder:
        results = run_many(raws, Path(folder))
    for number, raw in enumerate(raws, 1):
        person = f"p{number:04d}"
        expected = reference.assess(typed(renamed(raw, person)))[person]
        assert differences(expected, results[person]) == [], raw


def differences(expected: Row, got: dict[str, list[Row]]) -> list[str]:
    """Every cell that differs, in words."""
    found = [
        *_compare("episode", expected["episodes"], _episodes(got["episode"]), EPISODE_COLUMNS, ("number",)),
        *_compare(
            "trial",
            expected["trials"],
            _trials(got["trial"]),
            TRIAL_COLUMNS,
            ("kind", "agents", "start_date", "days_high"),
        ),
    ]
    for definition, rows in expected["switch"].items():
        mine = [
            row
            for row in got["switch"]
            if row["definition"] == definition and row["next_issue"] and row["exact"]
        ]
        found += _compare(f"switch {definition}", rows, mine, SWITCH_COLUMNS, ("agent", "last_issue"))
    for definition, rows in expected["judgement"].items():
        mine = [row for row in _judgements(got) if row["definition"] == definition]
        found += _compare(
            f"judgement {definition}", rows, mine, CLAUSES, ("kind", "agents", "counted_as", "start_date")
        )
    for row in got["verdict"]:
        wanted = expected["verdict"][row["definition"]]
        found += [
            f"verdict {row['definition']} {column}: reference {_plain(wanted[column])}, SQL {_plain(row[column])}"
            for column in VERDICT_COLUMNS
            if _plain(wanted[column]) != _plain(row[column])
        ]
        place = {row["episode_id"]: row["episode_no"] for row in got["episode"]}.get(row["episode_id"])
        if wanted["episode"] != place:
            found.append(f"verdict {row['definition']} episode: reference {wanted['episode']}, SQL {place}")
    for row in got["stage"]:
        bands = [row["band_low"], row["band_high"]]
        if row["item"] == "total" and expected["band"][row["instrument"]] != bands:
            found.append(
                f"stage {row['instrument']} band: reference {expected['band'][row['instrument']]}, SQL {bands}"
            )
        low, high = expected["stage"][row["instrument"]].get(row["item"], (row["low"], row["high"]))
        if (low, high) != (row["low"], row["high"]):
            found.append(
                f"stage {row['instrument']}/{row['item']}: reference {low}-{high}, SQL {row['low']}-{row['high']}"
            )
    return found


def _compare(
    name: str, wanted: list[Row], got: list[Row], columns: tuple[str, ...], keys: tuple[str, ...]
) -> list[str]:
    def line(row: Row) -> str:
        return ", ".join(f"{column}={_plain(row[column])}" for column in dict.fromkeys((*keys, *columns)))

    left, right = sorted(map(line, wanted)), sorted(map(line, got))
    only_left, only_right = [x for x in left if x not in right], [x for x in right if x not in left]
    lines = [f"{name} reference only: {text}" for text in only_left] + [
        f"{name} SQL only: {text}" for text in only_right
    ]
    if not lines and left != right:
        lines.append(f"{name}: {len(left)} rows in the reference, {len(right)} in the SQL")
    return lines


def _episodes(rows: list[Row]) -> list[Row]:
    return [row | {"number": row["episode_no"]} for row in rows]


def _trials(rows: list[Row]) -> list[Row]:
    return [row | {"agents": row["agents"].replace(" + ", "; ")} for row in rows]


def _judgements(got: dict[str, list[Row]]) -> list[Row]:
    trials = {row["trial_id"]: row for row in got["trial"]}
    return [
        row
        | {
            "start_date": trials[row["trial_id"]]["start_date"],
            "agents": trials[row["trial_id"]]["agents"].replace(" + ", "; "),
        }
        | ({"counted_as": "trial"} if row["counted_as"] == row["trial_id"] else {})
        for row in got["judgement"]
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
