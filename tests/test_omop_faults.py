"""Reading a damaged or incomplete OMOP CDM: what is still read, what is listed, and what the message says."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from omop_cdm import CDM, rows, unread, write_folder
from opentrd.record import omop
from opentrd.record.omop import is_omop, load_omop
from opentrd.record.raw import InputError, connect
from opentrd.record.reading import read


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return connect()


@pytest.mark.parametrize(
    ("byte", "kept"),
    [(b"\xe4", True), (b"\x85", False)],  # Latin-1, and a byte that Latin-1 has no letter for
)
def test_a_byte_that_is_not_utf8_costs_at_most_its_line(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, byte: bytes, kept: bool
) -> None:
    folder = write_folder(tmp_path / "cdm", CDM)
    file = folder / "drug_exposure.csv"
    before = file.read_bytes()
    assert b"4132161,a\n12" in before
    file.write_bytes(before.replace(b"4132161,a\n12", b"4132161,a" + byte + b"\n12"))
    load_omop(connection, folder)
    ids = {row[0] for row in rows(connection, "exposure", "source_row")}
    assert {"12", "13", "14", "18"} <= ids
    assert ("11" in ids) is kept
    [note] = [why for _, value, why in unread(connection, "drug_exposure") if value == "drug_exposure.csv"]
    assert ("read as Latin-1" if kept else "were not read") in note
    counted = [why for field, _, why in unread(connection, "drug_exposure") if field == "drug_concept_id"]
    assert len(ids) + sum(int(why.split(": ")[1].split()[0]) for why in counted) == (9 if kept else 8)
    leftover = "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'omop_readable%'"
    assert not connection.execute(leftover).fetchall()


def test_an_empty_file_is_a_table_without_rows(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "cdm", CDM)
    (folder / "drug_exposure.csv").write_bytes(b"")
    (folder / "measurement.csv").rename(folder / "measurement.parquet")
    (folder / "measurement.parquet").write_bytes(b"")
    assert is_omop(folder)
    load_omop(connection, folder)
    assert not rows(connection, "exposure", "exposure_id")
    assert rows(connection, "condition", "condition_id")
    for table, name in (("drug_exposure", "drug_exposure.csv"), ("measurement", "measurement.parquet")):
        assert unread(connection, table) == [("", name, "the file is empty; read as a table without rows")]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("drug_exposure.csv.gz", b"no gzip", "as CSV .* packed with gzip; export the table again"),
        ("drug_exposure.parquet", b"no Parquet", "as Parquet; export the table again"),
        ("drug_exposure.csv", b"a\0b\n1", "no header; expected the column names .* export the table again"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    folder = write_folder(tmp_path / "cdm", {k: v for k, v in CDM.items() if k != "drug_exposure"})
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}.*{expected}"):
        load_omop(connection, folder)


def test_what_is_wrong_with_a_duckdb_file(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 500)
    with pytest.raises(InputError, match=r"not a valid DuckDB file.*Expected .* export it again"):
        read(damaged)
    (tmp_path / "zero.duckdb").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty \(0 bytes\), not a DuckDB file"):
        read(tmp_path / "zero.duckdb")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(InputError, match="no CDM tables in it; found: no table"):
        read(empty)
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as database:
        database.execute("CREATE TABLE invoice (i INTEGER)")
    with pytest.raises(InputError, match="no CDM tables in it; found: invoice"):
        read(other)
    with duckdb.connect(str(other)) as database:
        database.execute("CREATE TABLE drug_exposure (drug_exposure_id INTEGER)")
    with pytest.raises(InputError, match="table person is missing; found: drug_exposure"):
        read(other)


def test_without_a_person_table_it_says_so(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "cdm", {"drug_exposure": CDM["drug_exposure"]})
    with pytest.raises(InputError, match="table person is missing; found: drug_exposure"):
        read(folder)
    (folder / "person.csv").write_bytes(b"")
    with pytest.raises(InputError, match="table person is empty; found: drug_exposure, person"):
        read(folder)
    record = write_folder(tmp_path / "record", {"exposure": "person_id,agent\n1,sertraline"})
    (record / "drug_exposure.csv").write_text("a\n1\n")
    assert not is_omop(record)


@pytest.mark.parametrize("columns", ["person_id,year_of_birth", "person_id,person_source_value"])
def test_a_person_table_without_gender_concept_id_is_still_the_cdm(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, columns: str
) -> None:
    folder = write_folder(tmp_path / "cdm", {**CDM, "person": f"{columns}\n1,1980\n2,1990"})
    assert is_omop(folder)
    load_omop(connection, folder)
    assert len(rows(connection, "person", "person_id")) == 2
    assert any(field == "gender_concept_id" for field, _, _ in unread(connection, "person"))


def unread_rows(connection: duckdb.DuckDBPyConnection, reason: str) -> set[tuple[str, ...]]:
    query = 'SELECT source, "row", field, value FROM record.unread WHERE reason LIKE ?'
    return set(connection.execute(query, [f"expected {reason}%"]).fetchall())


def test_values_that_cannot_be_are_listed_by_row(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tables = dict(CDM)
    tables["person"] = tables["person"].replace("2,8507,1981,3,", "2,8507,1981,13,45").replace("1990", "x")
    tables["drug_exposure"] = tables["drug_exposure"].replace(",60,30,", ",-100,many,", 1)
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    assert unread_rows(connection, "") == {
        ("person", "2", "month_of_birth", "13"),
        ("person", "2", "day_of_birth", "45"),
        ("person", "3", "year_of_birth", "x"),
        ("drug_exposure", "11", "quantity", "-100"),
        ("drug_exposure", "11", "days_supply", "many"),
    }
    assert ("2", "1981") in rows(connection, "person", "person_id, birth_date")


def test_many_such_values_are_counted(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(omop, "UNREAD_LINES", 1)
    tables = {**CDM, "drug_exposure": CDM["drug_exposure"].replace(",30,30,", ",-30,30,")}
    load_omop(connection, write_folder(tmp_path / "cdm", tables))
    listed = unread_rows(connection, "a number, not negative")
    assert len(listed) == 2 and ("drug_exposure", "", "quantity", "") in listed
    assert any("not used: 3 further rows" in why for _, _, why in unread(connection, "drug_exposure"))


def test_notes_do_not_say_that_a_row_is_used_which_is_not(tmp_path: Path) -> None:
    tables = dict(CDM)
    tables["drug_exposure"] += """
        71,77,900001,2020-01-01,2020-01-30,38000175,,0,60,30,0,a
        72,,900001,2020-01-01,2020-01-30,38000175,,0,60,30,0,a
        73,1,900001,2022-01-01,2022-01-30,38000175,,0,60,30,0,a
        74,1,900001,2018-01-01,2018-01-30,38000175,,0,60,30,0,a"""
    record = read(write_folder(tmp_path / "cdm", tables))
    notes = {why for _, _, why in unread(record.connection, "drug_exposure")}
    assert not any("kept" in why for why in notes)
    assert any("not in the person table; the row is used" in why and why.endswith(": 1 row") for why in notes)
    assert any("after the last observation period" in why and "not used when" in why for why in notes)
    assert any("before the first observation period; it is in the record: 1 row" in why for why in notes)
    assert any("row not used" in why for why in notes)  # the row without person_id
