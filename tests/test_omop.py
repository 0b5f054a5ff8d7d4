"""Reading an OMOP CDM: what becomes of its rows, on a small CDM with one case of each kind."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from omop_cdm import CDM, drop_column, meaning, rows, unread, write_folder
from opentrd.record.omop import load_omop
from opentrd.record.raw import connect


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect()


@pytest.fixture
def loaded(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    load_omop(connection, write_folder(tmp_path / "cdm", CDM))
    return connection


def test_a_drug_is_its_ingredients_by_ancestry(loaded: duckdb.DuckDBPyConnection) -> None:
    found = rows(loaded, "exposure", "exposure_id, person_id, agent, status, source, source_row")
    assert found[0] == ("11", "1", "sertraline", "dispensed", "drug_exposure", "11")
    assert {(row[0], row[2]) for row in found if row[1] == "2"} >= {("18", "venlafaxine")}
    assert not {"16", "17", "19"} & {row[5] for row in found}


def test_a_combination_gives_one_exposure_per_known_ingredient(loaded: duckdb.DuckDBPyConnection) -> None:
    found = rows(loaded, "exposure", "exposure_id, agent, daily_dose_mg, source_row")
    combination = [row for row in found if row[3] == "15"]
    assert ("amitriptyline", "25") in {(row[1], row[2]) for row in combination}
    assert len({row[0] for row in combination}) == len(combination) == len({row[1] for row in combination})
    assert all(row[0] == ("15" if len(combination) == 1 else f"15-{row[1]}") for row in combination)


def test_end_and_dose(loaded: duckdb.DuckDBPyConnection) -> None:
    columns = "exposure_id, start_date, end_date, daily_dose_mg, stop_reason"
    found = {row[0]: row[1:] for row in rows(loaded, "exposure", columns)}
    assert found["11"] == ("2020-01-01", "2020-01-30", "100", None)  # 60 tablets of 50 mg in 30 days
    assert found["12"] == ("2020-02-01", "2020-03-01", "50", "inefficacy")  # no end: 30 days from the start
    assert found["13"] == ("2020-03-01", "2020-03-30", "50", None)  # the end only repeats the start
    assert found["14"] == ("2020-04-01", "2020-04-30", None, None)  # 50 g a day is no dose
    assert found["18"][2] == "150"  # 0.15 g
    notes = unread(loaded, "drug_exposure")
    assert any(field == "drug_exposure_end_date" and "repeats the start" in why for field, _, why in notes)
    assert any(
        field == "quantity" and value == "sertraline" and "implausible" in why for field, value, why in notes
    )
    assert any(field == "stop_reason" and value == "too expensive" for field, value, _ in notes)
    assert any(field == "refills" for field, _, _ in notes)


def test_form_and_route(loaded: duckdb.DuckDBPyConnection) -> None:
    found = {row[0]: row[1:] for row in rows(loaded, "exposure", "exposure_id, route, form")}
    assert found["11"] == ("oral", "tablet")
    assert found["18"] == ("oral", "CR")


def test_what_has_no_name_here_is_listed_once_with_its_count(loaded: duckdb.DuckDBPyConnection) -> None:
    notes = unread(loaded, "drug_exposure")
    assert ("drug_concept_id", "0 (source value Zoloft 50)", "unmapped concept 0: 2 rows") in notes
    not_looked_at = "not a drug that OpenTRD looks at: 1 row"
    assert ("drug_concept_id", "900004 amoxicillin 500 MG Oral Capsule", not_looked_at) in notes
    assert (
        "condition_concept_id", "900012 Fracture of wrist", "not a condition that OpenTRD looks at: 1 row",
    ) in unread(loaded, "condition_occurrence")  # fmt: skip
    assert (
        "observation_concept_id", "0 (source value shoe size)", "unmapped concept 0: 1 row",
    ) in unread(loaded, "observation")  # fmt: skip


def test_every_drug_row_is_read_or_counted(loaded: duckdb.DuckDBPyConnection) -> None:
    read = {row[0] for row in rows(loaded, "exposure", "source_row")}
    counted = [why for field, _, why in unread(loaded, "drug_exposure") if field == "drug_concept_id"]
    assert len(read) + sum(int(why.split(": ")[1].split()[0]) for why in counted) == 9


def test_the_most_specific_condition_is_taken(loaded: duckdb.DuckDBPyConnection) -> None:
    found = {row[0]: row[1:] for row in rows(loaded, "condition", "condition_id, condition, course, present")}
    assert found["21"] == (meaning(loaded, "ICD10CM", "F33.2"), "point", None)  # not "recurrent", its concept
    assert found["22"][0] == meaning(loaded, "OMOP", "432285")  # the nearest ancestor
    assert found["23"][0] == meaning(loaded, "ICD10CM", "F33.9")  # concept 0: the source's own code
    assert found["observation-52"] == ("family history of bipolar disorder", "point", "false")
    assert "24" not in found


def test_procedures_by_code_of_any_system(loaded: duckdb.DuckDBPyConnection) -> None:
    found = rows(loaded, "procedure", "procedure_id, procedure, date, end_date, sessions, laterality")
    assert found == [
        ("31", "ECT", "2020-02-10", None, "1", "bilateral"),
        ("32", "ECT", "2020-02-12", None, None, None),
    ]


def test_measurements_with_sign_and_unit(loaded: duckdb.DuckDBPyConnection) -> None:
    found = rows(loaded, "measurement", "measurement_id, measure, value, unit, sign")
    assert found == [
        ("41", "PHQ-9", "19.0", "{score}", "="),
        ("42", "CRP", "0.3", "mg/L", "<"),
        ("43", "CRP", "2.5", "mg/L", None),
        ("observation-51", "PHQ-9", "12.0", None, None),
    ]
    assert ("value_as_number", "CRP", "no number is given; not used: 1 row") in unread(loaded, "measurement")


def test_persons(loaded: duckdb.DuckDBPyConnection) -> None:
    assert rows(loaded, "person", "person_id, birth_date, sex") == [
        ("1", "1970-05-17", "female"),
        ("2", "1981-03", "male"),
        ("3", "1990", None),
    ]
    assert any(value == "8551" for _, value, _ in unread(loaded, "person"))
    assert (
        "person_id",
        "",
        "the person has no observation period; the observed time is taken from the dated rows: 1 row",
    ) in unread(loaded, "observation_period")


def test_an_omop_source_keeps_every_table(loaded: duckdb.DuckDBPyConnection) -> None:
    kept = {name for (name,) in loaded.execute("SELECT table_name FROM raw.kept").fetchall()}
    assert kept >= {"exposure", "procedure", "condition", "measurement", "observation_period", "person"}


def test_without_vocabulary_only_listed_concept_ids_count(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = {
        name: text
        for name, text in CDM.items()
        if name not in ("concept", "concept_ancestor", "drug_strength")
    }
    tables["drug_exposure"] = CDM["drug_exposure"].replace("900001", "739138")
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    assert {row[0] for row in rows(connection, "exposure", "agent")} == {"sertraline"}
    assert {row[0] for row in rows(connection, "exposure", "daily_dose_mg")} == {None}
    assert ("drug_concept_id", "900003", "no agent of OpenTRD has this concept: 1 row") in unread(
        connection, "drug_exposure"
    )
    for table in ("concept", "concept_ancestor", "drug_strength"):
        [(field, value, reason)] = unread(connection, table)
        assert (field, value) == ("", "")
        assert "no such table" in reason
    found = {row[0]: row[1] for row in rows(connection, "condition", "condition_id, condition")}
    assert found["23"] == meaning(connection, "ICD10CM", "F33.9")


def test_without_ancestry_the_name_and_the_strength_in_it_are_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = {name: text for name, text in CDM.items() if name not in ("concept_ancestor", "drug_strength")}
    tables["concept"] += """
        900005,80 ML sertraline 20 MG/ML Oral Solution,Drug,RxNorm,Clinical Drug,S,6
        900006,24 HR selegiline 0.25 MG/HR Transdermal System,Drug,RxNorm,Clinical Drug,S,7
        900007,esketamine 28 MG Nasal Spray,Drug,RxNorm,Clinical Drug,S,8"""
    tables["drug_exposure"] += """
        61,1,900005,2020-01-01,2020-01-30,38000175,,0,90,30,0,e
        62,1,900005,2020-01-01,2020-01-30,38000175,,0,1,30,0,e
        63,1,900006,2020-01-01,2020-01-30,38000175,,0,30,30,0,f
        64,1,900007,2020-01-01,2020-01-30,38000175,,0,30,30,0,g"""
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    found = {
        row[0]: row[1:] for row in rows(connection, "exposure", "source_row, agent, daily_dose_mg, form")
    }
    assert found["11"] == ("sertraline", "100", "tablet")
    assert found["18"] == ("venlafaxine", "150", "CR")
    assert found["61"] == ("sertraline", "60", "solution")
    assert found["62"] == ("sertraline", None, "solution")  # one bottle, not 1 mL in 30 days
    assert found["63"] == ("selegiline", "6", "transdermal")
    assert found["64"][0] == "esketamine"
    assert ("15", "amitriptyline", "25") in rows(connection, "exposure", "source_row, agent, daily_dose_mg")


def test_without_ancestry_drug_strength_names_the_ingredient(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = {name: text for name, text in CDM.items() if name not in ("concept_ancestor", "concept")}
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    found = {row[0]: row[1:] for row in rows(connection, "exposure", "exposure_id, agent, daily_dose_mg")}
    assert found["11"] == ("sertraline", "100")
    assert found["18"] == ("venlafaxine", "150")


def test_missing_tables_and_columns_are_noted_and_the_rest_is_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = {name: CDM[name] for name in ("person", "drug_exposure", "concept", "concept_ancestor")}
    tables["drug_exposure"] = drop_column("drug_exposure", "quantity", "days_supply")
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    assert {row[0] for row in rows(connection, "exposure", "daily_dose_mg")} == {None}
    assert len(rows(connection, "exposure", "exposure_id")) >= 6
    assert {field for field, _, why in unread(connection, "drug_exposure") if "no such column" in why} == {
        "quantity", "days_supply",
    }  # fmt: skip
    assert unread(connection, "measurement") == [
        ("", "", "the CDM has no such table: no measurement can be read")
    ]


def test_a_scale_without_a_code_is_known_by_its_name(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = dict(CDM)
    tables["concept"] += """
        2000000001,Montgomery-Asberg Depression Rating Scale total score,Measurement,site,Survey,S,m"""
    tables["measurement"] += """
        46,1,2000000001,2020-01-05,4172703,31,0,madrs,0,,"""
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    assert ("46", "MADRS", "31.0") in rows(connection, "measurement", "measurement_id, measure, value")
