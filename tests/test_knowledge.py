"""The facts are well formed, sourced and free of contradiction, and planted mistakes are found."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from opentrd import knowledge
from opentrd.knowledge.checks import schema_disagreements

Rows = list[dict[str, str]]
Plant = Callable[[str, Callable[[Rows], None]], list[str]]


@pytest.fixture
def planted(tmp_path: Path) -> Plant:
    """Copy the tables, change one of them, and return what the check then finds."""

    def plant(name: str, change: Callable[[Rows], None]) -> list[str]:
        folder = tmp_path / "tables"
        shutil.copytree(knowledge.TABLES, folder)
        path = folder / f"{name}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), list(reader.fieldnames or [])
        change(rows)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return knowledge.check(folder)

    return plant


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    knowledge.load_into(connection)
    return connection


def one(rows: Rows, **wanted: str) -> dict[str, str]:
    (row,) = [row for row in rows if all(row[column] == value for column, value in wanted.items())]
    return row


def test_the_tables_have_no_findings() -> None:
    assert knowledge.check() == []


def test_the_loader_and_the_schema_agree_on_types() -> None:
    assert schema_disagreements() == []


def test_sertraline_with_the_id_of_citalopram_is_found(planted: Plant) -> None:
    def give_the_wrong_id(rows: Rows) -> None:
        one(rows, agent="sertraline", system="OMOP")["code"] = "797617"

    findings = planted("agent_code", give_the_wrong_id)
    assert any("sertraline" in finding and "'Citalopram'" in finding for finding in findings)
    assert any("797617" in finding and "a code serves one name" in finding for finding in findings)


def test_a_wrong_code_is_found_even_where_it_stands_only_once(planted: Plant) -> None:
    def swap(rows: Rows) -> None:
        first, second = (
            one(rows, agent="milnacipran", system="OMOP"),
            one(rows, agent="reboxetine", system="OMOP"),
        )
        first["code"], second["code"] = second["code"], first["code"]

    findings = planted("agent_code", swap)
    assert any("milnacipran" in finding and "'reboxetine'" in finding for finding in findings)
    assert any("reboxetine" in finding and "'milnacipran'" in finding for finding in findings)


def test_a_code_that_no_vocabulary_names_is_found(planted: Plant) -> None:
    findings = planted(
        "agent_code", lambda rows: one(rows, agent="sertraline", system="RxNorm").update(code="1")
    )
    assert any("code_name.csv has no name for this code" in finding for finding in findings)


@pytest.mark.parametrize("name", knowledge.tables())
def test_a_row_without_a_source_is_found(planted: Plant, name: str) -> None:
    findings = planted(name, lambda rows: rows[0].update(source=""))
    assert any(finding.startswith(f"{name}.csv, row 1 ") and "source" in finding for finding in findings)


def test_a_fact_that_was_read_nowhere_has_to_be_recalled(planted: Plant) -> None:
    findings = planted("dose_minimum", lambda rows: rows[0].update(read_in=""))
    assert any("not marked recalled" in finding for finding in findings)


def test_an_unknown_knowledge_status_is_found(planted: Plant) -> None:
    findings = planted("band", lambda rows: rows[0].update(knowledge_status="probably"))
    assert any(finding.startswith("band.csv, row 1 ") for finding in findings)


def test_a_row_that_stands_twice_is_found(planted: Plant) -> None:
    findings = planted("dose_minimum", lambda rows: rows.append(rows[0]))
    assert any("the same key" in finding for finding in findings)


@pytest.mark.parametrize("name", ["agent_code", "condition_code", "measure_code", "procedure_code"])
def test_a_code_that_serves_two_names_is_found(planted: Plant, name: str) -> None:
    def share(rows: Rows) -> None:
        column = next(iter(rows[0]))
        other = next(row for row in rows if row[column] != rows[0][column])
        rows.append({**rows[0], column: other[column]})

    assert any("a code serves one name" in finding for finding in planted(name, share))


def test_a_dose_for_an_unknown_agent_is_found(planted: Plant) -> None:
    findings = planted("dose_minimum", lambda rows: rows[0].update(agent="sertralin"))
    assert any("'sertralin' is not in agent.csv" in finding for finding in findings)


def test_a_computed_dose_that_does_not_follow_from_its_factor_is_found(planted: Plant) -> None:
    def change(rows: Rows) -> None:
        one(rows, dose_table="fluoxetine_20", agent="sertraline")["min_dose_mg"] = "50"

    assert any("dose times factor" in finding for finding in planted("dose_minimum", change))


def test_a_diagnosis_that_includes_and_excludes_is_found(planted: Plant) -> None:
    def add(rows: Rows) -> None:
        rows.append({**one(rows, condition_set="bipolar", condition="mania"), "condition_set": "depression"})

    assert any(
        "'mania' is in depression and in bipolar" in finding for finding in planted("condition_set", add)
    )


def test_a_row_with_a_missing_cell_is_found_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "level.csv").write_text("level,source,read_in,knowledge_status\na,b,c\n", encoding="utf-8")
    assert knowledge.check(tmp_path) == ["level.csv, row 1: 3 cells, but the header has 4"]


def test_a_table_without_provenance_is_found(tmp_path: Path) -> None:
    (tmp_path / "level.csv").write_text("level\na\n", encoding="utf-8")
    assert knowledge.check(tmp_path) == ["level.csv: has no column source, read_in, knowledge_status"]


def test_all_tables_load_with_their_types(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'knowledge'"
    ).fetchall()
    types = {(table, column): kind for table, column, kind in rows}
    assert {table for table, _ in types} == set(knowledge.assessment_tables())
    assert types["dose_minimum", "min_dose_mg"] == "DOUBLE"
    assert types["dose_equivalence", "factor"] == "DOUBLE"
    assert types["measure", "max_value"] == "DOUBLE"
    assert types["agent_code", "code"] == "VARCHAR"
    assert types["condition_code", "code"] == "VARCHAR"
    assert set(types.values()) <= {"VARCHAR", "DOUBLE", "BIGINT", "BOOLEAN"}


def test_loading_twice_leaves_the_same_tables(connection: duckdb.DuckDBPyConnection) -> None:
    before = connection.execute("SELECT count(*) FROM knowledge.agent_code").fetchall()
    knowledge.load_into(connection)
    assert connection.execute("SELECT count(*) FROM knowledge.agent_code").fetchall() == before


def test_an_empty_cell_is_null_and_an_empty_form_is_text() -> None:
    table = knowledge.table("dose_minimum")
    assert isinstance(table, pa.Table)
    assert table["form"].null_count == 0
    assert "" in table["form"].to_pylist()
    assert "" not in knowledge.table("agent")["note"].to_pylist()


def test_every_agent_of_a_dose_table_is_known() -> None:
    agents = set(knowledge.table("agent")["agent"].to_pylist())
    assert set(knowledge.table("dose_minimum")["agent"].to_pylist()) <= agents


@pytest.mark.parametrize(
    ("dose_table", "agent", "form", "dose"),
    [
        ("atrq", "sertraline", "", 50),
        ("atrq", "venlafaxine", "", 150),
        ("atrq", "mirtazapine", "", 15),
        ("atrq", "amitriptyline", "", 150),
        ("atrq", "paroxetine", "", 20),
        ("atrq", "paroxetine", "CR", 25),
        ("atrq", "selegiline", "transdermal", 6),
        ("atrq", "quetiapine", "", 150),
        ("canmat", "venlafaxine", "", 75),
        ("canmat", "mirtazapine", "", 30),
        ("canmat", "sertraline", "", 50),
        ("fluoxetine_20", "sertraline", "", 49.25),
        ("fluoxetine_20", "citalopram", "", 20),
    ],
)
def test_minimum_doses(dose_table: str, agent: str, form: str, dose: float) -> None:
    rows = knowledge.table("dose_minimum").to_pylist()
    found = [
        row["min_dose_mg"]
        for row in rows
        if (row["dose_table"], row["agent"], row["form"]) == (dose_table, agent, form)
    ]
    assert found == [dose]


def test_oral_selegiline_has_no_minimum_dose() -> None:
    rows = knowledge.table("dose_minimum").to_pylist()
    assert {row["form"] for row in rows if row["agent"] == "selegiline"} == {"transdermal"}


@pytest.mark.parametrize(
    ("agent_set", "size"),
    [("ohdsi_1009_antidepressant", 48), ("ohdsi_1009_antipsychotic", 7), ("ohdsi_1009_esketamine", 1)],
)
def test_the_sets_of_cohort_1009_are_complete(agent_set: str, size: int) -> None:
    assert knowledge.table("agent_set")["agent_set"].to_pylist().count(agent_set) == size


def test_no_antidepressant_is_missing_from_the_thase_rush_classes() -> None:
    rows = knowledge.table("agent").to_pylist()
    assert all(row["thase_rush_class"] for row in rows if row["role"] == "antidepressant")
    classes = {row["agent"]: row["thase_rush_class"] for row in rows}
    assert (classes["sertraline"], classes["duloxetine"], classes["clomipramine"]) == ("SSRI", "SNRI", "TCA")
    assert (classes["moclobemide"], classes["mirtazapine"], classes["lithium"]) == ("MAOI", "other", "")


@pytest.mark.parametrize(
    ("system", "code", "condition"),
    [
        ("name", "mdd", "major depressive disorder"),
        ("name", "depression", "depression, unspecified"),
        ("name", "family history of bipolar disorder", "family history of bipolar disorder"),
        ("ICD10CM", "F33.2", "severe depression, recurrent"),
        ("ICD10CM", "F32.81", "premenstrual dysphoric disorder"),
        ("ICD10CM", "F32.89", "other depressive episode"),
        ("ICD10CM", "F31.81", "bipolar II disorder"),
        ("ICD10", "F32.9", "depression, unspecified"),
        ("ICD10CM", "F17.210", "nicotine dependence"),
        ("ICD10CM", "F10.20", "alcohol use disorder"),
        ("OMOP", "4152280", "major depressive disorder"),
    ],
)
def test_the_most_specific_code_names_the_condition(
    connection: duckdb.DuckDBPyConnection, system: str, code: str, condition: str
) -> None:
    found = connection.execute(
        """
        SELECT condition FROM knowledge.condition_code
        WHERE system = $system
          AND (match = 'exact' AND lower(code) = lower($code)
               OR match = 'prefix' AND starts_with($code, code))
        ORDER BY match, length(code) DESC LIMIT 1
        """,
        {"system": system, "code": code},
    ).fetchall()
    assert found == [(condition,)]


def test_the_set_depression_holds_no_remission_and_no_premenstrual_disorder() -> None:
    rows = knowledge.table("condition_set").to_pylist()
    depression = {row["condition"] for row in rows if row["condition_set"] == "depression"}
    assert "psychotic depression, recurrent" in depression
    assert not depression & {"premenstrual dysphoric disorder", "major depressive disorder in remission"}


def test_phq_9_total_and_items_have_their_loinc_codes() -> None:
    codes = {
        row["code"]: row["measure"]
        for row in knowledge.table("measure_code").to_pylist()
        if row["system"] == "LOINC"
    }
    assert codes["44261-6"] == "PHQ-9"
    assert codes["44260-8"] == "PHQ-9 item 9"


def test_search_finds_a_row_with_its_table() -> None:
    found = knowledge.search("797617")
    assert {row["table"] for row in found} == {"agent_code", "code_name"}
    assert [row["agent"] for row in knowledge.search("Spravato", "agent_code")] == ["esketamine"]
    assert knowledge.search("no such thing anywhere") == []


def test_an_unknown_table_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="agent_code"):
        knowledge.table("agents")


def test_the_digest_is_stable_and_a_sha_256() -> None:
    assert knowledge.digest() == knowledge.digest()
    assert len(knowledge.digest()) == 64
