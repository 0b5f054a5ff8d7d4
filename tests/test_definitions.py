"""The yardsticks as rows: every one is worded, documented and shown by golden cases; published facts reproduced."""

from __future__ import annotations

import csv
import json
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opentrd import knowledge
from opentrd.knowledge import loader
from opentrd.knowledge.checks import check
from opentrd.knowledge.wording import definition_texts
from running import run

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
Issue = tuple[int, str]


def texts() -> dict[str, dict[str, str]]:
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection)
        return definition_texts(connection)


def outcomes() -> dict[str, set[Any]]:
    """Which verdicts (true, false, None) the golden cases expect of each definition, which bounds of each instrument."""
    found: dict[str, set[Any]] = defaultdict(set)
    for path in GOLDEN.glob("*.json"):
        for case in json.loads(path.read_text(encoding="utf-8")):
            for name, expected in case["expect"].get("verdict", {}).items():
                if "met" in expected:
                    found[name].add(expected["met"])
            for name, items in case["expect"].get("stage", {}).items():
                if "total" in items:
                    found[name].add(json.dumps(items["total"]))
    return found


# Rows and words


def test_the_page_of_definitions_is_up_to_date() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import definitions_page

    assert (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8") == definitions_page.text()


def test_every_text_is_whole_and_follows_its_rows() -> None:
    said = texts()
    for name, text in said.items():
        assert not {"None", "nan", "null"} & set(text["text"].replace(",", " ").split()), name
    assert said["comp006"]["text"].startswith("At least 2 and at most 4 different agents failed")
    assert "courses of ECT, rTMS or iTBS" in said["kim_28"]["text"] and "29 days" in said["kim_29"]["text"]
    assert (
        said["fda_esketamine_label"]["missing"] == "the minimum dose, the duration, the threshold of failure"
    )
    assert said["drg_2020"]["missing"].startswith("how many")
    assert "within 730 days of the first drug" in said["zhdanava_2021"]["text"]
    assert "follows within 180 days of its end" in said["zhdanava_2021"]["text"]
    assert "intolerance has failed" in said["tms_centene"]["text"]
    assert {name for name, text in said.items() if "one of the SSRIs" in text["text"]} == {"lo_2025"}


def test_a_gap_of_a_row_is_told_as_missing() -> None:
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection)
        assert definition_texts(connection)["kim_28"]["missing"] == ""
        connection.execute(
            "UPDATE knowledge.adequacy_rule SET min_days = NULL WHERE adequacy_rule = 'days_28'"
        )
        connection.execute("UPDATE knowledge.definition SET needed = NULL WHERE definition = 'kim_28'")
        assert definition_texts(connection)["kim_28"]["missing"] == "how many, the duration"


def test_every_yardstick_has_golden_cases() -> None:
    found, said = outcomes(), texts()
    for row in knowledge.table("definition").to_pylist():
        name = row["definition"]
        if row["family"] == "instrument":
            assert len(found[name]) >= 2, name
        elif said[name]["missing"]:
            assert {None, False} <= found[name], name
        else:
            assert {True, False} <= found[name], name


def test_only_a_stop_for_intolerance_can_meet_a_definition_whose_adequacy_is_not_given() -> None:
    found, said = outcomes(), texts()
    met = {name for name, text in said.items() if text["missing"] and True in found[name]}
    assert met == {"tms_lcd_l34998"}


def test_a_table_of_doses_supplied_by_the_user_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ATHF, row of tricyclics (A1): 200 mg for 28 days is adequate; 199 mg or 27 days are not."""
    tables = tmp_path / "tables"
    shutil.copytree(loader.TABLES, tables)
    row = ["athf_user", "imipramine", "", "200", "", "threshold of the user", "user", "transcribed"]
    with (tables / "dose_minimum.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(row)
    assert check(tables) == []
    monkeypatch.setattr(loader, "TABLES", tables)
    trials = {"a": (200, 28), "b": (199, 28), "c": (300, 27), "d": (300, 28)}
    start = date(2020, 1, 10)
    raw: dict[str, list[dict[str, str]]] = {"person": [{"person_id": key} for key in trials]}
    raw["condition"] = [
        {"person_id": key, "condition": "major depressive disorder", "start_date": "2020-01-01"}
        for key in trials
    ]
    raw["exposure"] = [
        {
            "person_id": key, "agent": "imipramine", "start_date": start.isoformat(), "daily_dose_mg": str(dose),
            "end_date": (start + timedelta(days - 1)).isoformat(), "stop_reason": "inefficacy",
        }
        for key, (dose, days) in trials.items()
    ]  # fmt: skip
    stages = run(raw, tmp_path / "record", "2020-06-01").stage.rows()
    got = {row["person_id"]: (row["low"], row["high"]) for row in stages if row["instrument"] == "athf_count"}
    assert got == {"a": (1, 1), "b": (0, 0), "c": (0, 0), "d": (1, 1)}


# Published scripts, restated over issues as (day, drug), and what is known of them


def script_switches(issues: Sequence[Issue]) -> list[str]:
    """The drugs that a qualifying switch of the Fabbri script starts from; issues of one day stay in the order given."""
    rows = sorted(issues, key=lambda issue: issue[0])
    length: dict[int, int] = {}
    last: set[int] = set()
    for drug in {drug for _, drug in rows}:
        run_of: list[int] = []
        places = [place for place, row in enumerate(rows) if row[1] == drug]
        for place, after in zip(places, [*places[1:], None], strict=True):
            run_of.append(place)
            if after is None or rows[after][0] - rows[place][0] > 26 * 7:
                for member in run_of:
                    length[member] = rows[place][0] - rows[run_of[0]][0]
                last.add(place)
                run_of = []
    found = []
    for place in sorted(last)[: len(last)]:
        if place + 1 == len(rows):
            continue
        gap = rows[place + 1][0] - rows[place][0]
        long = length[place] or (gap if gap <= 14 * 7 else 0)
        if rows[place + 1][1] != rows[place][1] and 0 < gap <= 14 * 7 and long >= 6 * 7:
            found.append(rows[place][1])
    return found


def script_met(issues: Sequence[Issue], removes_repeats: bool = True) -> bool:
    """At least two qualifying switches and more than two drugs; repeated switches from one drug removed or not."""
    switches = script_switches(issues)
    enough = len(switches) >= 2 and len({drug for _, drug in issues}) > 2
    return enough and (not removes_repeats or len(set(switches)) >= 2)


def port_met(issues: Sequence[Issue]) -> bool:
    """The Exeter port: its rule against repeats counts the different drugs of all rows of the person."""
    return script_met(issues, removes_repeats=False) and len({drug for _, drug in issues}) != 1


def issued(histories: dict[str, Sequence[Issue]]) -> dict[str, list[dict[str, str]]]:
    """Record tables of persons with two depression codes and these issues, days counted from 1 January 2015."""
    first = date(2015, 1, 1)
    coded = [
        {"person_id": key, "condition": "major depressive disorder", "start_date": day, "end_date": day}
        for key in histories
        for day in ("2014-11-01", "2014-12-01")
    ]
    rows = [
        {"person_id": key, "agent": drug, "start_date": (first + timedelta(day)).isoformat()}
        for key, issues in histories.items()
        for day, drug in issues
    ]
    persons = [{"person_id": key, "birth_date": "1970-01-01"} for key in histories]
    return {"person": persons, "condition": coded, "exposure": rows}


def met(histories: dict[str, Sequence[Issue]], folder: Path) -> dict[str, dict[str, bool | None]]:
    """The verdicts of all persons: definition -> person -> met."""
    found: dict[str, dict[str, bool | None]] = defaultdict(dict)
    for row in run(issued(histories), folder, "2025-01-01").verdict.rows():
        found[row["definition"]][row["person_id"]] = row["met"]
    return found


def test_the_order_of_rows_changes_the_published_script_but_not_ours(tmp_path: Path) -> None:
    """Citalopram is issued last on the day on which sertraline is issued first."""
    rows: list[Issue] = [(0, "citalopram"), (56, "citalopram"), (56, "sertraline"), (84, "sertraline")]
    rows += [(112, "sertraline"), (140, "venlafaxine")]
    turned = [rows[0], rows[2], rows[1], *rows[3:]]
    assert (script_met(rows), script_met(turned)) == (False, True)
    found = met({"as given": rows, "turned": turned, "backwards": rows[::-1]}, tmp_path)
    assert set(found["fabbri_2021_code"].values()) == {False}
    assert set(found["exeter_cprd"].values()) == {False}


def test_the_rule_of_the_exeter_port_against_repeated_switches_never_takes_effect(tmp_path: Path) -> None:
    draw = random.Random(1009)
    drugs = ("citalopram", "fluoxetine", "mirtazapine", "sertraline", "venlafaxine")
    histories: dict[str, Sequence[Issue]] = {}
    for number in range(120):
        day, issues = 0, []
        for _ in range(draw.randint(2, 6)):
            drug = draw.choice(drugs[: draw.randint(1, 5)])
            for _ in range(draw.randint(1, 4)):
                issues.append((day, drug))
                day += draw.choice((14, 28, 35, 56))
            day += draw.choice((1, 14, 60, 90, 200))
        histories[f"p{number:03d}"] = issues
    port = {key for key, issues in histories.items() if port_met(issues)}
    without = {key for key, issues in histories.items() if script_met(issues, removes_repeats=False)}
    script = {key for key, issues in histories.items() if script_met(issues)}
    assert port == without and script < port
    found = met(histories, tmp_path)
    assert {key for key, truth in found["exeter_cprd"].items() if truth} == port
    assert {key for key, truth in found["fabbri_2021_code"].items() if truth} == script
