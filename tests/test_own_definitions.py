"""Definitions of one's own: read, checked, rendered, tested by their own cases, and run beside the shipped ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

import opentrd
from opentrd import knowledge
from opentrd.engines import sqlite
from opentrd.knowledge.own import DefinitionsError, choose, facts_of_run, read_own, shipped
from opentrd.knowledge.wording import definition_texts
from opentrd.record.raw import InputError
from own_rows import CLINIC, PROOF, SITE, TWIN, record, written


def problems(path: Path) -> list[tuple[int, str, str]]:
    """Row, field and value of everything that is wrong in a file."""
    with pytest.raises(DefinitionsError) as caught:
        read_own(path)
    assert all(problem.expected and problem.file for problem in caught.value.problems)
    return [(problem.row, problem.field, problem.value) for problem in caught.value.problems]


# Rows


def test_a_row_says_what_the_shipped_definition_says(tmp_path: Path) -> None:
    """A definition that repeats the parameters of a shipped one has its text and its verdicts."""
    path = written(tmp_path, [TWIN])
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection, choose([path]).facts)
        said = definition_texts(connection)
    assert said["two_adequate_trials"]["text"].startswith(said["twin"]["text"])
    for number, doses in enumerate((("100", "225"), ("100", "75"), ("100", ""))):
        read = opentrd.read(record(tmp_path / str(number), doses))
        rows = opentrd.assess(read, definitions=[path, "two_adequate_trials"]).verdict.rows()
        cells = [
            {k: row[k] for k in ("eligible", "met", "failed_low", "failed_high", "met_on", "clause")}
            for row in rows
        ]
        assert [row["definition"] for row in rows] == ["twin", "two_adequate_trials"]
        assert cells[0] == cells[1]


def test_missing_columns_are_none_and_empty_cells_are_not_given(tmp_path: Path) -> None:
    own = read_own(written(tmp_path, [{"definition": "bare", "needed": "3", **PROOF}]))
    assert own.rows["adequacy_rule"][0]["dose_table"] == own.rows["adequacy_rule"][0]["min_days"] == "none"
    assert own.rows["failure_rule"][0]["basis"] == "any"
    gaps = {"definition": "gaps", "needed": "", "dose_table": "", "min_days": "", "basis": "", **PROOF}
    own = read_own(written(tmp_path, [gaps]))
    assert own.rows["definition"][0]["needed"] is None
    assert own.rows["adequacy_rule"][0]["dose_table"] is own.rows["adequacy_rule"][0]["min_days"] is None
    assert own.rows["adequacy_rule"][0]["min_adherence"] == "none"
    assert own.rows["failure_rule"][0]["basis"] is None
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection, choose([tmp_path / "my.csv"]).facts)
        assert definition_texts(connection)["gaps"]["missing"].startswith(
            "how many, the minimum dose, the duration"
        )


def test_shipped_rules_may_be_named_instead(tmp_path: Path) -> None:
    named = {
        "definition": "named",
        "needed": "2",
        "adequacy_rule": "atrq_42",
        "failure_rule": "below_50",
        **PROOF,
    }
    own = read_own(written(tmp_path, [named]))
    assert set(own.rows) == {"definition"}
    assert own.rows["definition"][0]["adequacy_rule"] == "atrq_42"


def test_a_semicolon_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    rows = [{**TWIN, "basis": "improvement", "includes_threshold": "TRUE"}]
    text = "\r\n".join([";".join(rows[0]), ";".join(rows[0].values()), ";" * (len(rows[0]) - 1)])
    (tmp_path / "my.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_own(tmp_path / "my.csv").rows["failure_rule"][0]["includes_threshold"] is True


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"definition": "sforzini_2022"}, [(2, "definition", "sforzini_2022")]),
        ({"definition": "maudsley"}, [(2, "definition", "maudsley")]),
        ({"definition": "My own"}, [(2, "definition", "My own")]),
        ({"needed": "two"}, [(2, "needed", "two")]),
        ({"needed": "0"}, [(2, "needed", "0")]),
        ({"min_days": "six weeks"}, [(2, "min_days", "six weeks")]),
        ({"dose_table": "atrqq"}, [(2, "dose_table", "atrqq")]),
        ({"episode": "recent"}, [(2, "episode", "recent")]),
        ({"episode": ""}, [(2, "episode", "")]),
        ({"exclusions": "bipolar;psychotic"}, [(2, "exclusions", "psychotic")]),
        ({"max_improvement_pct": "150"}, [(2, "max_improvement_pct", "150")]),
        ({"max_improvement_pct": "nan"}, [(2, "max_improvement_pct", "nan")]),
        ({"source": ""}, [(2, "source", "")]),
        ({"knowledge_status": "sure"}, [(2, "knowledge_status", "sure")]),
        ({"read_in": ""}, [(2, "read_in", "")]),
        ({"basis": "switch"}, [(2, "max_improvement_pct", "50.0")]),
        ({"max_next_days": "90"}, [(2, "max_next_days", "90")]),
        ({"adequacy_rule": "atrq_42"}, [(2, "dose_table", "atrq")]),
        ({"min_adherence": "80"}, [(2, "min_adherence", "80")]),
        ({"at_most": "1"}, [(2, "at_most", "1")]),
        ({"at_most": "2.5"}, [(2, "at_most", "2.5")]),
        ({"needed": "99999999999999999999"}, [(2, "needed", "99999999999999999999")]),
        ({"min_days": "99999999999"}, [(2, "min_days", "99999999999")]),
        ({"min_days": "42.5"}, [(2, "min_days", "42.5")]),
        ({"min_days": "-1"}, [(2, "min_days", "-1")]),
        ({"window_days": "36.5", "window_from": "each"}, [(2, "window_days", "36.5")]),
        ({"window_days": "0", "window_from": "each"}, [(2, "window_days", "0")]),
        ({"window_days": "300", "window_from": "calendar_year"}, [(2, "window_days", "300")]),
        ({"min_age": "-1"}, [(2, "min_age", "-1")]),
        ({"min_age": "1e300"}, [(2, "min_age", "1e+300")]),
        ({"min_age": "65", "max_age": "18"}, [(2, "max_age", "18")]),
        ({"distinct_level": "trial", "basis": "switch", "max_improvement_pct": "none"}, [(2, "distinct_level", "trial")]),
        ({"window_days": "365"}, [(2, "window_days", "365")]),
        ({"distinct_level": "event"}, [(2, "distinct_level", "event")]),
        ({"gap_rule": "sixty"}, [(2, "gap_rule", "sixty"), (2, "gap_rule", "sixty")]),
        ({"lookback_days": "365"}, [(2, "lookback_days", "365")]),
        ({"family": "switches"}, None),
        ({"weeks": "6"}, [(1, "weeks", "weeks")]),
    ],
)  # fmt: skip
def test_every_fault_is_named(
    tmp_path: Path, change: dict[str, str], found: list[tuple[int, str, str]] | None
) -> None:
    got = problems(written(tmp_path, [TWIN | change]))
    if found is not None:
        assert got == found
    else:  # parameters of another family, and none of its own
        assert {"dose_table", "max_improvement_pct", "min_days", "reading"} <= {field for _, field, _ in got}


def test_all_faults_are_told_at_once_and_say_what_to_do(tmp_path: Path) -> None:
    path = written(
        tmp_path, [TWIN | {"min_days": "x"}, TWIN | {"definition": "other", "dose_table": "atrqq"}]
    )
    with pytest.raises(DefinitionsError) as caught:
        read_own(path)
    text = str(caught.value)
    assert text.startswith("2 things are wrong:")
    assert f"{path}, row 2, field min_days: 'x'; expected a number, or none, or empty" in text
    assert (
        "row 3, field dose_table: 'atrqq'; expected a name of dose_table" in text and "Is atrq meant?" in text
    )


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    assert (3, "definition", "twin") in problems(written(tmp_path, [TWIN, TWIN]))
    path = written(tmp_path, [TWIN])
    other = written(tmp_path, [TWIN], "other.csv")
    with pytest.raises(DefinitionsError, match="a name that no shipped definition"):
        choose([path, other])


@pytest.mark.parametrize(
    "content", [b"", b"definition\n", b"\xff\xfe\x00", b'definition,"needed\n', b"definition,needed\ntwin\n"]
)
def test_a_broken_file_is_a_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "my.csv").write_bytes(content)
    with pytest.raises(DefinitionsError, match="expected"):
        read_own(tmp_path / "my.csv")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("agent_set", {"agent_set": "antidepressant", "agent": "lithium"}),
        ("dose_minimum", {"dose_table": "atrq", "agent": "lithium", "min_dose_mg": "300"}),
        ("dose_table", {"dose_table": "athf_user", "title": "Mine", "unit": "mg"}),
        ("definition_exclusion", {"definition": "kim_28", "condition_set": "bipolar", "says": "bipolar disorder"}),
        ("band", {"instrument": "maudsley", "from_score": "3", "to_score": "15", "band": "any"}),
    ],
)  # fmt: skip
def test_what_is_shipped_is_never_changed(tmp_path: Path, table: str, row: dict[str, str]) -> None:
    written(tmp_path, [row | PROOF], f"{table}.csv")
    got = problems(tmp_path)
    assert [(number, value) for number, _, value in got] == [(2, next(iter(row.values())))]


def test_tables_of_a_folder_are_checked_like_the_file(tmp_path: Path) -> None:
    shutil.copytree(SITE, tmp_path / "site")
    written(tmp_path / "site", [{"agent": "soap", "note": ""} | PROOF], "agent.csv")
    minimum = {"dose_table": "site_doses", "agent": "sertralin", "min_dose_mg": "-1"} | PROOF
    gate = {
        "definition": "site_two_classes",
        "gate": "min_age",
        "subject": "age",
        "value": "",
        "acts_on": "met",
        "says": "x",
    }
    assert problems(tmp_path / "site") == [(0, "", "agent.csv")]
    (tmp_path / "site" / "agent.csv").unlink()
    written(tmp_path / "site", [minimum], "dose_minimum.csv")
    written(tmp_path / "site", [gate | PROOF], "definition_gate.csv")
    assert problems(tmp_path / "site") == [
        (2, "min_dose_mg", "-1"), (2, "subject", "age"), (2, "value", ""),
    ]  # fmt: skip
    written(tmp_path / "site", [minimum | {"min_dose_mg": "50"}], "dose_minimum.csv")
    assert (2, "agent", "sertralin") in problems(tmp_path / "site")


@pytest.mark.parametrize("method", ["maudsley", "thase_rush", "mgh_s", "european_staging", "count"])
def test_a_variant_of_an_instrument_has_the_items_of_its_method(tmp_path: Path, method: str) -> None:
    """With the parameters of the shipped instrument a variant gives its stages."""
    row = {"definition": "variant", "family": "instrument", "method": method, "dose_table": "atrq", "min_days": "42",
           "max_improvement_pct": "50", **PROOF}  # fmt: skip
    path = written(tmp_path, [row])
    base = {"maudsley": "maudsley", "thase_rush": "thase_rush", "mgh_s": "mgh_s", "european_staging": "european_staging_model",
            "count": "atr"}[method]  # fmt: skip
    stages = opentrd.assess(
        opentrd.read(record(tmp_path / "record")), definitions=[path, "kim_28"], engine="duckdb"
    ).stage.rows()
    items = {
        name: {
            (row["item"], row["low"], row["high"], row["band_low"])
            for row in stages
            if row["instrument"] == name
        }
        for name in ("variant", base)
    }
    if method == "count":  # the record antidepressant treatment record does not give its dose and weeks
        assert items["variant"] == {("total", 2.0, 2.0, None)}
    else:
        assert items["variant"] == items[base] and len(items[base]) >= 1


def test_a_method_that_is_not_known_is_the_only_fault(tmp_path: Path) -> None:
    row = {"definition": "variant", "family": "instrument", "method": "mgh", **PROOF}
    assert problems(written(tmp_path, [row])) == [(2, "method", "mgh")]


def test_instruments_keep_to_what_their_methods_read(tmp_path: Path) -> None:
    row = {"definition": "variant", "family": "instrument", "method": "dm_trd", "dose_table": "atrq", "min_days": "42",
           "max_improvement_pct": "50", **PROOF}  # fmt: skip
    assert problems(written(tmp_path, [row]))[0][1] in ("severity_from", "method")
    assert (2, "episode", "none") in problems(
        written(tmp_path, [row | {"method": "count", "episode": "none"}])
    )


def test_what_a_source_does_not_give_is_said_in_words(tmp_path: Path) -> None:
    row = {
        "definition": "gaps",
        "needed": "2",
        "basis": "switch",
        "max_next_days": "",
        "window_days": "",
        "window_from": "index",
    }
    switches = {
        "definition": "early", "family": "switches", "needed": "1", "reading": "early", "new_episode_after_days": "182",
        "min_length_days": "42", "min_switch_gap_days": "1", "max_switch_gap_days": "98", "min_agents": "2",
        "max_issues_before": "",
    }  # fmt: skip
    paths = [written(tmp_path, [row | PROOF]), written(tmp_path, [switches | PROOF], "early.csv")]
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection, choose(paths).facts)
        said = definition_texts(connection)
    assert "within a time that the source does not give of the first drug" in said["gaps"]["text"]
    assert said["gaps"]["missing"] == "the time to the next treatment, the window"
    assert "None" not in said["gaps"]["text"] + said["early"]["text"]
    assert (2, "needed", "2") in problems(written(tmp_path, [switches | PROOF | {"needed": "2"}]))


# Runs


def test_a_file_adds_and_names_limit(tmp_path: Path) -> None:
    read = opentrd.read(record(tmp_path / "record"))
    everything = len(
        shipped()["definition"].filter(
            [f != "instrument" for f in shipped()["definition"]["family"].to_pylist()]
        )
    )
    path = written(tmp_path, [TWIN])
    assert len(opentrd.assess(read, definitions=path).verdict) == everything + 1
    named = opentrd.assess(read, definitions=[str(path), "kim_28"])
    assert {row["definition"] for row in named.verdict.rows()} == {"kim_28", "twin"}
    assert {row["instrument"] for row in named.stage.rows()} >= {"maudsley", "european_staging_model", "atr"}
    assert len(opentrd.assess(read).verdict) == everything
    with pytest.raises(InputError, match="No definition is called twin"):
        opentrd.assess(read, definitions=["twin"])
    with pytest.raises(InputError, match="No definition is called maudsley"):
        opentrd.assess(read, definitions=[path, "maudsley"])
    with pytest.raises(DefinitionsError, match="no such file"):
        opentrd.assess(read, definitions=["absent.csv"])


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    read = opentrd.read(record(tmp_path / "record"))
    path = written(tmp_path, [TWIN])
    assert [row["met"] for row in opentrd.assess(read, definitions=[path, "twin"]).verdict.rows()] == [True]
    written(tmp_path, [TWIN | {"needed": "3"}])
    assert [row["met"] for row in opentrd.assess(read, definitions=[path, "twin"]).verdict.rows()] == [False]


@pytest.mark.skipif(sqlite.sqlite3.sqlite_version_info < sqlite.MINIMUM_VERSION, reason="SQLite is too old")
def test_engines_agree_and_questions_are_asked_of_own_definitions(tmp_path: Path) -> None:
    folder = record(tmp_path / "record", ("100", ""))
    tables: list[dict[str, list[dict[str, Any]]]] = []
    for engine in ("duckdb", "sqlite"):
        assessment = opentrd.assess(opentrd.read(folder), definitions=[CLINIC, SITE, "kim_28"], engine=engine)
        tables.append(
            {name: getattr(assessment, name).rows() for name in ("verdict", "stage", "judgement", "question")}
        )
    assert tables[0] == tables[1]
    assert len(tables[0]["verdict"]) == 5
    limited = opentrd.assess(
        opentrd.read(folder), definitions=[CLINIC, "clinic_two_failures"], engine="duckdb"
    )
    asked = {row["field"]: row["settles_high"] for row in limited.question.rows()}
    without = opentrd.assess(opentrd.read(folder), definitions=["kim_28"], engine="duckdb")
    before = {row["field"]: row["settles_high"] for row in without.question.rows()}
    assert (
        asked["daily_dose_mg"] == before["daily_dose_mg"] + 1
    )  # the dose decides the clinic's definition too


def test_the_run_remembers_the_definitions(tmp_path: Path) -> None:
    path = written(tmp_path, [TWIN])
    out = tmp_path / "out"
    opentrd.assess(opentrd.read(record(tmp_path / "record")), definitions=[path, SITE, "kim_28"]).write(out)
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))["definitions"]
    assert facts["only"] == ["kim_28"]
    assert [own["names"] for own in facts["own"]] == [
        ["twin"],
        ["site_count", "site_two_classes", "site_two_counted"],
    ]
    assert [own["sha256"] for own in facts["own"]] == [read_own(place).sha256 for place in (path, SITE)]
    again, before = facts_of_run(out), choose([path, SITE]).facts
    assert all(again[name].sort_by([(c, "ascending") for c in again[name].column_names]).equals(
        before[name].sort_by([(c, "ascending") for c in before[name].column_names])) for name in before)  # fmt: skip
    page = (out / "person-1.html").read_text(encoding="utf-8")
    assert "Two classes failed at the doses of the site" in page
    opentrd.assess(opentrd.read(tmp_path / "record"), definitions=["kim_28"]).write(out)
    assert facts_of_run(out) is shipped()
