"""From findings, domains, options and outcomes down to the rows of the record (file and row) and of the knowledge."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import opentrd
from histories import Raw, write_folder
from opentrd import lineage
from opentrd.cli import main
from opentrd.record.synthesize import synthesize

# A woman on tranylcypromine after a short trial of sertraline; a PHQ-9 with thoughts of death, CRP 7 mg/L, fast CYP2C19.
HISTORY: Raw = {
    "person": [{"person_id": "p1", "birth_date": "1970-05-01", "sex": "female"}],
    "observation_period": [{"person_id": "p1", "start_date": "2023-01-01", "end_date": "2024-06-01"}],
    "exposure": [
        {"exposure_id": "e1", "person_id": "p1", "agent": "escitalopram", "start_date": "2024-01-01", "end_date": "2024-01-20",
         "daily_dose_mg": "5", "stop_reason": "inefficacy"},
        {"exposure_id": "e2", "person_id": "p1", "agent": "tranylcypromine", "start_date": "2024-03-01", "end_date": "",
         "ongoing": "true", "daily_dose_mg": "30"},
    ],
    "condition": [
        {"condition_id": "c1", "person_id": "p1", "condition": "major depressive disorder", "start_date": "2023-12-01"},
        {"condition_id": "c2", "person_id": "p1", "condition": "obesity", "start_date": "2023-12-01"},
    ],
    "procedure": [],
    "measurement": [
        {"measurement_id": "m1", "person_id": "p1", "measure": "PHQ-9 item 9", "date": "2024-05-28", "value": "2"},
        {"measurement_id": "m2", "person_id": "p1", "measure": "CRP", "date": "2024-05-28", "value": "7", "unit": "mg/L"},
        {"measurement_id": "m3", "person_id": "p1", "measure": "MADRS", "date": "2023-12-30", "value": "30"},
        {"measurement_id": "m4", "person_id": "p1", "measure": "MADRS", "date": "2024-01-19", "value": "29"},
    ],
    "genotype": [{"person_id": "p1", "gene": "CYP2C19", "diplotype": "*17/*17"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> opentrd.Assessment:
    folder = write_folder(HISTORY, tmp_path_factory.mktemp("explain") / "record")
    return opentrd.assess(opentrd.read(folder), "2024-06-01", engine="duckdb")


def reached(assessment: opentrd.Assessment, table: str, key: str) -> dict[tuple[str, str], dict[str, object]]:
    edges = assessment.explain(table, key)
    assert all(edge["row"] is not None for edge in edges), [edge for edge in edges if edge["row"] is None]
    return {(edge["table"], edge["key"]): edge for edge in edges}


def test_a_present_finding_leads_to_the_row_of_the_file_and_to_its_rule(
    assessment: opentrd.Assessment,
) -> None:
    found = reached(assessment, "finding", "suicidality")
    item = found["measurement", "m1"]
    assert item["truth"] is True and item["origin"] == {"file": "measurement.csv", "row": "2"}
    rule = found["sign_rule", "suicidal_thoughts/measure/PHQ-9 item 9/both"]["row"]
    assert rule["source"].startswith("PHQ-9 item 9") and rule["knowledge_status"] == "verified"  # type: ignore[index, union-attr]


def test_a_finding_that_nothing_is_recorded_of_names_the_table_that_would_show_it(
    assessment: opentrd.Assessment,
) -> None:
    found = reached(assessment, "finding", "delirium")
    assert found["kept", "condition"]["truth"] is True
    assert ("knowledge.sign", "delirium") in found and ("knowledge.finding", "delirium") in found


def test_a_short_trial_leads_to_the_dispensing_and_the_rule_on_duration(
    assessment: opentrd.Assessment,
) -> None:
    found = reached(assessment, "finding", "short_duration/p1/escitalopram/1")
    assert found["exposure", "e1"]["origin"] == {"file": "exposure.csv", "row": "2"}
    assert ("adequacy_rule", "atrq_42") in found and ("exposure", "e2") not in found


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("crp_stratum", {("measurement", "m2"), ("biomarker_rule", "crp_high")}),
        ("crp_confounder/BMI", {("condition", "c2"), ("biomarker_rule", "confounder_bmi")}),
        ("enzyme_activity/CYP2C19/CPIC", {("genotype", "CYP2C19 *17/*17"), ("allele_function", "CPIC/CYP2C19/*17")}),
        ("gene_drug/escitalopram, CYP2C19/CPIC",
         {("genotype", "CYP2C19 *17/*17"), ("exposure", "e1"),
          ("pgx_recommendation", "CPIC/escitalopram/CYP2C19/Ultrarapid Metabolizer//")}),
        ("trial_unmeasured/p1/escitalopram/1", {("measurement", "m4"), ("trial", "p1/escitalopram/1")}),
    ],
)  # fmt: skip
def test_findings_lead_to_their_rows_and_rules(
    assessment: opentrd.Assessment, key: str, expected: set[tuple[str, str]]
) -> None:
    assert expected <= reached(assessment, "finding", key).keys()


def test_a_blocked_option_leads_to_the_drug_that_blocks_it_and_its_rule(
    assessment: opentrd.Assessment,
) -> None:
    edges = assessment.explain("option", "sertraline/switch")
    assert all(edge["row"] is not None for edge in edges)
    blocking = [
        edge["key"]
        for edge in edges
        if edge["depth"] == 1 and edge["role"] == "block" and edge["truth"] and edge["table"] == "option_hit"
    ]
    assert blocking, "a current MAO inhibitor blocks sertraline"
    under = {(edge["of_key"], edge["table"], edge["key"]) for edge in edges}
    for key in blocking:
        assert (key, "safety_rule", key.split("/", 1)[1]) in under
    assert any((key, "exposure", "e2") in under for key in blocking)
    drug = next(edge for edge in edges if (edge["table"], edge["key"]) == ("exposure", "e2"))
    assert drug["origin"] == {"file": "exposure.csv", "row": "3"}


def test_unchecked_rules_and_guideline_lines_of_an_option_are_named(assessment: opentrd.Assessment) -> None:
    option = {(row["treatment"], row["role"]): row for row in assessment.option.rows()}["lithium", "add"]
    edges = assessment.explain("option", "lithium/add")
    unchecked = {edge["key"] for edge in edges if edge["depth"] == 1 and edge["role"] == "unchecked"}
    named = {name.removesuffix(" (not computable)") for name in option["unchecked"].split("; ")}
    assert unchecked == named and unchecked
    lines = {edge["row"]["guideline"] for edge in edges if edge["table"] == "guideline_line"}
    recommended = {
        row["guideline"]
        for row in assessment.recommendation.rows()
        if (row["treatment"], row["role"]) == ("lithium", "add")
    }
    assert lines == recommended and lines


def test_a_domain_leads_to_every_indicator_and_those_present_to_the_record(
    assessment: opentrd.Assessment,
) -> None:
    found = reached(assessment, "domain", "suicidal")
    domain = {row["domain"]: row for row in assessment.domain.rows()}["suicidal"]
    truths = [edge["truth"] for (table, _), edge in found.items() if table == "indicator"]
    assert (truths.count(True), truths.count(False), truths.count(None)) == (
        domain["present"],
        domain["absent"],
        domain["not_measured"],
    )
    assert ("measurement", "m1") in found and domain["present"]


def test_an_outcome_leads_to_both_ratings(assessment: opentrd.Assessment) -> None:
    found = reached(assessment, "outcome", "p1/escitalopram/1/m4/response_50")
    assert {("measurement", "m3"), ("measurement", "m4"), ("outcome_rule", "response_50")} <= found.keys()


def test_a_key_that_leaves_several_rows_says_which(assessment: opentrd.Assessment) -> None:
    with pytest.raises(
        KeyError, match=r"several rows 'short_duration'.*p1/escitalopram/1.*p1/tranylcypromine/1"
    ):
        assessment.explain("finding", "short_duration")
    with pytest.raises(KeyError, match=r"known keys: .*suicidality"):
        assessment.explain("finding", "nonsense")


def test_rows_without_ids_are_found_by_where_they_stand(tmp_path: Path) -> None:
    bare: Raw = {
        table: [{k: v for k, v in row.items() if k != f"{table}_id"} for row in rows]
        for table, rows in HISTORY.items()
    }
    bare["exposure"].reverse()
    assessment = opentrd.assess(
        opentrd.read(write_folder(bare, tmp_path / "record")), "2024-06-01", engine="duckdb"
    )
    edges = assessment.explain("finding", "short_duration/p1/escitalopram/1")
    places = {(edge["row"]["agent"], edge["origin"]["row"]) for edge in edges if edge["table"] == "exposure"}
    assert places == {("escitalopram", "3")}


def test_every_row_of_every_result_has_edges_and_every_edge_ends_in_a_row(tmp_path: Path) -> None:
    synthesize(12, 5, tmp_path / "many")
    many = opentrd.assess(opentrd.read(tmp_path / "many"), engine="duckdb")
    many.trace()
    persons = [row[0] for row in many.connection.execute("SELECT person_id FROM record.person").fetchall()]
    for person in sorted(persons)[::3]:
        edges = lineage.person_trace(many.connection, person)
        rows = {(edge["table_name"], edge["row_key"]) for edge in edges}
        for table in ("finding", "domain", "indicator", "option", "outcome", "sign", "option_hit"):
            keys = many.connection.execute(
                f"SELECT {lineage.RESULT_KEYS[table]} FROM assess.{table} WHERE person_id = ?", [person]
            ).fetchall()
            assert {(table, key) for (key,) in keys} <= rows
        for table, key in {(edge["from_table"], edge["from_key"]) for edge in edges}:
            assert lineage.row_of(many.connection, person, table, key) is not None, (table, key)
            if table in lineage.RECORD_KEYS:
                assert lineage.origin_of(many.connection, person, table, key) is not None, (table, key)


def test_without_the_fit_the_trace_holds_verdicts_and_stages_only(tmp_path: Path) -> None:
    plain = opentrd.assess(
        opentrd.read(write_folder(HISTORY, tmp_path / "record")), fit=False, engine="duckdb"
    )
    assert plain.explain("verdict", "two_adequate_trials")
    with pytest.raises(KeyError, match="known keys: none"):
        plain.explain("finding", "suicidality")


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str]:
    """The exit code and everything printed: not to a terminal, so no line is broken."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "argv", ["opentrd", "explain", *map(str, arguments)])
    code = 0
    try:
        main()
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_the_command_prints_the_tree_with_file_and_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(HISTORY, tmp_path / "record")
    code, text = said(monkeypatch, capsys, "option", "sertraline/switch", folder, "--as-of", "2024-06-01")
    assert code == 0
    assert text.startswith("option sertraline/switch  standing blocked")
    block = next(line for line in text.splitlines() if "block: yes" in line)
    assert "because tranylcypromine" in block
    assert "[exposure.csv, row 3]" in text and "unchecked, because the record says nothing on them:" in text
    rules = [line for line in text.splitlines() if "rule  safety_rule" in line]
    assert rules and all(
        line.endswith(")") and ("(transcribed: " in line or "(verified: " in line or "(recalled: " in line)
        for line in rules
    )


def test_the_command_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(HISTORY, tmp_path / "record")
    code, text = said(monkeypatch, capsys, "finding", "suicidality", folder, "--json", "--person", "p1")
    found = json.loads(text[text.index("{") :])
    assert code == 0 and found["key"] == "suicidality//record" and found["row"]["present"] is True
    assert {"file": "measurement.csv", "row": "2"} in [edge["origin"] for edge in found["edges"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense", "x"], "'nonsense' is not a table whose rows are explained; choose one of verdict,"),
        (["finding", "nonsense"], "finding has no row 'nonsense' for this person; known keys:"),
        (["finding", "suicidality", "--person", "nobody"], "The source has no person with the id given"),
        (["finding", "suicidality", "--as-of", "June"], "as-of 'June' is not a date"),
    ],
)
def test_what_is_not_there_is_a_message(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_folder(HISTORY, tmp_path / "record")
    code, text = said(monkeypatch, capsys, *arguments[:2], folder, *arguments[2:])
    assert code == 2 and message in text and "Traceback" not in text
