"""A folder of record tables: what is read, what is noted, and what each broken input is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import opentrd
from opentrd.record.file_names import is_record_folder, near_miss
from opentrd.record.files import load_folder
from opentrd.record.raw import InputError, connect

PERSONS = "person_id,birth_date,sex\n1,1980-05-01,female\n"
EXPOSURES = "person_id,agent,start_date\n1,sertraline,2020-01-01\n"


def load(folder: Path, files: dict[str, str | bytes]) -> duckdb.DuckDBPyConnection:
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    connection = connect()
    load_folder(connection, folder)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


def unread(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return rows(connection, 'SELECT source, "row", field, value, reason FROM record.unread ORDER BY ALL')


def test_rows_carry_the_file_and_the_row_as_a_spreadsheet_counts(tmp_path: Path) -> None:
    connection = load(tmp_path, {"person.csv": PERSONS, "exposure.csv": EXPOSURES})
    assert rows(connection, "SELECT person_id, agent, source, source_row FROM raw.exposure") == [
        ("1", "sertraline", "exposure.csv", "2")
    ]
    assert rows(connection, "SELECT table_name FROM raw.kept ORDER BY 1") == [("exposure",), ("person",)]
    assert unread(connection) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EXPOSURES.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(EXPOSURES.replace(",", ";").encode(), id="semicolon"),
        pytest.param(EXPOSURES.replace(",", "\t").encode(), id="tab"),
        pytest.param(EXPOSURES.encode("utf-16"), id="UTF-16"),
        pytest.param(EXPOSURES.replace("\n", "\r\n").encode(), id="Windows line ends"),
        pytest.param(b"\n\n" + EXPOSURES.encode(), id="blank lines first"),
        pytest.param(b"Start_Date, AGENT ,Person_ID\n2020-01-01,sertraline,1\n", id="other order and case"),
        pytest.param(b'"person_id","agent","start_date"\n"1","sertraline","2020-01-01"\n', id="quoted"),
        pytest.param(EXPOSURES.encode().rstrip(), id="no line end at the end"),
    ],
)
def test_the_same_table_written_in_other_ways(tmp_path: Path, content: bytes) -> None:
    connection = load(tmp_path, {"Exposure.CSV": content})
    assert rows(connection, "SELECT person_id, agent, start_date, end_date FROM raw.exposure") == [
        ("1", "sertraline", "2020-01-01", None)
    ]
    assert unread(connection) == []


def test_gzip(tmp_path: Path) -> None:
    connection = load(tmp_path, {"exposure.csv.gz": gzip.compress(EXPOSURES.encode())})
    assert rows(connection, "SELECT agent, source FROM raw.exposure") == [("sertraline", "exposure.csv.gz")]


def test_parquet_with_typed_columns_reads_as_its_csv_would(tmp_path: Path) -> None:
    table = pa.table(
        {
            "person_id": pa.array([1, 2]),
            "agent": ["sertraline", "venlafaxine"],
            "start_date": pa.array(["2020-01-01", None]).cast(pa.date32()),
            "daily_dose_mg": [50.0, None],
            "ongoing": [True, None],
        }
    )
    pq.write_table(table, tmp_path / "exposure.parquet")
    connection = connect()
    load_folder(connection, tmp_path)
    query = "SELECT person_id, agent, start_date, daily_dose_mg, ongoing, source_row FROM raw.exposure"
    assert rows(connection, query) == [
        ("1", "sertraline", "2020-01-01", "50.0", "true", "2"),
        ("2", "venlafaxine", None, None, None, "3"),
    ]


def test_a_quoted_cell_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    text = 'person_id,agent,indication\n1,sertraline,"low mood,\nno ""drive"""\n2,venlafaxine,\n'
    connection = load(tmp_path, {"exposure.csv": text})
    assert rows(connection, "SELECT indication, source_row FROM raw.exposure ORDER BY 2") == [
        ('low mood,\nno "drive"', "2"),
        ("", "3"),
    ]


def test_a_table_that_is_there_but_empty_is_kept(tmp_path: Path) -> None:
    connection = load(tmp_path, {"procedure.csv": "person_id,procedure,date\n", "condition.csv": b""})
    assert rows(connection, "SELECT table_name FROM raw.kept ORDER BY 1") == [("condition",), ("procedure",)]
    assert unread(connection) == [
        ("condition.csv", "", "file", "", "the file is empty; read as a table without rows")
    ]


def test_the_column_table_of_coverage(tmp_path: Path) -> None:
    connection = load(tmp_path, {"coverage.csv": "person_id,table,start_date\n1,exposure,2020-01-01\n"})
    assert rows(connection, 'SELECT person_id, "table" FROM raw.coverage') == [("1", "exposure")]


def test_a_folder_whose_name_holds_wildcards(tmp_path: Path) -> None:
    folder = tmp_path / "run[1]*"
    folder.mkdir()
    assert rows(load(folder, {"exposure.csv": EXPOSURES}), "SELECT agent FROM raw.exposure") == [
        ("sertraline",)
    ]


# What is noted while the rest is read.


def test_files_that_are_not_record_tables_are_noted(tmp_path: Path) -> None:
    connection = load(tmp_path, {"person.csv": PERSONS, "notes.txt": "hello", "drugs.csv": "a,b\n"})
    assert [(note[0], note[2]) for note in unread(connection)] == [
        ("drugs.csv", "file"),
        ("notes.txt", "file"),
    ]
    assert all("not a record table" in str(note[4]) for note in unread(connection))


def test_an_unknown_column_is_noted_once_and_a_readers_column_is_not_for_files(tmp_path: Path) -> None:
    text = "person_id,condition,course,colour\n1,depression,span,red\n2,depression,span,blue\n"
    connection = load(tmp_path, {"condition.csv": text})
    assert [(note[1], note[2], note[3]) for note in unread(connection)] == [
        ("1", "colour", "colour"),
        ("1", "course", "course"),
    ]
    assert "not a column of 'condition'; expected condition_id, person_id" in str(unread(connection)[0][4])
    assert rows(connection, "SELECT course FROM raw.condition") == [(None,), (None,)]


def test_rows_of_the_wrong_length_are_noted_by_number_and_the_rest_is_read(tmp_path: Path) -> None:
    text = "person_id,agent,start_date\n1,a,2020\n2,b\n3,c,2020,x\n4,d,2020,\n5,e,2020,x,x,x,x,x\n6,f,2020\n"
    connection = load(tmp_path, {"exposure.csv": text})
    query = "SELECT person_id, source_row FROM raw.exposure ORDER BY 2"
    assert rows(connection, query) == [("1", "2"), ("4", "5"), ("6", "7")]
    assert [(note[1], note[2], note[4]) for note in unread(connection)] == [
        ("3", "row", "the row has 2 cells, the header has 3; row not used"),
        ("4", "row", "the row has 4 cells, the header has 3; row not used"),
        ("6", "row", "the row has at least 6 cells, the header has 3; row not used"),
    ]


def test_an_unclosed_quotation_mark_says_how_many_lines_went_with_it(tmp_path: Path) -> None:
    text = 'person_id,agent,start_date\n1,a,2020\n2,"b,2020\n3,c,2020\n4,d,2020\n'
    connection = load(tmp_path, {"exposure.csv": text})
    assert rows(connection, "SELECT person_id FROM raw.exposure") == [("1",)]
    (note,) = unread(connection)
    assert note[1] == "3"
    assert "a quotation mark was opened and not closed, so 2 further lines are lost with it" in str(note[4])


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    text = "person_id,agent,indication\n1,sertraline,dépression\n".encode("latin-1")
    connection = load(tmp_path, {"exposure.csv": text})
    assert rows(connection, "SELECT indication FROM raw.exposure") == [("dépression",)]
    (note,) = unread(connection)
    assert note[:3] == ("exposure.csv", "", "encoding")
    assert "not UTF-8; read as Latin-1" in str(note[4])


# What cannot be read at all.

BROKEN: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "no person_id": (
        {"person.csv": "id,sex\n1,female\n"},
        ["person.csv", "no column person_id", "found: id, sex", "expected: person_id, birth_date"],
    ),
    "no agent": (
        {"exposure.csv": "person_id,drug\n1,x\n"},
        ["exposure.csv", "no column agent", "person_id, drug"],
    ),
    "no procedure": ({"procedure.csv": "person_id,date\n"}, ["procedure.csv", "no column procedure"]),
    "no header": (
        {"condition.csv": "1,depression,2020\n"},
        ["no column person_id and condition", "first line"],
    ),
    "column twice": ({"person.csv": "person_id,sex,Sex\n1,a,b\n"}, ["person.csv", "'sex' stands twice"]),
    "two files": (
        {"person.csv": PERSONS, "PERSON.parquet": b"x"},
        ["PERSON.parquet and person.csv", "both the table 'person'", "Keep one"],
    ),
    "binary": ({"person.csv": b"PK\x03\x04\0\0\0"}, ["person.csv", "not a text file", "CSV UTF-8"]),
    "not Parquet": ({"person.parquet": b"person_id\n1\n"}, ["person.parquet", "cannot be read as Parquet"]),
    "not gzip": ({"person.csv.gz": PERSONS}, ["person.csv.gz", "not compressed with gzip", "Rename it"]),
    "gzip cut off": (
        {"exposure.csv.gz": gzip.compress(EXPOSURES.encode() * 99)[:-12]},
        ["exposure.csv.gz", "cut off"],
    ),
    "gzip damaged": (
        {"exposure.csv.gz": gzip.compress(EXPOSURES.encode())[:10] + b"\xff" * 60},
        ["exposure.csv.gz", "the gzip file is damaged"],
    ),
    "gzip check sum": (
        {"exposure.csv.gz": gzip.compress(EXPOSURES.encode())[:-8] + bytes(8)},
        ["exposure.csv.gz", "the gzip file is damaged"],
    ),
    "zero bytes": (
        {"person.csv": "person_id,sex\n" + "1,\0\n" * 40},
        ["zero (NUL) bytes, the first in line 2"],
    ),
    "long cell": (
        {"exposure.csv": "person_id,agent\n1,a\n1," + "x" * 3_000_000 + "\n"},
        ["Line 3 is longer than 2,000,000 bytes"],
    ),
    "no table": ({"readme.txt": "x"}, ["no record table", "person, observation_period, exposure"]),
    "huge cell": (
        {"exposure.csv": 'person_id,agent\n1,"' + "1,sertraline\n" * 300_000},
        ["exposure.csv", "cannot be read as a CSV table", "quotation mark"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_says_why(tmp_path: Path, case: str) -> None:
    files, expected = BROKEN[case]
    with pytest.raises(InputError) as caught:
        load(tmp_path, files)
    for part in expected:
        assert part in str(caught.value)


def test_a_path_that_is_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        load_folder(connect(), tmp_path / "absent")


def test_is_record_folder(tmp_path: Path) -> None:
    assert not is_record_folder(tmp_path)
    (tmp_path / "Person.csv").write_text(PERSONS)
    assert is_record_folder(tmp_path)
    assert not is_record_folder(tmp_path / "Person.csv")


def test_a_large_file_streams(tmp_path: Path) -> None:
    count = 200_000
    lines = "".join(f"{i // 10},sertraline,2020-01-01\n" for i in range(count))
    connection = load(tmp_path, {"exposure.csv": "person_id,agent,start_date\n" + lines})
    query = "SELECT count(*), max(CAST(source_row AS BIGINT)), count(DISTINCT source_row) FROM raw.exposure"
    assert rows(connection, query) == [(count, count + 1, count)]
    # The row number is that of the line, also in a file that is read in many pieces.
    assert rows(connection, "SELECT person_id FROM raw.exposure WHERE source_row = '150007'") == [("15000",)]


def test_a_zero_byte_does_not_cost_the_file(tmp_path: Path) -> None:
    text = "person_id,agent\n1,sertraline\n2,venla\0faxine\n3,paroxetine\n"
    connection = load(tmp_path, {"exposure.csv": text})
    assert rows(connection, "SELECT person_id FROM raw.exposure") == [("1",), ("2",), ("3",)]
    (note,) = unread(connection)
    assert note[3] == "line 3"
    assert "zero (NUL) byte" in str(note[4])


def test_thousands_of_columns(tmp_path: Path) -> None:
    extra = "".join(f",z{i}" for i in range(3000))
    connection = load(tmp_path, {"exposure.csv": f"person_id,agent{extra}\n1,a{',' * 3000}\n2,b\n"})
    assert rows(connection, "SELECT person_id FROM raw.exposure") == [("1",)]
    assert len(unread(connection)) == 3001


def test_a_decimal_comma_where_semicolons_separate(tmp_path: Path) -> None:
    text = "person_id;measure;value;assay\n1;a;12,5;1,5\n2;a;<0,125;\n3;a;1,000;\n4;a;7.5;\n"
    connection = load(tmp_path, {"measurement.csv": text})
    query = "SELECT value, assay FROM raw.measurement ORDER BY person_id"
    # 1,000 may be a thousand: left as it stands, so that it is noted as not understood.
    assert rows(connection, query) == [("12.5", "1,5"), ("<0.125", ""), ("1,000", ""), ("7.5", "")]


def test_what_opentrd_wrote_is_skipped_and_the_rest_is_noted(tmp_path: Path) -> None:
    for name in ("truth", "tables"):
        (tmp_path / name).mkdir()
    own = {
        "run.json": '{"opentrd": "0", "pages": ["index.html"]}', "index.html": "x", "unread.csv": "x",
        "unconverted.csv": "x",
    }  # fmt: skip
    connection = load(tmp_path, {**own, "person.csv": PERSONS, "mine.html": "x"})
    assert [note[0] for note in unread(connection)] == ["mine.html"]


def test_without_a_run_its_names_are_noted(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    connection = load(tmp_path, {"person.csv": PERSONS, "unread.csv": "x", "run.json": "[]"})
    assert [note[0] for note in unread(connection)] == ["run.json", "tables", "unread.csv"]


def test_one_is_singular(tmp_path: Path) -> None:
    connection = load(tmp_path, {"exposure.csv": "person_id,agent\n1\n"})
    reasons = [str(note[4]) for note in unread(connection)]
    assert reasons == ["the row has 1 cell, the header has 2; row not used"]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("exposures.csv", "exposure"), ("Person.CSV", None), ("persons.csv.gz", "person"), ("measurments.parquet", "measurement"),
        ("notes.csv", None), ("exposures.txt", None), ("conditon.csv", "condition"), ("observation_periods.csv", "observation_period"),
    ],
)  # fmt: skip
def test_a_name_that_nearly_is_that_of_a_table_is_asked_about(
    tmp_path: Path, name: str, table: str | None
) -> None:
    assert near_miss(tmp_path / name) == table


def test_a_folder_or_file_that_only_nearly_is_a_record_says_which_name_is_meant(tmp_path: Path) -> None:
    (tmp_path / "exposures.csv").write_text("person_id,agent\np1,sertraline\n", encoding="utf-8")
    for source in (tmp_path, tmp_path / "exposures.csv"):
        with pytest.raises(
            InputError, match=r"exposures\.csv the table exposure\? Then call it exposure\.csv"
        ):
            opentrd.read(source)
    (tmp_path / "exposure.csv").write_text("person_id,agent\np1,sertraline\n", encoding="utf-8")
    (note,) = opentrd.read(tmp_path).connection.execute("SELECT value, reason FROM record.unread").fetchall()
    assert note[0] == "exposures.csv" and "if exposure is meant, give it that name" in note[1]
    with pytest.raises(InputError, match="give the folder that holds it"):
        opentrd.read(tmp_path / "exposure.csv")


def test_only_files_that_are_read_are_among_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "exposure.csv").write_text("person_id,agent\np1,sertraline\n", encoding="utf-8")
    alone = opentrd.read(tmp_path).digests
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "trial.csv").write_text("person_id\np1\n", encoding="utf-8")
    assert opentrd.read(tmp_path).digests == alone
    assert len(alone) == 1
