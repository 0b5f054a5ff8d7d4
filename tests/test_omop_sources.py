"""Where an OMOP CDM may lie and in which version, what is refused, and two public CDMs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest

from omop_cdm import CDM, rows, unread, write_database, write_folder
from opentrd.record import omop
from opentrd.record.omop import is_omop, load_omop
from opentrd.record.raw import InputError, connect

SHARED = Path(__file__).parents[1].parent / "shared"
SYNPUF = SHARED / "data" / "omop-synpuf50"
SYNTHEA = SHARED / "data" / "omop-synthea27nj" / "Synthea27Nj_5.4.zip"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect()


def test_version_5_4_and_only_datetimes(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables = dict(CDM)
    tables["procedure_occurrence"] = """
        PROCEDURE_OCCURRENCE_ID,PERSON_ID,PROCEDURE_CONCEPT_ID,PROCEDURE_DATETIME,PROCEDURE_END_DATE,PROCEDURE_SOURCE_VALUE,PROCEDURE_SOURCE_CONCEPT_ID
        31,1,4030840,2020-02-10 08:30:00,2020-03-10,x,0"""
    tables["cdm_source"] = """
        cdm_source_name,cdm_version,vocabulary_version
        test,v5.4,v5.0 31-AUG-23"""
    tables["visit_detail"] = "visit_detail_id,admitted_from_concept_id\n"
    result = load_omop(connection, write_folder(tmp_path / "cdm", tables))
    assert (result["cdm_version"], result["vocabulary_version"]) == ("v5.4", "v5.0 31-AUG-23")
    assert rows(connection, "procedure", "procedure, date, end_date") == [("ECT", "2020-02-10", "2020-03-10")]


def test_a_duckdb_file_is_read_in_place(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    database = write_database(tmp_path / "cdm.duckdb", CDM, tmp_path / "folder", schema="my cdm")
    before = database.read_bytes()
    assert is_omop(database)
    result = load_omop(connection, database)
    assert (result["format"], result["cdm_schema"], result["rows"]["person"]) == ("duckdb", "my cdm", 3)
    assert database.read_bytes() == before
    other = connect()
    load_omop(other, tmp_path / "folder")
    for table in ("person", "exposure", "condition", "procedure", "measurement"):
        assert rows(connection, table, "*") == rows(other, table, "*")
    # nothing is left attached, so the file can be opened again
    with duckdb.connect(str(database)) as again:
        assert again.execute('SELECT count(*) FROM "my cdm".person').fetchall() == [(3,)]


def test_a_schema_has_to_be_named_when_there_are_two(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    database = write_database(tmp_path / "cdm.duckdb", CDM, tmp_path / "a", schema="first")
    write_database(database, CDM, tmp_path / "b", schema="second")
    with pytest.raises(InputError, match=r"first, second.*--cdm-schema"):
        load_omop(connection, database)
    assert load_omop(connection, database, cdm_schema="SECOND")["cdm_schema"] == "second"
    with pytest.raises(InputError, match="third"):
        load_omop(connection, database, cdm_schema="third")


def test_parquet_with_numbers_as_r_writes_them(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    source = write_folder(tmp_path / "csv", CDM)
    (tmp_path / "cdm").mkdir()
    for file in source.iterdir():
        target = tmp_path / "cdm" / f"{file.stem.upper()}.parquet"
        columns = "*"
        if file.stem == "drug_exposure":
            columns = "* REPLACE (person_id::DOUBLE AS person_id, 'NaN'::DOUBLE AS refills)"
        duckdb.sql(f"COPY (SELECT {columns} FROM read_csv('{file}')) TO '{target}' (FORMAT parquet)")
    assert is_omop(tmp_path / "cdm")
    load_omop(connection, tmp_path / "cdm")
    assert {row[0] for row in rows(connection, "exposure", "person_id")} == {"1", "2"}
    assert not any(field == "refills" for field, _, _ in unread(connection, "drug_exposure"))


def test_a_bad_date_is_handed_on_as_it_was_written(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    dates, bad_dates = "2020-01-01,2020-01-30,38000175,,0,60", "2020-02-31,20200305,38000175,,0,60"
    tables = {**CDM, "drug_exposure": CDM["drug_exposure"].replace(dates, bad_dates)}
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    found = {row[0]: row[1:] for row in rows(connection, "exposure", "exposure_id, start_date, end_date")}
    assert found["11"] == ("2020-02-31", "2020-03-05")


def test_a_broken_line_is_noted_and_the_others_are_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "cdm", CDM)
    with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
        file.write("45,1,3042932,2020-01-01,4172703,19,0,phq,0,{score},19,too,many\n")
    load_omop(connection, folder)
    assert len(rows(connection, "measurement", "measurement_id")) == 4
    assert any("were not read" in why for _, _, why in unread(connection, "measurement"))


def test_the_list_of_unread_concepts_is_short(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(omop, "UNREAD_LINES", 1)
    load_omop(connection, write_folder(tmp_path / "cdm", CDM))
    listed = [row for row in unread(connection, "drug_exposure") if row[0] == "drug_concept_id"]
    assert listed == [
        ("drug_concept_id", "0 (source value Zoloft 50)", "unmapped concept 0: 2 rows"),
        ("drug_concept_id", "", "1 further concepts or source values that are not listed one by one: 1 row"),
    ]


def test_what_is_no_cdm(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    record_tables = write_folder(
        tmp_path / "record", {"person": "person_id,sex\n1,female", "exposure": "person_id"}
    )
    assert not is_omop(record_tables)
    assert not is_omop(tmp_path / "nowhere")
    with pytest.raises(InputError, match="gender_concept_id"):
        load_omop(connection, record_tables)
    with pytest.raises(InputError, match="no such file"):
        load_omop(connection, tmp_path / "nowhere")
    (tmp_path / "text.duckdb").write_text("not a database")
    assert not is_omop(tmp_path / "text.duckdb")
    with pytest.raises(InputError, match="not a DuckDB file"):
        load_omop(connection, tmp_path / "text.duckdb")
    broken = write_folder(tmp_path / "broken", CDM)
    (broken / "observation.csv").rename(broken / "observation.parquet")
    with pytest.raises(InputError, match=r"observation\.parquet"):
        load_omop(connection, broken)


def test_a_table_that_is_there_twice_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "cdm", CDM)
    (folder / "PERSON.tsv").write_text("person_id\tgender_concept_id\n1\t8532\n")
    with pytest.raises(InputError, match="there twice"):
        load_omop(connection, folder)


def test_other_files_are_named(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_omop(
        connection, write_folder(tmp_path / "cdm", {**CDM, "my_notes": "a\n1", "death": "person_id\n1"})
    )
    assert unread(connection, "my_notes.csv") == [("", "", "not a table of the OMOP CDM; not read")]
    assert unread(connection, "death.csv") == []


def test_postgresql_says_what_to_do_and_hides_the_password(connection: duckdb.DuckDBPyConnection) -> None:
    url = "postgresql://reader:secret@localhost:1/cdm"
    assert is_omop(url)
    with pytest.raises(InputError) as error:
        load_omop(connection, url)
    assert "secret" not in str(error.value)
    assert "PostgreSQL" in str(error.value)


@pytest.mark.skipif(not SYNPUF.is_dir(), reason="the SynPUF sample does not lie beside the repository")
def test_synpuf_without_ancestry(connection: duckdb.DuckDBPyConnection) -> None:
    assert is_omop(SYNPUF)
    result = load_omop(connection, SYNPUF)
    assert result["rows"]["person"] == 50
    found = {
        row[0]: row[1:] for row in rows(connection, "exposure", "source_row, agent, daily_dose_mg, form")
    }
    # every antidepressant of the sample by the words of its concept's name
    [(expected,)] = duckdb.execute(
        f"SELECT count(*) FROM '{SYNPUF}/drug_exposure.parquet' JOIN '{SYNPUF}/concept.parquet' "
        "ON concept_id = drug_concept_id WHERE regexp_matches(lower(concept_name), 'sertraline|fluoxetine')"
    ).fetchall()
    assert sum(row[0] in ("sertraline", "fluoxetine") for row in found.values()) == expected > 0
    both = rows(connection, "exposure", "source_row, agent, exposure_id")
    assert {agent for row, agent, _ in both if row in {r for r, a, _ in both if a == "perphenazine"}} <= {
        "amitriptyline", "perphenazine",
    }  # fmt: skip
    assert rows(connection, "condition", "condition_id")
    assert unread(connection, "concept_ancestor")


@pytest.mark.skipif(not SYNTHEA.is_file(), reason="the Synthea CDM does not lie beside the repository")
def test_synthea_5_4(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with zipfile.ZipFile(SYNTHEA) as archive:
        archive.extractall(tmp_path)
    assert is_omop(tmp_path)
    result = load_omop(connection, tmp_path)
    assert (result["rows"]["person"], result["cdm_version"]) == (28, "5.4")
    agents = {row[0] for row in rows(connection, "exposure", "agent")}
    assert not {"sertraline", "fluoxetine", "citalopram"} & agents  # the sample has no antidepressant
    assert ("value_as_number", "PHQ-9", "no number is given; not used: 15 rows") in unread(
        connection, "observation"
    )
