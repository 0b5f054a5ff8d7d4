"""The NHANES converter: small files written here, and the two official cycles when they are at hand."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

import pytest

from opentrd.record.files import load_folder
from opentrd.record.nhanes import convert
from opentrd.record.normalise import normalise
from opentrd.record.raw import InputError, connect

OFFICIAL = Path(__file__).parents[1].parent / "shared" / "data" / "nhanes-rx-2005-2006-2011-2012"

DEMO = "SEQN,RIAGENDR,RIDAGEYR\n1,1,40\n2,2,50\n3,2,\n"
DPQ = (
    "SEQN,DPQ010,DPQ020,DPQ030,DPQ040,DPQ050,DPQ060,DPQ070,DPQ080,DPQ090,DPQ100\n"
    "1,3,2,1,0,0,1,2,3,0,2\n"
    "2,1,1,9,0,0,1,7,,0,\n"
)
RXQ = (
    "SEQN,RXDUSE,RXDDRUG,RXDDRGID,RXQSEEN,RXDDAYS,RXDCOUNT\n"
    "1,1,SERTRALINE,d00880,1,730,2\n"
    "1,1,AMITRIPTYLINE; CHLORDIAZEPOXIDE,d03464,1,99999,2\n"
    "2,1,ATENOLOL,d00004,1,100,2\n"
    "2,1,55555,,1,100,2\n"
    "3,7,,,,,\n"
)


def write(folder: Path, **files: str) -> list[Path]:
    paths = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_three_files_become_record_tables(tmp_path: Path) -> None:
    out = tmp_path / "record"
    summary = convert(write(tmp_path, DEMO_X=DEMO, DPQ_X=DPQ, RXQ_RX_X=RXQ), out)
    assert [(row["person_id"], row["sex"]) for row in table(out / "person.csv")] == [
        ("1", "male"), ("2", "female"), ("3", "female"),
    ]  # fmt: skip
    exposures = [
        (row["person_id"], row["agent"], row["days_taken"], row["ongoing"], row["status"])
        for row in table(out / "exposure.csv")
    ]
    assert exposures == [
        ("1", "sertraline", "730", "true", "reported"),
        ("1", "amitriptyline", "", "true", "reported"),
    ]
    totals = [
        (row["person_id"], row["value"])
        for row in table(out / "measurement.csv")
        if row["measure"] == "PHQ-9"
    ]
    assert totals == [("1", "12")]  # the difficulty item is not in the sum; person 2 did not answer all nine
    assert summary["persons"] == 3
    assert summary["exposures"] == 2
    assert summary["measurements"] == 9 + 1 + 6


def test_measured_values_keep_their_unit_and_their_limit_of_detection(tmp_path: Path) -> None:
    out = tmp_path / "record"
    files = write(
        tmp_path,
        HSCRP_X="SEQN,LBXHSCRP,LBDHRPLC\n1,4.2,0\n2,0.11,1\n3,,\n",
        CRP_D="SEQN,LBXCRP\n1,0.3\n",
        BMX_X="SEQN,BMXBMI,BMXWT\n1,31.5,90\n",
    )
    summary = convert(files, out)
    found = [
        (row["person_id"], row["measure"], row["sign"] + row["value"], row["unit"])
        for row in table(out / "measurement.csv")
    ]
    assert found == [
        ("1", "hs-CRP", "4.2", "mg/L"), ("2", "hs-CRP", "<0.17", "mg/L"), ("1", "CRP", "0.3", "mg/dL"),
        ("1", "BMI", "31.5", "kg/m2"), ("1", "body weight", "90", "kg"),
    ]  # fmt: skip
    assert summary["persons"] == 3 and summary["unconverted"]["no value"] == 3


def test_whatever_becomes_nothing_is_listed(tmp_path: Path) -> None:
    out = tmp_path / "record"
    files = write(tmp_path, DEMO_X=DEMO, DPQ_X=DPQ, RXQ_RX_X=RXQ, PAQ_X="SEQN\n1\n")
    summary = convert(files, out)
    listed = {
        (row["field"], row["value"], row["reason"]): int(row["rows"])
        for row in table(out / "unconverted.csv")
    }
    assert listed == {
        ("RIDAGEYR", "", "age in years at the interview; a record takes a birth date only"): 2,
        ("DPQ030", "9", "item not answered (don't know)"): 1,
        ("DPQ070", "7", "item not answered (refused)"): 1,
        ("DPQ080", "", "item missing"): 1,
        ("DPQ010-DPQ090", "", "no PHQ-9 total: not all nine items are answered"): 1,
        ("RXDDRUG", "CHLORDIAZEPOXIDE", "not an agent of the knowledge"): 1,
        ("RXDDRUG", "ATENOLOL", "not an agent of the knowledge"): 1,
        ("RXDDRUG", "55555", "drug not named (drug name unknown)"): 1,
        ("RXDDAYS", "99999", "days taken not answered (don't know); left empty"): 1,
        ("RXDUSE", "7", "refused whether any drug is taken"): 1,
        ("file", "PAQ_X.csv", "not a DEMO, DPQ, RXQ_RX, HSCRP, CRP or BMX file; not read"): 1,
    }
    assert sum(summary["unconverted"].values()) == sum(listed.values())


def test_the_result_is_read_without_a_note(tmp_path: Path) -> None:
    out = tmp_path / "record"
    convert(write(tmp_path, DEMO_X=DEMO, DPQ_X=DPQ, RXQ_RX_X=RXQ), out)
    connection = connect()
    load_folder(connection, out)
    normalise(connection)
    assert connection.execute("SELECT * FROM record.unread").fetchall() == []
    kept = connection.execute("SELECT table_name FROM record.kept ORDER BY 1").fetchall()
    assert kept == [("exposure",), ("measurement",), ("person",)]


def test_a_table_is_written_only_when_its_file_is_given(tmp_path: Path) -> None:
    out = tmp_path / "record"
    convert(write(tmp_path, DPQ_X=DPQ), out)
    assert sorted(path.name for path in out.iterdir()) == ["measurement.csv", "person.csv", "unconverted.csv"]


def test_numbers_as_other_programs_write_them(tmp_path: Path) -> None:
    text = DPQ.replace("1,3,2,1,0,0,1,2,3,0,2", "1.0,3.0,2,1,5.397605346934028e-79,0,1,2,3,0,NaN")
    out = tmp_path / "record"
    convert(write(tmp_path, P_DPQ=text), out)
    totals = [
        (row["person_id"], row["value"])
        for row in table(out / "measurement.csv")
        if row["measure"] == "PHQ-9"
    ]
    assert totals == [("1", "12")]


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    files = write(tmp_path, DEMO_X=DEMO, DPQ_X=DPQ, RXQ_RX_X=RXQ)
    once = convert(files, tmp_path / "once")
    twice = convert([*files, files[1], *write(tmp_path, RXQ_RX_Y=RXQ)], tmp_path / "twice")
    assert twice["unconverted"].pop("same file twice, counted once") == 2
    assert twice == once


def test_a_folder_stands_for_its_files(tmp_path: Path) -> None:
    files = write(tmp_path, DEMO_X=DEMO, DPQ_X=DPQ, RXQ_RX_X=RXQ, PAQ_X="SEQN\n1\n")
    assert convert([tmp_path], tmp_path / "a") == convert(files[:3], tmp_path / "b")


# Broken input


def test_no_file_to_convert(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No NHANES file.*DEMO_\*.*given: PAQ_X.csv"):
        convert(write(tmp_path, PAQ_X="SEQN\n1\n"), tmp_path / "out")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"RXQ_RX_X.csv: no column RXDDRUG, RXDDAYS. Columns found: RXDUSE, SEQN"
    ):
        convert(write(tmp_path, RXQ_RX_X="SEQN,RXDUSE\n1,1\n"), tmp_path / "out")


@pytest.mark.parametrize("name", ["DEMO_X.csv.gz", "DEMO_X.csv", "DEMO_X.xpt"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    if name.endswith("xpt"):
        pytest.importorskip("pandas", reason="reading .xpt needs the extra 'pandas'")
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00 nothing of the kind")
    with pytest.raises(InputError, match="DEMO_X"):
        convert([path], tmp_path / "out")


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"DEMO_X.csv: cannot be read, there is no such file"):
        convert([tmp_path / "DEMO_X.csv"], tmp_path / "out")


def test_transport_files_without_pandas_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    path = tmp_path / "DEMO_X.xpt"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"pip install 'opentrd\[pandas\]'"):
        convert([path], tmp_path / "out")


# SAS transport files


def ibm_float(number: int) -> bytes:
    """A whole number as the eight bytes of an IBM hexadecimal float: exponent to base 16, fraction."""
    if number == 0:
        return bytes(8)
    digits = (number.bit_length() + 3) // 4
    return bytes([64 + digits]) + (number << (56 - 4 * digits)).to_bytes(7, "big")


def transport(columns: list[str], rows: list[list[int | None]]) -> bytes:
    """A SAS transport file (version 5) with numeric columns only, after the published layout (SAS TS-140)."""
    stamp = "01JAN20:00:00:00"

    def header(kind: str, tail: str = "0" * 30) -> bytes:
        return f"HEADER RECORD*******{kind:<8}HEADER RECORD!!!!!!!{tail}  ".encode()

    def padded(data: bytes) -> bytes:
        return data + b" " * (-len(data) % 80)

    real = f"{'SAS':<8}{'SAS':<8}{'SASLIB':<8}{'9.4':<8}{'X':<8}{'':24}{stamp}".encode()
    member = f"{'SAS':<8}{'DATA':<8}{'SASDATA':<8}{'9.4':<8}{'X':<8}{'':24}{stamp}".encode()
    parts = [header("LIBRARY"), real, padded(stamp.encode())]
    parts += [
        header("MEMBER", "0" * 17 + "16" + "0" * 8 + "140"),
        header("DSCRPTR"),
        member,
        padded(stamp.encode()),
    ]
    parts.append(header("NAMESTR", f"{len(columns):>010}" + "0" * 20))
    names = b""
    for place, name in enumerate(columns):
        numbers = [(1, 2), (0, 2), (8, 2), (place + 1, 2)]
        names += b"".join(value.to_bytes(size, "big") for value, size in numbers)
        names += f"{name:<8}{'':40}{'':8}".encode() + bytes(8) + b" " * 8 + bytes(4)
        names += (8 * place).to_bytes(4, "big") + bytes(52)
    parts += [padded(names), header("OBS")]
    missing = b"." + bytes(7)
    parts.append(
        padded(b"".join(missing if cell is None else ibm_float(cell) for row in rows for cell in row))
    )
    return b"".join(parts)


@pytest.mark.skipif(
    importlib.util.find_spec("pandas") is None, reason="reading .xpt needs the extra 'pandas'"
)
def test_transport_files(tmp_path: Path) -> None:
    path = tmp_path / "DPQ_X.XPT"
    items = [f"DPQ0{item}0" for item in range(1, 10)]
    path.write_bytes(transport(["SEQN", *items], [[62161, 3, 2, 1, 0, 0, 1, 2, 3, 0], [62162, *[None] * 9]]))
    convert([path], tmp_path / "out")
    totals = [row for row in table(tmp_path / "out" / "measurement.csv") if row["measure"] == "PHQ-9"]
    assert [(row["person_id"], row["value"]) for row in totals] == [("62161", "12")]
    assert [row["person_id"] for row in table(tmp_path / "out" / "person.csv")] == ["62161", "62162"]


# The official files


@pytest.mark.parametrize(("cycle", "depressed", "treated"), [("D", 63, 359), ("G", 116, 457)])
def test_still_depressed_after_six_weeks_of_an_antidepressant(
    tmp_path: Path, cycle: str, depressed: int, treated: int
) -> None:
    """Adults on an antidepressant for at least 42 days with a complete PHQ-9, and those at 10 or more.

    The PHQ-9 is asked of adults only, so a complete PHQ-9 is that of an adult.
    """
    files = [OFFICIAL / f"{kind}_{cycle}.csv.gz" for kind in ("DEMO", "DPQ", "RXQ_RX")]
    if not all(path.exists() for path in files):
        pytest.skip("the official NHANES files are not at hand")
    out = tmp_path / "record"
    convert(files, out)
    connection = connect()
    load_folder(connection, out)
    normalise(connection)
    found = connection.execute(
        """
        WITH treated AS (
          SELECT DISTINCT e.person_id FROM record.exposure AS e JOIN knowledge.agent AS a ON a.agent = e.agent
          WHERE a.role = 'antidepressant' AND e.ongoing AND e.days_taken >= 42
        )
        SELECT count(*) FILTER (m.value >= 10), count(*)
        FROM treated AS t JOIN record.measurement AS m ON m.person_id = t.person_id AND m.measure = 'PHQ-9'
        """
    ).fetchall()
    assert found == [(depressed, treated)]
