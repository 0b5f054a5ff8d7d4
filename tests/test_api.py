"""The Python interface: tables, explanations down to source and row, one person alone and among others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import opentrd
from histories import Raw
from opentrd import knowledge
from opentrd.assess.script import script
from opentrd.record.schema import RECORD_COLUMNS
from running import renamed, run

HISTORY: Raw = {
    "person": [{"person_id": "p1", "birth_date": "1970-05-01", "sex": "female"}],
    "exposure": [
        {"exposure_id": "e1", "person_id": "p1", "agent": "sertraline", "start_date": "2020-01-01",
         "end_date": "2020-03-01", "daily_dose_mg": "100", "improvement_pct": "20"},
        {"exposure_id": "e2", "person_id": "p1", "agent": "venlafaxine", "start_date": "2020-03-02",
         "end_date": "2020-05-20", "daily_dose_mg": "", "stop_reason": "inefficacy"},
        {"exposure_id": "e3", "person_id": "p1", "agent": "lithium", "start_date": "2020-04-01",
         "end_date": "2020-05-20", "daily_dose_mg": "900", "improvement_pct": "10"},
    ],
    "condition": [{"condition_id": "c1", "person_id": "p1", "condition": "major depressive disorder",
                   "start_date": "2019-12-01", "end_date": "2020-06-01"}],
    "procedure": [],
    "measurement": [],
}  # fmt: skip


def test_tables_come_as_arrow_pandas_and_polars(tmp_path: Path) -> None:
    assessment = run(HISTORY, tmp_path / "record")
    definitions = set(assessment.verdict.arrow()["definition"].to_pylist())
    assert (
        set(assessment.verdict.df()["definition"])
        == definitions
        == set(assessment.verdict.pl()["definition"])
    )
    with pytest.raises(AttributeError, match="it has episode, trial"):
        _ = assessment.nonsense


def test_a_verdict_is_explained_down_to_rows_and_sources(tmp_path: Path) -> None:
    assessment = run(HISTORY, tmp_path / "record")
    edges = assessment.explain("verdict", "two_adequate_trials")
    reached = {(edge["table"], edge["key"]) for edge in edges}
    assert {
        ("exposure", "e1"),
        ("exposure", "e2"),
        ("condition", "c1"),
        ("adequacy_rule", "atrq_42"),
    } <= reached
    assert ("dose_minimum", "atrq/sertraline/") in reached
    for edge in edges:
        assert edge["row"] is not None, edge
        if edge["table"] in (
            "definition",
            "adequacy_rule",
            "failure_rule",
            "dose_minimum",
            "agent",
            "parameter",
        ):
            assert edge["row"]["source"] and edge["row"]["knowledge_status"]
    dose = {edge["key"]: edge["truth"] for edge in edges if edge["role"] == "dose"}
    assert dose == {"p1/sertraline/1": True, "p1/venlafaxine/1": None}


def test_a_stage_item_is_explained_and_an_unknown_row_is_an_error(tmp_path: Path) -> None:
    assessment = run(HISTORY, tmp_path / "record")
    total = assessment.explain("stage", "maudsley")
    assert {edge["table"] for edge in total} >= {"trial", "exposure", "level", "band", "episode", "condition"}
    with pytest.raises(KeyError, match="known keys: amber_questionnaire"):
        assessment.explain("verdict", "nonsense")


def test_every_edge_of_the_trace_ends_in_a_row(tmp_path: Path) -> None:
    source = tmp_path / "many"
    from opentrd.record.synthesize import synthesize

    synthesize(40, 11, source)
    assessment = opentrd.assess(opentrd.read(source))
    for person in ("P0000001", "P0000017", "P0000033"):
        for definition in ("sforzini_2022", "fabbri_2021_code", "ohdsi_1009_json"):
            for edge in assessment.explain("verdict", definition, person):
                assert edge["row"] is not None, edge


def test_an_assessment_that_was_replaced_says_so(tmp_path: Path) -> None:
    first = run(HISTORY, tmp_path / "record")
    opentrd.assess(first.record, "2020-04-01")
    with pytest.raises(RuntimeError, match="replaced by a later one"):
        first.verdict.rows()


def test_as_of_hides_what_came_later(tmp_path: Path) -> None:
    early = {row["definition"]: row for row in run(HISTORY, tmp_path / "record", "2020-03-15").verdict.rows()}
    assert early["two_adequate_trials"]["failed_high"] == 1
    assert str(early["two_adequate_trials"]["observed_to"]) <= "2020-03-15"


def test_a_question_names_the_missing_dose_and_what_it_settles(tmp_path: Path) -> None:
    questions = run(HISTORY, tmp_path / "record").question.rows()
    dose = next(row for row in questions if row["field"] == "daily_dose_mg")
    assert dose["table"] == "exposure" and dose["row"] == "e2" and "venlafaxine" in dose["asks"]
    assert dose["settles_low"] >= 1 and dose["settles_high"] >= dose["settles_low"]


def test_one_patient_alone_and_in_a_cohort_give_the_same_rows(tmp_path: Path) -> None:
    from opentrd.record.synthesize import synthesize

    synthesize(1000, 5, tmp_path / "cohort")
    cohort = opentrd.read(tmp_path / "cohort")
    together = opentrd.assess(cohort)
    wanted = {
        table: [
            row for row in getattr(together, table).rows() if row["person_id"] in ("P0000007", "P0000421")
        ]
        for table in ("episode", "trial", "verdict", "stage", "question")
    }
    for person in ("P0000007", "P0000421"):
        record = opentrd.read(tmp_path / "cohort")
        record.only(person)
        alone = opentrd.assess(record)
        for table, rows in wanted.items():
            mine = [row for row in rows if row["person_id"] == person]
            assert getattr(alone, table).rows() == mine, (person, table)


def test_the_printed_script_gives_the_same_verdicts(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    assessment = run(renamed(HISTORY, "p7"), folder)
    expected = assessment.verdict.rows()
    plain = duckdb.connect()
    plain.execute("CREATE SCHEMA record")
    for table in RECORD_COLUMNS:
        rows = assessment.connection.sql(f"SELECT * FROM record.{table}").to_arrow_table()
        plain.register("rows", rows)
        plain.execute(f"CREATE TABLE record.{table} AS SELECT * FROM rows")
    plain.execute("CREATE TABLE record.request AS SELECT CAST(NULL AS DATE) AS as_of")
    plain.execute(script("duckdb", tested=True))
    got = plain.sql("SELECT * FROM assess.verdict ORDER BY ALL").fetchall()
    assert got == [tuple(row.values()) for row in expected]


def test_definitions_are_rendered_from_their_parameters(tmp_path: Path) -> None:
    from opentrd.knowledge.wording import definition_texts

    connection = run(HISTORY, tmp_path / "record").connection
    before = definition_texts(connection)["sforzini_2022"]["text"]
    assert "below 25 %" in before and "at least 28 days" in before and "current depressive episode" in before
    connection.execute("UPDATE knowledge.adequacy_rule SET min_days = '35' WHERE adequacy_rule = 'atrq_28'")
    assert "at least 35 days" in definition_texts(connection)["sforzini_2022"]["text"]
    knowledge.load_into(connection)
